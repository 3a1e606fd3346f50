-- Says which places a process still holds, and gives back what it does not use.
--
-- KEYS: a window or a set of places each. ARGV: the process, how long places are held (ms), then for
-- each key, as JSON: `hold` and `drop` (numbers of places), or `began` and `unused` of a window.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local me, hold = ARGV[1], tonumber(ARGV[2])
local function member(number) return me .. string.format(':%.0f', number) end
for i, key in ipairs(KEYS) do
  local told = cjson.decode(ARGV[2 + i])
  for _, number in ipairs(told.drop or {}) do
    redis.call('ZREM', key, member(number))
  end
  for _, number in ipairs(told.hold or {}) do
    redis.call('ZADD', key, now + hold, member(number))
  end
  if told.hold then
    redis.call('PEXPIRE', key, hold)
  end
  if told.unused then
    local known = redis.call('HMGET', key, 'began', 'given')
    if tonumber(known[1]) == told.began then
      local given = math.max(tonumber(known[2]) - told.unused, 0)
      redis.call('HSET', key, 'given', string.format('%.0f', given))
    end
  end
end
return 1
