-- ARGV: time, worker, then for each ticket: id, revision. Replies like claim_ready.
local worker = ARGV[2]
for at = 3, #ARGV, 2 do
  local id, revision = ARGV[at], ARGV[at + 1]
  local values = read(id)
  if values[AT.status] == 'queued' and values[AT.revision] == revision then
    unready(id, values[AT.queue], redis.call('HGET', key('job', id), 'ready_mark') or '')
    claim(id, values, worker)
  end
end
if #claimed > 0 then
  redis.call('SADD', base .. 'holders', worker)
  finish()
end
return claimed
