-- For the scripts that claim.

local claimed, sources = {}, {}

local function read(id)
  return redis.call('HMGET', key('job', id), unpack(FIELDS))
end

-- Makes a QUEUED job RUNNING; `values` are its columns. The caller takes its ready row away.
local function claim(id, values, worker)
  local revision = string.format('%d', values[AT.revision] + 1)
  local deliveries = string.format('%d', (values[AT.deliveries] or 0) + 1)
  redis.call('HSET', key('job', id), 'status', 'running', 'revision', revision,
             'deliveries', deliveries, 'worker_id', worker, 'claimed_at', now)
  redis.call('HSET', key('held', worker), id, revision)
  count('queued', -1)
  count('running', 1)
  count_running(values[AT.queue], 1)
  values[AT.status], values[AT.revision], values[AT.deliveries] = 'running', revision, deliveries
  values[AT.worker_id], values[AT.claimed_at] = worker, now
  claimed[#claimed + 1] = {id, values}
end
