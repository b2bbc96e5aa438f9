-- ARGV: time, ids. Replies with the history of each job: names and values in turn.
local found = {}
for at = 2, #ARGV do found[at - 1] = redis.call('HGETALL', key('history', ARGV[at])) end
return found
