-- Owns what every script of the room log shares: how a room lies in Redis, where a replica stands against it, how a recovery ends.
-- Put in front of each script. Does not own any command of its own. Keys are never computed here: a cluster must see them beforehand.
-- Times are Redis' own, in milliseconds.
--
-- head      hash: epoch, version, commitId, order (how many entities were ever created), past (what became of earlier epochs:
--           `e<epoch>` ended, `r<epoch>` recovered, oldest first), base and baseId (version and commit id in front of the first
--           event that is kept), and `#<kind>`: how many entities of a kind there are
-- state     hash: `<kind> <id>` -> an entity
-- events    list of `<version> <time> <commitId> <patches as JSON>`, gapless, the last one being the head's version
-- carry     hash: id -> a bar with a time, as an entity; outlives the epochs
-- nodes     sorted set: who wants to be woken, until when
-- recovery  hash: the best offer so far, while replicas are offered; offer: its state
--
-- An entity is `<version> <order>` and one line per field: `<name as JSON> <tab> <value as JSON>`. JSON has no raw tab or line break in
-- it, so nothing is ever decoded: empty arrays, long numbers and all else come back as they were written.

local HEAD, STATE, EVENTS, CARRY, NODES, RECOVERY, OFFER =
  KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
local MAX_PAST = 8

local time = redis.call('TIME')
local NOW = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

-- Whole numbers as text: Lua's own way turns long ones into 1e+15.
local function whole(number)
  return string.format('%.0f', number)
end

local function readHead()
  local found = redis.call('HMGET', HEAD, 'epoch', 'version', 'commitId', 'past', 'base', 'baseId')
  return {
    epoch = found[1] or '',
    version = tonumber(found[2] or '0'),
    commitId = found[3] or '',
    past = found[4] or '',
    base = tonumber(found[5] or '0'),
    baseId = found[6] or '',
  }
end

-- All keys of a room go this long after its last commit, or after the last node with members has gone.
local function keep(ttlMs)
  redis.call('PEXPIRE', HEAD, ttlMs)
  redis.call('PEXPIRE', STATE, ttlMs)
  redis.call('PEXPIRE', EVENTS, ttlMs)
end

-- What became of an epoch that is not the head's: 'e' ended, 'r' recovered, nil unknown.
local function fate(head, epoch)
  for kind, past in string.gmatch(head.past, '(%a)(%S+)') do
    if past == epoch then return kind end
  end
  return nil
end

-- The earlier epochs and one more.
local function addPast(past, kind, epoch)
  local all = {}
  for entry in string.gmatch(past, '%S+') do
    if string.sub(entry, 2) ~= epoch then table.insert(all, entry) end
  end
  if epoch ~= '' then table.insert(all, kind .. epoch) end
  while #all > MAX_PAST do table.remove(all, 1) end
  return table.concat(all, ' ')
end

local function untilOf(ban)
  return tonumber(string.match(ban, '\n"untilMs"\t([^\n]+)') or '')
end

-- A bar with a time is remembered apart: it holds beyond the call.
local function carryBan(id, ban)
  local untilMs = untilOf(ban)
  if not untilMs then
    redis.call('HDEL', CARRY, id)
    return
  end
  redis.call('HSET', CARRY, id, ban)
  if redis.call('PTTL', CARRY) < untilMs - NOW then
    redis.call('PEXPIREAT', CARRY, whole(math.max(untilMs, NOW + 1)))
  end
end

-- A room that is not there begins with the bars that still hold; without any there is still nothing afterwards.
local function begin(head, newEpoch, ttlMs)
  local count = 0
  local bans = redis.call('HGETALL', CARRY)
  for index = 1, #bans, 2 do
    local ban = bans[index + 1]
    if (untilOf(ban) or 0) > NOW then
      count = count + 1
      local lines = string.match(ban, '\n.*') or ''
      redis.call('HSET', STATE, 'ban ' .. bans[index], '1 ' .. count .. lines)
    else
      redis.call('HDEL', CARRY, bans[index])
    end
  end
  if count == 0 then return end
  head.epoch, head.version, head.commitId, head.base = newEpoch, 1, newEpoch, 1
  redis.call('HSET', HEAD, 'epoch', newEpoch, 'version', 1, 'commitId', newEpoch, 'past', head.past, 'base', 1,
    'baseId', newEpoch, 'order', count, '#ban', count)
  keep(ttlMs)
end

local function commitIdOf(event)
  return string.match(event, '^%S+ %S+ (%S+)')
end

-- The events after a version, or nil where they are no longer all there.
local function eventsAfter(head, version)
  if version >= head.version then return {} end
  if version < head.base then return nil end
  return redis.call('LRANGE', EVENTS, version - head.version, -1)
end

-- Lets the oldest event go; a replica that stands right behind it can still be told what follows.
local function dropEvent()
  local event = redis.call('LPOP', EVENTS)
  redis.call('HSET', HEAD, 'base', string.match(event, '^%S+'), 'baseId', commitIdOf(event))
end

-- Where a replica stands: 'follows' (the log goes on from it, or has not moved), 'other' (an orderly new beginning, or too far
-- behind to tell), 'lost' (what it knows was acknowledged once, and is not there any more).
-- `claims`: it was compared with the log not long ago, so that a present room of an unknown epoch is a loss, and not a later call.
local function standing(head, known)
  if known.epoch == '' then
    return 'follows'
  elseif head.epoch ~= known.epoch then
    if fate(head, known.epoch) then return 'other' end
    if head.epoch ~= '' and not known.claims then return 'other' end
    return 'lost'
  elseif head.version < known.version then
    return 'lost'
  end
  local commitId = head.commitId
  if known.version < head.base then
    return 'other'
  elseif known.version == head.base then
    commitId = head.baseId
  elseif known.version < head.version then
    commitId = commitIdOf(redis.call('LINDEX', EVENTS, known.version - head.version - 1))
  end
  return commitId == known.commitId and 'follows' or 'lost'
end

-- The best offer becomes the room, under a new epoch. Its versions go on where they were: decisions that are under way stay right, and
-- generations of publications go on growing. Bars of all offers hold.
local function settle(recovery, ttlMs)
  local newVersion = whole(tonumber(recovery.version) + 1)
  redis.call('DEL', STATE, EVENTS)
  if redis.call('EXISTS', OFFER) == 1 then redis.call('RENAME', OFFER, STATE) end
  for key, ban in pairs(recovery) do
    local field = string.match(key, '^ban .+')
    if field and (untilOf(ban) or NOW + 1) > NOW then
      local present = redis.call('HGET', STATE, field)
      local lines = string.match(ban, '\n.*') or ''
      if not present or (string.match(present, '\n.*') or '') ~= lines then
        local order = present and string.match(present, '^%S+ (%S+)') or '0'
        redis.call('HSET', STATE, field, newVersion .. ' ' .. order .. lines)
      end
      carryBan(string.sub(field, 5), ban)
    end
  end
  local counts, order = {}, 0
  local entities = redis.call('HGETALL', STATE)
  for index = 1, #entities, 2 do
    local kind = string.match(entities[index], '^%S+')
    counts[kind] = (counts[kind] or 0) + 1
    order = math.max(order, tonumber(string.match(entities[index + 1], '^%S+ (%d+)')))
  end
  redis.call('DEL', HEAD, RECOVERY)
  redis.call('HSET', HEAD, 'epoch', recovery.newEpoch, 'version', newVersion, 'commitId', recovery.newEpoch,
    'past', recovery.past, 'base', newVersion, 'baseId', recovery.newEpoch, 'order', whole(order))
  for kind, count in pairs(counts) do redis.call('HSET', HEAD, '#' .. kind, count) end
  keep(ttlMs)
end

-- While replicas are offered nobody reads or commits: gives how long that still takes. Once it is over the next who comes ends it.
local function recovering(ttlMs)
  local found = redis.call('HGETALL', RECOVERY)
  if #found == 0 then return nil end
  local recovery = {}
  for index = 1, #found, 2 do recovery[found[index]] = found[index + 1] end
  local waitMs = tonumber(recovery.settlesMs) - NOW
  if waitMs > 0 then return { 'recovering', whole(NOW), whole(waitMs) } end
  settle(recovery, ttlMs)
  return nil
end
