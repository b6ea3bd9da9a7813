-- The generic cell rate algorithm over several limits at once, all or nothing. Each key holds the theoretical arrival
-- time (TAT) of its next unit, in microseconds by this server's clock; without a key nothing is used. gcra.py is the
-- same in Python, number for number.
--
-- KEYS    one for each limit, in one slot
-- ARGV    "take" or "charge", the debt that is kept at most (in capacities); then for each key: interval and capacity
--         in microseconds, and the units wanted
--
-- take:   takes the units of all limits, or of none if one has too few left
-- charge: takes them in any case
--
-- Returns 1 or 0 (taken or not), then for each key how far its TAT is ahead of the clock, in microseconds.

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local keeps = tonumber(ARGV[2])
local known = redis.call('MGET', unpack(KEYS))
local found, after, most, taken = {}, {}, {}, 1

for i = 1, #KEYS do
  local interval, capacity, units = tonumber(ARGV[3 * i]), tonumber(ARGV[3 * i + 1]), tonumber(ARGV[3 * i + 2])
  most[i] = keeps * capacity
  -- A TAT further ahead was written under other rates, or before the clock was set back.
  found[i] = math.max(0, math.min((tonumber(known[i]) or 0) - now, most[i]))
  after[i] = found[i] + interval * units
  if ARGV[1] == 'take' and after[i] > capacity then
    taken = 0
  end
end

if taken == 0 then
  return {0, unpack(found)}
end
for i, key in ipairs(KEYS) do
  after[i] = math.min(after[i], most[i])
  redis.call('SET', key, string.format('%.0f', now + after[i]), 'PX', math.floor(after[i] / 1000) + 1)
end
return {1, unpack(after)}
