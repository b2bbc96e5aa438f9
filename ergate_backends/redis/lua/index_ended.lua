-- ARGV: time, ids. Notes the end of those that have ended, as the scripts that end jobs do.
for n = 2, #ARGV do
  local id = ARGV[n]
  local job = redis.call('HMGET', key('job', id), 'status', 'finished_at', 'created_at',
                         'requested_start_time')
  note_end(id, {status = job[1], finished_at = job[2] or nil, created_at = job[3] or nil,
                requested_start_time = job[4] or nil})
end
