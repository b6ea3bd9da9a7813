-- Facts: short texts by name, which instances remember while their lease is live; behind registry.lua.
--
-- KEYS[2] a hash of facts, and of the server that keeps it
--
-- tell:  ARGV channel, message, name, value, ...   sets and publishes at one moment, so that all hear changes in their
--                                                  order; returns the members as of that moment
-- learn: ARGV name, value, ...                     returns the values that are known, setting those that are not

local facts = KEYS[2]

-- A server that restarted or was promoted may lack the latest changes: what it has is worth nothing.
if redis.call('HGET', facts, 'server') ~= server then
  redis.call('DEL', facts)
  redis.call('HSET', facts, 'server', server)
end

if verb == 'tell' then
  for at = 6, #ARGV, 2 do
    redis.call('HSET', facts, 'f:' .. ARGV[at], ARGV[at + 1])
  end
  redis.call('PUBLISH', ARGV[4], ARGV[5])
  return members()
end

local found = {}
for at = 4, #ARGV, 2 do
  local value = redis.call('HGET', facts, 'f:' .. ARGV[at])
  if not value then
    value = ARGV[at + 1]
    redis.call('HSET', facts, 'f:' .. ARGV[at], value)
  end
  found[#found + 1] = value
end
return found
