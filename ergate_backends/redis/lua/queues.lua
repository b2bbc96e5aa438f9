-- ARGV: time. Replies for each queue: name, ready, scheduled, running, mark of the longest waiting,
-- due time of the first scheduled. The longest waiting is looked for among the first of each rank
-- that a reader can see quickly: with one priority that is exact.
local found = {}
for _, queue in ipairs(redis.call('SMEMBERS', base .. 'queues')) do
  local ready, sent, due = key('ready', queue), key('sent', queue), key('due', queue)
  local oldest
  for _, source in ipairs({ready, sent}) do
    local rank = '-inf'
    for _ = 1, 32 do
      local row = redis.call('ZRANGEBYSCORE', source, rank, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
      if #row == 0 then break end
      if not oldest or string.sub(row[1], 1, 16) < oldest then oldest = string.sub(row[1], 1, 16) end
      rank = '(' .. row[2]
    end
  end
  found[#found + 1] = {
    queue,
    redis.call('ZCARD', ready) + redis.call('ZCARD', sent),
    redis.call('ZCARD', due),
    tonumber(redis.call('HGET', base .. 'running', queue) or 0),
    oldest or '',
    redis.call('ZRANGE', due, 0, 0, 'WITHSCORES')[2] or '',
  }
end
return found
