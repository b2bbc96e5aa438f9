-- ARGV: time, limit. Replies with the ids of SCHEDULED jobs whose time has come, longest due first.
-- On the way it forgets queues in which nothing is left.
local limit = tonumber(ARGV[2])
local found = {}
for _, queue in ipairs(redis.call('SMEMBERS', base .. 'queues')) do
  local source = key('due', queue)
  local rows = redis.call('ZRANGEBYSCORE', source, '-inf', now, 'WITHSCORES', 'LIMIT', 0, limit)
  for at = 1, #rows, 2 do found[#found + 1] = {tonumber(rows[at + 1]), rows[at]} end
  if #rows == 0 and redis.call('EXISTS', source, key('ready', queue), key('sent', queue)) == 0
      and (redis.call('HGET', base .. 'running', queue) or '0') == '0' then
    redis.call('SREM', base .. 'queues', queue)
    redis.call('HDEL', base .. 'running', queue)
    redis.call('DEL', key('bell', queue))
  end
end
table.sort(found, function(a, b) return a[1] < b[1] end)
local ids = {}
for n = 1, math.min(limit, #found) do ids[n] = found[n][2] end
return ids
