-- ARGV: time, age in microseconds, limit. Moves rows back; replies with their number.
local latest = in_seconds(now_us - tonumber(ARGV[2]))
local old = redis.call('ZRANGEBYSCORE', base .. 'published', '-inf', latest, 'LIMIT', 0, ARGV[3])
for _, id in ipairs(old) do
  local job = redis.call('HMGET', key('job', id), 'queue', 'ready_mark')
  redis.call('ZREM', base .. 'published', id)
  if job[1] then
    local member = job[2] .. id
    local rank = redis.call('ZSCORE', key('sent', job[1]), member)
    if rank then
      redis.call('ZREM', key('sent', job[1]), member)
      redis.call('ZADD', key('ready', job[1]), rank, member)
    end
  end
end
return #old
