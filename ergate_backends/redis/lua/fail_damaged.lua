-- ARGV: time, id, error. Ends a job that cannot be read: it must not trouble workers.
local id = ARGV[2]
local job = redis.call('HMGET', key('job', id), 'worker_id', 'queue', 'revision', 'created_at')
local revision = string.format('%d', (tonumber(job[3]) or 0) + 1)
redis.call('HDEL', key('held', job[1] or ''), id)
count('running', -1)
count('failed', 1)
count_running(job[2] or '', -1)
redis.call('HSET', key('job', id), 'status', 'failed', 'revision', revision, 'error', ARGV[3],
           'worker_id', '', 'finished_at', now, 'updated_at', now)
redis.call('HSET', key('history', id), revision, packed({
  'failed', job[1] ~= '' and job[1], revision, 'failed', '0', false, false, '0', false, now, false, ARGV[3]}, 12))
redis.call('ZADD', key('status', 'failed'), tonumber(job[4]) or now, id)
finish()
