-- Owns how a node brings its replica up to the log: the events that it misses, or the whole state.
-- A room that is not there begins here if bars with a time outlived it; else asking leaves nothing behind.
-- ARGV: epoch, version, commitId and claim (0 or 1) of the replica; an epoch to begin with; how long keys live; whether only the whole
-- state will do (0 or 1)

local known = { epoch = ARGV[1], version = tonumber(ARGV[2]), commitId = ARGV[3], claims = ARGV[4] == '1' }
local newEpoch, ttlMs = ARGV[5], ARGV[6]

local wait = recovering(ttlMs)
if wait then return wait end
local head = readHead()
local stands = standing(head, known)
if stands == 'lost' then return { 'lost', whole(NOW) } end
if head.epoch == '' then
  begin(head, newEpoch, ttlMs)
  if head.epoch == '' then return { 'absent', whole(NOW) } end
end
local events = stands == 'follows' and ARGV[7] == '0' and eventsAfter(head, known.version)
if events then return { 'events', whole(NOW), head.epoch, whole(head.version), head.commitId, events } end
return {
  'state', whole(NOW), head.epoch, whole(head.version), head.commitId,
  redis.call('HGETALL', STATE), fate(head, known.epoch) or '',
}
