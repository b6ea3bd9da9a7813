-- Who holds a lease. One hash holds all of it, so that it is lost whole or not at all:
--   server        which process keeps this (run id and replication id)
--   last          when it was used last, in ms
--   settled       until when there may be holders that this hash does not know, in ms
--   i:<instance>  "<epoch> <end in ms>"
--
-- The beginning of each script that asks who they are:
--
-- KEYS[1] the hash
-- ARGV    verb, term in ms, grace in ms, ...

local key, verb, term, grace = KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local function fact(section, name)
  return string.match(redis.call('INFO', section), name .. ':(%w+)') or '?'
end

-- A process that restarted, or was promoted, may lack the latest renewals: what it has says nothing.
local server = fact('server', 'run_id') .. fact('replication', 'master_replid')
local known = redis.call('HMGET', key, 'server', 'last', 'settled')
local last, settled = tonumber(known[2] or 0), tonumber(known[3] or 0)
if known[1] ~= server or now < last - grace then
  redis.call('DEL', key)
  redis.call('HSET', key, 'server', server)
  settled = now + term
elseif now > last + term then
  -- All leases here have run out: because nobody was here for long, or because the clock leapt.
  settled = math.max(settled, now + term)
end
redis.call('HSET', key, 'last', now, 'settled', settled)
local unsettled = math.max(0, settled - now)

local function read(value)
  local epoch, ends = string.match(value or '', '^(%d+) (%d+)$')
  return tonumber(epoch), tonumber(ends)
end

local function holders()
  local fields, found, count = redis.call('HGETALL', key), {}, 0
  for at = 1, #fields, 2 do
    if string.sub(fields[at], 1, 2) == 'i:' then
      local epoch, ends = read(fields[at + 1])
      if ends > now then
        count = count + 1
        found[#found + 1] = string.sub(fields[at], 3)
        found[#found + 1] = epoch
        found[#found + 1] = ends - now
      else
        redis.call('HDEL', key, fields[at])
      end
    end
  end
  return found, count
end

local function members()
  local found = holders()
  table.insert(found, 1, unsettled)
  return found
end
