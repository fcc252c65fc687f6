-- Owns the events after a client's cursor, as far as the log still holds them all.
-- A client knows no commit ids: that its epoch stands is enough, because a recovery begins another one.
-- ARGV: epoch and version of the cursor; how long events are kept; how long keys live

local epoch, version, lifetimeMs, ttlMs = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local wait = recovering(ttlMs)
if wait then return wait end
local head = readHead()
if head.epoch ~= epoch or version > head.version then return { 'trimmed', whole(NOW) } end
local events = eventsAfter(head, version)
local oldestMs = events and events[1] and tonumber(string.match(events[1], '^%S+ (%S+)'))
if not events or (oldestMs and oldestMs + lifetimeMs <= NOW) then return { 'trimmed', whole(NOW) } end
return { 'events', whole(NOW), events }
