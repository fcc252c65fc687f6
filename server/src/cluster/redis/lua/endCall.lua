-- Owns the end of a call: the room is forgotten, and its epoch is written down as ended, so that nobody takes this for a loss.
-- Bars with a time stay in `carry`; the next who asks for the room begins with them.
-- ARGV: epoch and version that the room was seen at ('' and 0: whatever it is); how long keys live

local seenEpoch, seenVersion, ttlMs = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local wait = recovering(ttlMs)
if wait then return wait end
local head = readHead()
if head.epoch == '' then return { 'ended', whole(NOW) } end
-- Somebody has come back meanwhile, maybe on another node.
if seenEpoch ~= '' and (head.epoch ~= seenEpoch or head.version ~= seenVersion) then return { 'changed', whole(NOW) } end
redis.call('DEL', HEAD, STATE, EVENTS)
redis.call('HSET', HEAD, 'past', addPast(head.past, 'e', head.epoch))
redis.call('PEXPIRE', HEAD, ttlMs)
return { 'ended', whole(NOW) }
