-- Append message ids to instance streams and ring the doorbells.
-- KEYS: stream, bell, stream, bell, ...   one pair per instance
-- ARGV: length of a bell, seconds that a stream lives, then per pair: instance, count, id, id, ...
-- A ring is one entry per instance and call, however many ids it brings; without any it says that something else
-- about the instance changed (c).
local at = 3
for pair = 1, #KEYS, 2 do
    local instance, count = ARGV[at], tonumber(ARGV[at + 1])
    for i = at + 2, at + 1 + count do
        redis.call('XADD', KEYS[pair], '*', 'id', ARGV[i])
    end
    if count > 0 then
        -- What nobody deletes, because its ring was lost or its instance is gone, goes by itself.
        redis.call('EXPIRE', KEYS[pair], ARGV[2])
        redis.call('XADD', KEYS[pair + 1], 'MAXLEN', '~', ARGV[1], '*', 'i', instance)
    else
        redis.call('XADD', KEYS[pair + 1], 'MAXLEN', '~', ARGV[1], '*', 'i', instance, 'c', '1')
    end
    at = at + 2 + count
end
return redis.status_reply('OK')
