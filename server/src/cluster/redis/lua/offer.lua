-- Owns the offers of a recovery: Redis lost what it had acknowledged, and the nodes bring their replicas. The first one opens the time for
-- offers; the highest version wins (equal ones: by commit id, so that all see one winner); bars of all are kept.
-- What Redis still has takes part like any other offer. The end of it is `settle` (common.lua).
-- ARGV: epoch, version, commitId and claim of the replica; an epoch to begin with; how long keys live; how long offers are taken;
-- then the replica's state: {field, entity}

local known = { epoch = ARGV[1], version = tonumber(ARGV[2]), commitId = ARGV[3], claims = ARGV[4] == '1' }
local newEpoch, ttlMs, openMs = ARGV[5], ARGV[6], tonumber(ARGV[7])

local function better(version, commitId)
  local best = redis.call('HMGET', RECOVERY, 'version', 'commitId')
  local bestVersion = tonumber(best[1])
  return version > bestVersion or (version == bestVersion and commitId > best[2])
end

-- A bar with a time holds beyond the call, so it is worth more than one without; of two times the later one.
local function addBan(field, ban)
  local before = redis.call('HGET', RECOVERY, field)
  if before and (untilOf(before) or 0) >= (untilOf(ban) or 0) then return end
  redis.call('HSET', RECOVERY, field, ban)
end

local function consider(epoch, version, commitId, past, entities, first)
  local wins = better(version, commitId)
  if wins then
    redis.call('DEL', OFFER)
    redis.call('HSET', RECOVERY, 'version', whole(version), 'commitId', commitId)
  end
  for index = first, #entities, 2 do
    if wins then redis.call('HSET', OFFER, entities[index], entities[index + 1]) end
    if string.find(entities[index], '^ban ') then addBan(entities[index], entities[index + 1]) end
  end
  local all = redis.call('HGET', RECOVERY, 'past')
  redis.call('HSET', RECOVERY, 'past', addPast(all == '' and past or all, 'r', epoch))
end

local open = redis.call('EXISTS', RECOVERY) == 1
if open then
  local wait = recovering(ttlMs)
  -- It has just ended: too late to take part.
  if not wait then return { 'settled', whole(NOW) } end
else
  local head = readHead()
  if standing(head, known) ~= 'lost' then return { 'settled', whole(NOW) } end
  redis.call('DEL', OFFER)
  redis.call('HSET', RECOVERY, 'version', -1, 'commitId', '', 'past', '', 'newEpoch', newEpoch,
    'settlesMs', whole(NOW + openMs))
  if head.epoch ~= '' then
    consider(head.epoch, head.version, head.commitId, head.past, redis.call('HGETALL', STATE), 1)
  end
end
consider(known.epoch, known.version, known.commitId, '', ARGV, 8)
redis.call('PEXPIRE', RECOVERY, ttlMs)
redis.call('PEXPIRE', OFFER, ttlMs)
return { 'offered', whole(NOW), whole(tonumber(redis.call('HGET', RECOVERY, 'settlesMs')) - NOW) }
