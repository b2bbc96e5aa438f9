-- ARGV: time, id. Removes a letter and replies with it, or with nothing.
local letter = key('letter', ARGV[2])
local values = redis.call('HMGET', letter, 'queue', 'body', 'reason', 'at')
if not values[1] then return {} end
redis.call('DEL', letter)
redis.call('ZREM', base .. 'letters', ARGV[2])
return values
