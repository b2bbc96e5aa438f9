-- ARGV: time, then for each job: id, revision. Deletes those that are PENDING at that revision, with
-- their history; replies with their number.
local gone = 0
for at = 2, #ARGV, 2 do
  local id = ARGV[at]
  local job = redis.call('HMGET', key('job', id), 'status', 'revision', 'workflow_name')
  if job[1] == 'pending' and job[2] == ARGV[at + 1] then
    leave(id, {status = 'pending'})
    redis.call('DEL', key('job', id), key('history', id))
    redis.call('ZREM', base .. 'jobs', id)
    redis.call('ZREM', key('workflow', job[3]), id)
    gone = gone + 1
  end
end
finish()
return gone
