-- ARGV: time, id, error. Ends a job that cannot be read: it must not trouble workers.
local id = ARGV[2]
local names = {
  'status', 'worker_id', 'queue', 'revision', 'created_at', 'cancel_requested', 'ready_mark',
  'requested_start_time',
}
local values = redis.call('HMGET', key('job', id), unpack(names))
local job = {}
for n, name in ipairs(names) do job[name] = values[n] or nil end
if not job.status or FINAL[job.status] then return end
job.queue = job.queue or ''
leave(id, job)
count('failed', 1)
local revision = string.format('%d', (tonumber(job.revision) or 0) + 1)
redis.call('HSET', key('job', id), 'status', 'failed', 'revision', revision, 'error', ARGV[3],
           'worker_id', '', 'finished_at', now, 'updated_at', now)
local row = packed({
  'failed', job.worker_id ~= '' and job.worker_id, revision, 'failed', '0', false, false, '0',
  false, now, false, ARGV[3]}, 12)
redis.call('HSET', key('history', id), revision, row)
tell(id, row)
redis.call('ZADD', key('status', 'failed'), tonumber(job.created_at) or now, id)
note_end(id, {status = 'failed', finished_at = now, created_at = job.created_at,
              requested_start_time = job.requested_start_time})
finish()
