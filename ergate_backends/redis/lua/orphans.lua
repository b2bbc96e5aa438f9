-- ARGV: time, limit, workers known to be dead. Removes leases that have ended, and replies with
-- the ids of jobs that are held by workers without any lease.
local limit = tonumber(ARGV[2])
local ended = redis.call('ZRANGEBYSCORE', base .. 'leases', '-inf', now)
for n = 3, #ARGV do ended[#ended + 1] = ARGV[n] end
for _, worker in ipairs(ended) do
  redis.call('ZREM', base .. 'leases', worker)
  redis.call('HDEL', base .. 'workers', worker)
end
local ids = {}
for _, worker in ipairs(redis.call('SMEMBERS', base .. 'holders')) do
  if #ids >= limit then break end
  local lease = redis.call('ZSCORE', base .. 'leases', worker)
  if not lease then
    local held = redis.call('HKEYS', key('held', worker))
    for _, id in ipairs(held) do
      if #ids < limit then ids[#ids + 1] = id end
    end
    if #held == 0 then redis.call('SREM', base .. 'holders', worker) end
  end
end
return ids
