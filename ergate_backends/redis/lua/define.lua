-- ARGV: time, kind, name, version, text, its time or empty for now. Keeps a version under its name,
-- unless it is there, and makes it the current one.
local kind, name, version = ARGV[2], ARGV[3], ARGV[4]
local at = ARGV[6] ~= '' and ARGV[6] or now
redis.call('HSETNX', key('versions', kind .. ':' .. name), version, at .. ' ' .. ARGV[5])
redis.call('HSET', key('current', kind), name, version)
