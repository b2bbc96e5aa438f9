-- ARGV: time, ids. Replies with the time and the columns of each job, or nothing for it.
local jobs = {}
for n = 2, #ARGV do
  local values = redis.call('HMGET', key('job', ARGV[n]), unpack(FIELDS))
  jobs[n - 1] = values[AT.status] and values or {}
end
return {now, jobs}
