-- ARGV: time, then for each ticket: id, revision. Moves the rows of what is still as confirmed.
for at = 2, #ARGV, 2 do
  local id, revision = ARGV[at], ARGV[at + 1]
  local job = redis.call('HMGET', key('job', id), 'status', 'revision', 'queue', 'ready_mark')
  if job[1] == 'queued' and job[2] == revision then
    local member = job[4] .. id
    local rank = redis.call('ZSCORE', key('ready', job[3]), member)
    if rank then
      redis.call('ZREM', key('ready', job[3]), member)
      redis.call('ZADD', key('sent', job[3]), rank, member)
    end
    redis.call('ZADD', base .. 'published', now, id)
  end
end
