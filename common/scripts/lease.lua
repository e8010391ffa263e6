-- Take or renew leases. KEYS: leases. ARGV: node, milliseconds. Returns the places (from 1) of the leases that are ours.
local ours = {}
for place, key in ipairs(KEYS) do
    local holder = redis.call('GET', key)
    if not holder or holder == ARGV[1] then
        redis.call('SET', key, ARGV[1], 'PX', ARGV[2])
        ours[#ours + 1] = place
    end
end
return ours
