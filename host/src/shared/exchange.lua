-- Says how deployments are doing at one replica, and answers what the others said last.
--
-- KEYS: the replicas. ARGV: the replica, how long what it says holds (ms), before the keys of what
-- replicas say, what it says (nothing: it leaves).
--
-- Answers how many replicas there are, and of each other one: how old (ms) and what it said.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local me, holds, prefix, said = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - holds)
if said == '' then
  redis.call('ZREM', KEYS[1], me)
  redis.call('DEL', prefix .. me)
  return { redis.call('ZCARD', KEYS[1]), {} }
end
redis.call('ZADD', KEYS[1], now, me)
redis.call('PEXPIRE', KEYS[1], holds)
redis.call('SET', prefix .. me, string.format('%.0f', now) .. ' ' .. said, 'PX', holds)
local all, others = redis.call('ZRANGE', KEYS[1], 0, -1), {}
for _, replica in ipairs(all) do
  local other = replica ~= me and redis.call('GET', prefix .. replica)
  if other then
    local space = string.find(other, ' ', 1, true)
    others[#others + 1] = { now - tonumber(string.sub(other, 1, space - 1)), string.sub(other, space + 1) }
  end
end
return { #all, others }
