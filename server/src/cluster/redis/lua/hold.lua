-- Owns a node's entry among those that hold members of a room, and the room's life while there are any.
-- An entry ends with its lease: a node that died is not woken for ever.
-- ARGV: node, how long the lease runs, how long keys live

redis.call('ZREMRANGEBYSCORE', NODES, '-inf', '(' .. whole(NOW))
redis.call('ZADD', NODES, whole(NOW + tonumber(ARGV[2])), ARGV[1])
redis.call('PEXPIRE', NODES, ARGV[2])
keep(ARGV[3])
return { 'held', whole(NOW) }
