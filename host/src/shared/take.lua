-- Grants portions of windows and places among calls at once: all that is asked for, or none of it.
--
-- KEYS: a window or a set of places each. ARGV: the asking process, how long places are held (ms),
-- the channel on which others are asked to give back, then for each key: the window's length (ms; 0:
-- places), limit, need, owed in the window that began at `began`, used in all of it, `began` (or
-- nothing), the first number of places and how many, and what others know the key by.
--
-- Answers of each: whether the need is met, what was granted, what is left, when the window began
-- and how long it still runs (ms).
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local me, hold, channel = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local asks, enough = {}, true
for i, key in ipairs(KEYS) do
  local at = 3 + (i - 1) * 9
  local ask = {
    window = tonumber(ARGV[at + 1]), limit = tonumber(ARGV[at + 2]), need = tonumber(ARGV[at + 3]),
    first = tonumber(ARGV[at + 7]), most = tonumber(ARGV[at + 8]), name = ARGV[at + 9],
    owed = 0, began = 0, met = 1, more = 0,
  }
  if ask.window > 0 then
    local known = redis.call('HMGET', key, 'began', 'given')
    ask.began, ask.given = tonumber(known[1]), tonumber(known[2]) or 0
    if not ask.began or now - ask.began >= ask.window or ask.began > now then
      ask.began, ask.given = now, 0
    end
    local same = ARGV[at + 6] == string.format('%.0f', ask.began)
    ask.owed = tonumber(ARGV[at + (same and 4 or 5)])
    ask.given = ask.given + ask.owed
    ask.left = math.max(ask.limit - ask.given, 0)
  else
    redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
    ask.left = math.max(ask.limit - redis.call('ZCARD', key), 0)
  end
  if ask.need > ask.left then
    enough, ask.met = false, 0
  end
  asks[i] = ask
end
local out = {}
for i, key in ipairs(KEYS) do
  local ask = asks[i]
  if enough and ask.need > 0 then
    if ask.window > 0 then
      ask.more = math.max(ask.need, math.floor(ask.left / 8))
    else
      ask.more = math.max(ask.need, math.min(ask.most, math.floor(ask.left / 16)))
    end
  end
  ask.left = ask.left - ask.more
  if ask.window > 0 and ask.owed + ask.more > 0 then
    local given = string.format('%.0f', ask.given + ask.more)
    redis.call('HSET', key, 'began', string.format('%.0f', ask.began), 'given', given)
    redis.call('PEXPIRE', key, math.max(ask.began + ask.window - now, 1))
  elseif ask.more > 0 then
    for number = ask.first, ask.first + ask.more - 1 do
      redis.call('ZADD', key, now + hold, me .. string.format(':%.0f', number))
    end
    redis.call('PEXPIRE', key, hold)
  end
  if ask.met == 0 and redis.call('SET', key .. ':wanted', 1, 'PX', 100, 'NX') then
    redis.call('PUBLISH', channel, ask.name)
  end
  out[i] = { ask.met, ask.owed + ask.more, ask.left, ask.began, ask.began + ask.window - now }
end
return out
