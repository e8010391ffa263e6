-- Give leases back. KEYS: leases. ARGV: node. A lease that another node holds is left alone.
local freed = 0
for _, key in ipairs(KEYS) do
    if redis.call('GET', key) == ARGV[1] then
        freed = freed + redis.call('DEL', key)
    end
end
return freed
