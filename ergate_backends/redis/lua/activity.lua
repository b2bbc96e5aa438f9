-- ARGV: time, since, length of a span, number of spans, samples. Replies for each span: how many
-- completed and how many failed; the times that they took in milliseconds, or that of some: runs of
-- RUN jobs that ended one after the other, spread evenly over the span.
local RUN = 10
local since, span_s, samples = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[5])

local function edge(number)
  return string.format('%.17g', since + number * span_s)
end

-- Adds the times of `wanted` of the jobs from `first` on, of which there are `size`.
local function sample(took, index, first, size, wanted)
  local runs = wanted < size and math.ceil(wanted / RUN) or 1
  local run = wanted < size and RUN or size
  for n = 0, runs - 1 do
    local at = first + math.floor(n * size / runs)
    for _, member in ipairs(redis.call('ZRANGE', index, at, math.min(at + run, first + size) - 1)) do
      took[#took + 1] = string.match(member, '^[%d.]+')
    end
  end
end

local found = {}
local indexes = {key('ended', 'completed'), key('ended', 'failed')}
local first = {}
for n, index in ipairs(indexes) do
  first[n] = redis.call('ZCOUNT', index, '-inf', '(' .. edge(0))
end
for number = 0, tonumber(ARGV[4]) - 1 do
  local from, to = edge(number), '(' .. edge(number + 1)
  local sizes, ended, took = {}, 0, {}
  for n, index in ipairs(indexes) do
    sizes[n] = redis.call('ZCOUNT', index, from, to)
    ended = ended + sizes[n]
  end
  for n, index in ipairs(indexes) do
    if sizes[n] > 0 then
      local wanted = math.ceil(sizes[n] * math.min(1, samples / ended))
      sample(took, index, first[n], sizes[n], wanted)
    end
    first[n] = first[n] + sizes[n]
  end
  found[#found + 1] = {sizes[1], sizes[2], took}
end
return found
