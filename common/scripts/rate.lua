-- Take one from each budget, or none from any. KEYS: budgets. ARGV: for each its amount and its milliseconds.
-- A budget fills evenly. Returns 0, or the milliseconds until the emptiest has one again.
-- Each key holds the moment at which its budget is full again.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local wait = 0
local full = {}
for place, key in ipairs(KEYS) do
    local span = tonumber(ARGV[place * 2])
    local one = span / tonumber(ARGV[place * 2 - 1])
    full[place] = math.max(tonumber(redis.call('GET', key) or 0), now) + one
    wait = math.max(wait, full[place] - now - span)
end
if wait > 0 then
    return math.ceil(wait)
end
for place, key in ipairs(KEYS) do
    redis.call('SET', key, string.format('%.3f', full[place]), 'PX', math.max(1, math.ceil(full[place] - now)))
end
return 0
