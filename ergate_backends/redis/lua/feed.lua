-- ARGV: time, name, holder, limit, lease in microseconds. Holds a feed, which is opened if it is
-- new, and replies with its first entries; or with nothing while somebody else holds it.
local name, holder = ARGV[2], ARGV[3]
local ends = now_us + tonumber(ARGV[5])
local lease = redis.call('HMGET', key('feeder', name), 'holder', 'ends')
local until_us = tonumber(lease[2] or 0)
if lease[1] and lease[1] ~= holder and until_us > now_us then return false end
redis.call('SADD', base .. 'feeds', name)
-- An idle reader asks several times a second, and each write goes to the append-only file.
if lease[1] ~= holder or until_us > ends or until_us < now_us + tonumber(ARGV[5]) / 2 then
  redis.call('HSET', key('feeder', name), 'holder', holder, 'ends', string.format('%.0f', ends))
end
if ARGV[4] == '0' then return {} end
return redis.call('XRANGE', key('feed', name), '-', '+', 'COUNT', ARGV[4])
