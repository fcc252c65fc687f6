-- Owns the conditional append: all or nothing, by the versions of only those entities that the decision read, and by counts.
-- What it costs follows the entities that are named, never the size of the room.
-- KEYS[8]: the answer to the request (only with a request).
-- ARGV: epoch, version, commitId and claim of the replica; an epoch to begin with; how long keys live; not after (by this clock; 0:
-- whenever); this commit's id; the asking node; patches as JSON; the request's reply as JSON ('' without a request); how many events are
-- kept; for how long; how long a reply is kept; number of reads, {field, version}; number of limits, {kind, max};
-- number of patches, {kind, id, number of fields (-1: delete), {name, value ('': remove)}}

local position = 0
local function nextArg()
  position = position + 1
  return ARGV[position]
end
local function nextNumber()
  return tonumber(nextArg())
end

local known = { epoch = nextArg(), version = nextNumber(), commitId = nextArg(), claims = nextArg() == '1' }
local newEpoch, ttlMs, notAfterMs = nextArg(), nextArg(), nextNumber()
local commitId, nodeId, patchesJson, reply = nextArg(), nextArg(), nextArg(), nextArg()
local maxEvents, eventLifetimeMs, replyLifetimeMs = nextNumber(), nextNumber(), nextArg()

-- It lay in a queue until nobody waited for its answer any more: whoever asked was told that it failed.
if notAfterMs > 0 and NOW > notAfterMs then return { 'late', whole(NOW) } end
local wait = recovering(ttlMs)
if wait then return wait end
local head = readHead()
local stands = standing(head, known)
if stands == 'lost' then return { 'lost', whole(NOW) } end
-- The room began anew since it was read: versions of two epochs must not be compared.
if stands == 'other' then return { 'conflict', whole(NOW), 'other' } end
if head.epoch == '' then begin(head, newEpoch, ttlMs) end
local missed = eventsAfter(head, known.version)
if not missed then return { 'conflict', whole(NOW), 'other' } end

-- Whom to wake: each node that holds members, once.
local function holders()
  local others = {}
  for _, node in ipairs(redis.call('ZRANGE', NODES, whole(NOW), '+inf', 'BYSCORE')) do
    if node ~= nodeId then table.insert(others, node) end
  end
  return others
end

local function answer(status, more)
  return { status, whole(NOW), head.epoch, whole(head.version), head.commitId, missed, more }
end

-- The same commit once more: its reply was lost on the way. The first result stands.
for _, event in ipairs(missed) do
  if commitIdOf(event) == commitId then return answer('committed', holders()) end
end
if reply ~= '' then
  local first = redis.call('GET', KEYS[8])
  local epoch, by, json = string.match(first or '', '^(%S+) (%S+) (.*)$')
  if epoch and epoch == head.epoch then
    if by == commitId then return answer('committed', holders()) end
    return answer('repeated', json)
  end
end

for _ = 1, nextNumber() do
  local entity = redis.call('HGET', STATE, nextArg())
  local version = entity and string.match(entity, '^%S+') or '0'
  if version ~= nextArg() then return answer('conflict', {}) end
end

-- The entities as they will be, before anything is written: a limit may still refuse it all.
local limits = {}
for _ = 1, nextNumber() do table.insert(limits, { kind = nextArg(), max = nextNumber() }) end
local version = head.version + 1
local order = tonumber(redis.call('HGET', HEAD, 'order') or '0')
local changed, fields, grown = {}, {}, {}
local patches = nextNumber()
for _ = 1, patches do
  local kind, id, count = nextArg(), nextArg(), nextNumber()
  local field = kind .. ' ' .. id
  if changed[field] == nil then
    table.insert(fields, field)
    changed[field] = redis.call('HGET', STATE, field)
  end
  local before = changed[field]
  if count < 0 then
    if before then grown[kind] = (grown[kind] or 0) - 1 end
    changed[field] = false
  else
    local names, values = {}, {}
    local created
    if before then
      created = string.match(before, '^%S+ (%d+)')
      for name, value in string.gmatch(before, '\n([^\t]+)\t([^\n]*)') do
        table.insert(names, name)
        values[name] = value
      end
    else
      order = order + 1
      created = whole(order)
      grown[kind] = (grown[kind] or 0) + 1
    end
    for _ = 1, count do
      local name, value = nextArg(), nextArg()
      if values[name] == nil then table.insert(names, name) end
      values[name] = value
    end
    local lines = { whole(version) .. ' ' .. created }
    local written = {}
    for _, name in ipairs(names) do
      -- A field that was removed and set again in one patch list is named twice.
      if values[name] ~= '' and not written[name] then
        table.insert(lines, name .. '\t' .. values[name])
        written[name] = true
      end
    end
    changed[field] = table.concat(lines, '\n')
  end
end
if patches > 0 then
  for _, limit in ipairs(limits) do
    local count = tonumber(redis.call('HGET', HEAD, '#' .. limit.kind) or '0') + (grown[limit.kind] or 0)
    if count > limit.max then return { 'full', whole(NOW), limit.kind } end
  end
end

if head.epoch == '' and (patches > 0 or reply ~= '') then
  head.epoch = newEpoch
  redis.call('HSET', HEAD, 'epoch', newEpoch, 'version', 0, 'past', head.past)
end
if reply ~= '' then redis.call('SET', KEYS[8], head.epoch .. ' ' .. commitId .. ' ' .. reply, 'PX', replyLifetimeMs) end
if patches > 0 then
  for _, field in ipairs(fields) do
    local entity = changed[field]
    if entity then redis.call('HSET', STATE, field, entity) else redis.call('HDEL', STATE, field) end
    local banned = string.match(field, '^ban (.+)')
    if banned and entity then carryBan(banned, entity) end
    if banned and not entity then redis.call('HDEL', CARRY, banned) end
  end
  for kind, count in pairs(grown) do redis.call('HINCRBY', HEAD, '#' .. kind, count) end
  head.version, head.commitId = version, commitId
  redis.call('HSET', HEAD, 'version', whole(version), 'commitId', commitId, 'order', whole(order))
  local event = whole(version) .. ' ' .. whole(NOW) .. ' ' .. commitId .. ' ' .. patchesJson
  table.insert(missed, event)
  if redis.call('RPUSH', EVENTS, event) > maxEvents then dropEvent() end
  -- More than one commit adds, so that it comes to an end; not all at once, so that no commit pays for a thousand.
  for _ = 1, 4 do
    local oldest = redis.call('LINDEX', EVENTS, 0)
    if tonumber(string.match(oldest, '^%S+ (%S+)')) + eventLifetimeMs > NOW then break end
    dropEvent()
  end
end
if head.epoch ~= '' then keep(ttlMs) end
return answer('committed', holders())
