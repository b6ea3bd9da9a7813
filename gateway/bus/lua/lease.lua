-- Takes, keeps and gives back leases; behind registry.lua.
--
-- ARGV    verb, term in ms, grace in ms [, instance, epoch, fresh (0 or 1), most instances]
--
-- hold:    {verdict, ms unsettled}; verdict 1 held, 0 interrupted (take a later epoch), 2 too many instances
-- members: {ms unsettled, instance, epoch, ms left, ...}
-- release: {1, 0}

if verb == 'members' then
  return members()
end

local field, epoch = 'i:' .. ARGV[4], tonumber(ARGV[5])
local held_epoch, ends = read(redis.call('HGET', key, field))

if verb == 'release' then
  if held_epoch == epoch then
    redis.call('HDEL', key, field)
  end
  return {1, 0}
end

if ARGV[6] == '0' then
  if held_epoch ~= epoch or ends <= now then
    return {0, unsettled}
  end
else
  -- A request that was delayed must not undo a later one.
  if held_epoch and held_epoch > epoch then
    return {0, unsettled}
  end
  if not held_epoch then
    local _, count = holders()
    if count >= tonumber(ARGV[7]) then
      return {2, unsettled}
    end
  end
end
redis.call('HSET', key, field, string.format('%d %d', epoch, now + term))
return {1, unsettled}
