-- Idle workers ask several times a second: an empty answer must cost next to nothing.
local is_empty = true
for n = 4, #ARGV do
  local base, queue = KEYS[1], ARGV[n]
  if redis.call('EXISTS', base .. 'ready:' .. queue, base .. 'sent:' .. queue) > 0 then
    is_empty = false
  end
end
if is_empty then return {} end

