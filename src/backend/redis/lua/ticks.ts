import { leaseMs } from '../../ticks.ts';
import { health } from './health.ts';
import { prelude } from './prelude.ts';

// The lease stores its end as house time. A key with a lifetime would outlive it if Redis's clock were set back.
const isHeld = `
local function is_held(lease, now)
  local left = (tonumber(lease[3]) or 0) - now
  return lease[1] and left > 0 and left <= ${leaseMs}
end
`;

export const acquireLease = `${prelude}${isHeld}${health}
local now = house_time()
local lease = redis.call('HMGET', KEYS[1], 'owner', 'term', 'until')
local term = tonumber(lease[2]) or 0
if is_held(lease, now) then
  if lease[1] ~= ARGV[1] then return {false} end
else
  term = math.max(term + 1, now)
end
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'term', whole(term), 'until', whole(now + ${leaseMs}))
return {whole(term), health(2)}
`;

/** The term stays, so that the next one is greater. */
export const releaseLease = `
local lease = redis.call('HMGET', KEYS[1], 'owner', 'term')
if lease[1] == ARGV[1] and lease[2] == ARGV[2] then
  redis.call('HDEL', KEYS[1], 'owner', 'until')
end
return 1
`;

export const pushJob = `${prelude}${isHeld}
local now = house_time()
local lease = redis.call('HMGET', KEYS[1], 'owner', 'term', 'until')
if not is_held(lease, now) or lease[1] ~= ARGV[1] or lease[2] ~= ARGV[2] then return 'not-leader' end
redis.call('HSET', KEYS[1], 'until', whole(now + ${leaseMs}))
local newest = tonumber(redis.call('HGET', KEYS[3], ARGV[3]))
local void = not newest or newest - now > tonumber(ARGV[5])
if not void and tonumber(ARGV[4]) <= newest then return 'duplicate' end
redis.call('HSET', KEYS[3], ARGV[3], ARGV[4])
redis.call('RPUSH', KEYS[2], ARGV[6])
redis.call('LTRIM', KEYS[2], -tonumber(ARGV[7]), -1)
redis.call('PEXPIRE', KEYS[2], 60000)
return 'pushed'
`;

export const publishTick = `${prelude}${health}
local now = house_time()
local at, expires_at = tonumber(ARGV[1]), tonumber(ARGV[2])
if now > expires_at then return {'expired'} end
local last = redis.call('HMGET', KEYS[1], 'at', 'seq')
local last_at = tonumber(last[1])
local void = not last_at or last_at - now > expires_at - at
if not void and at <= last_at then return {'duplicate'} end
local seq = whole(math.max((tonumber(last[2]) or 0) + 1, math.floor(at / 50)))
redis.call('HSET', KEYS[1], 'text', ARGV[3], 'at', ARGV[1], 'seq', seq, 'zone', ARGV[4], 'everyMs', ARGV[5],
  'expiresAt', ARGV[2])
if ARGV[9] == '1' then redis.call('SET', KEYS[2], ARGV[3]) end
redis.call('PUBLISH', ARGV[8], ARGV[6] .. seq .. ARGV[7])
return {'published', health(3)}
`;

/** Replaces the text by itself, to find out whether the key can be read and written. */
export const rewriteTime = `
local text = redis.call('GET', KEYS[1])
if text then
  redis.call('SET', KEYS[1], text, 'KEEPTTL')
else
  redis.call('SET', KEYS[1], '')
  redis.call('DEL', KEYS[1])
end
return 1
`;
