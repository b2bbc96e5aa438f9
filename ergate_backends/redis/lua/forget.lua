-- ARGV: time, ids. Deletes ended jobs with their history; replies with their number.
local gone = 0
for n = 2, #ARGV do
  local id = ARGV[n]
  local job = redis.call('HMGET', key('job', id), 'status', 'workflow_name', 'finished_at',
                         'created_at', 'requested_start_time')
  if job[1] and FINAL[job[1]] then
    take_back_end(id, {status = job[1], finished_at = job[3] or nil, created_at = job[4] or nil,
                       requested_start_time = job[5] or nil})
    redis.call('DEL', key('job', id), key('history', id))
    redis.call('ZREM', base .. 'jobs', id)
    redis.call('ZREM', key('workflow', job[2]), id)
    redis.call('ZREM', key('status', job[1]), id)
    count(job[1], -1)
    gone = gone + 1
  end
end
finish()
return gone
