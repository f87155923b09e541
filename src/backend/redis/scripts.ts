import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { connectionReportLifetimeMs, leaseMs } from '../backend.ts';

/** A Lua script: one atomic step at Redis. */
export class Script {
  readonly #lua: string;
  readonly #sha: string;

  constructor(lua: string) {
    this.#lua = lua;
    this.#sha = createHash('sha1').update(lua).digest('hex');
  }

  /** Runs it, and loads it where Redis does not know it (any more). */
  async run(client: Redis, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    try {
      return await client.evalsha(this.#sha, keys.length, ...keys, ...args);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.includes('NOSCRIPT')) throw error;
      return await client.eval(this.#lua, keys.length, ...keys, ...args);
    }
  }
}

// House time, whole ms. Numbers go through `%.0f` since Lua writes large ones with an exponent.
const prelude = `
local function house_time()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function whole(number)
  return string.format('%.0f', number)
end
`;

// The end of the lease is told by house time, not by a lifetime of the key: were Redis's clock stepped back, the key
// would outlive it by the step.
const leaseHeld = `
local function held(lease, now)
  local left = (tonumber(lease[3]) or 0) - now
  return lease[1] and left > 0 and left <= ${leaseMs}
end
`;

/** Keys: lease. Arguments: owner. Returns the term, or nothing while another holds the lease. */
export const acquireLeaseScript = new Script(`${prelude}${leaseHeld}
local now = house_time()
local lease = redis.call('HMGET', KEYS[1], 'owner', 'term', 'until')
local term = tonumber(lease[2]) or 0
if held(lease, now) then
  if lease[1] ~= ARGV[1] then return false end
else
  term = math.max(term + 1, now)
end
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'term', whole(term), 'until', whole(now + ${leaseMs}))
return whole(term)
`);

/** Keys: lease. Arguments: owner, term. The term stays, so that the next one is greater. */
export const releaseLeaseScript = new Script(`
local lease = redis.call('HMGET', KEYS[1], 'owner', 'term')
if lease[1] == ARGV[1] and lease[2] == ARGV[2] then
  redis.call('HDEL', KEYS[1], 'owner', 'until')
end
return 1
`);

/** Keys: lease, queue, pushed. Arguments: owner, term, task, at, expiry in ms, the job, length of the queue. */
export const pushScript = new Script(`${prelude}${leaseHeld}
local now = house_time()
local lease = redis.call('HMGET', KEYS[1], 'owner', 'term', 'until')
if not held(lease, now) or lease[1] ~= ARGV[1] or lease[2] ~= ARGV[2] then return 'not-leader' end
local newest = tonumber(redis.call('HGET', KEYS[3], ARGV[3]))
local void = not newest or newest - now > tonumber(ARGV[5])
if not void and tonumber(ARGV[4]) <= newest then return 'duplicate' end
redis.call('HSET', KEYS[3], ARGV[3], ARGV[4])
redis.call('RPUSH', KEYS[2], ARGV[6])
redis.call('LTRIM', KEYS[2], -tonumber(ARGV[7]), -1)
redis.call('PEXPIRE', KEYS[2], 60000)
return 'pushed'
`);

/**
 * Keys: last, the article's string. Arguments: at, expiresAt, text, zone, everyMs, the frame before and after `seq`,
 * the channel of pub/sub, `1` to set the string.
 */
export const publishScript = new Script(`${prelude}
local now = house_time()
local at, expires_at = tonumber(ARGV[1]), tonumber(ARGV[2])
if now > expires_at then return 'expired' end
local last = redis.call('HMGET', KEYS[1], 'at', 'seq')
local last_at = tonumber(last[1])
local void = not last_at or last_at - now > expires_at - at
if not void and at <= last_at then return 'duplicate' end
local seq = whole(math.max((tonumber(last[2]) or 0) + 1, math.floor(at / 50)))
redis.call('HSET', KEYS[1], 'text', ARGV[3], 'at', ARGV[1], 'seq', seq, 'zone', ARGV[4], 'everyMs', ARGV[5])
if ARGV[9] == '1' then redis.call('SET', KEYS[2], ARGV[3]) end
redis.call('PUBLISH', ARGV[8], ARGV[6] .. seq .. ARGV[7])
return 'published'
`);

/**
 * Keys: schema, installation, pulse. Arguments: our schema, an installation id for when there is none.
 * Returns the schema, the installation id, and TIME. A newer schema is not written to.
 */
export const healthCheckScript = new Script(`
local schema = redis.call('GET', KEYS[1])
if schema and tonumber(schema) > tonumber(ARGV[1]) then return {schema} end
local time = redis.call('TIME')
redis.call('SET', KEYS[3], time[1], 'PX', 60000)
if not schema then redis.call('SET', KEYS[1], ARGV[1]) end
redis.call('SET', KEYS[2], ARGV[2], 'NX')
return {schema or ARGV[1], redis.call('GET', KEYS[2]), time[1], time[2]}
`);

/** Keys: census. Arguments: owner, sockets. Returns the sum over the owners that told within `censusMs`. */
export const connectionsScript = new Script(`${prelude}
local now = house_time()
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ':' .. whole(now))
redis.call('PEXPIRE', KEYS[1], 10000)
local told, sum = redis.call('HGETALL', KEYS[1]), 0
for i = 1, #told, 2 do
  local sockets, at = string.match(told[i + 1], '^(%d+):(%d+)$')
  if sockets and math.abs(now - at) <= ${connectionReportLifetimeMs} then
    sum = sum + sockets
  else
    redis.call('HDEL', KEYS[1], told[i])
  end
end
return sum
`);

// A record's index entry is scored by its expiry; each write takes the expired ones out, last: a full Redis refuses a
// script only at its first write, and only when that one needs room.
const keepRecord = `${prelude}
local function keep(id, value, lifetime)
  local now = house_time()
  if lifetime == '' then
    redis.call('SET', KEYS[1], value)
    redis.call('ZADD', KEYS[2], '+inf', id)
  else
    redis.call('SET', KEYS[1], value, 'PX', lifetime)
    redis.call('ZADD', KEYS[2], whole(now + lifetime), id)
  end
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', whole(now))
end
`;

/** Keys: record, index. Arguments: id, value, lifetime in ms or nothing. Returns 1, or 0 when there is one already. */
export const createScript = new Script(`${keepRecord}
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
keep(ARGV[1], ARGV[2], ARGV[3])
return 1
`);

/**
 * Keys: record, index. Arguments: id, value, lifetime in ms or nothing, the value to be replaced; a channel of pub/sub
 * and a message, or neither. Returns 1 when it was that one; else the value that is there, or nothing.
 */
export const replaceScript = new Script(`${keepRecord}
local current = redis.call('GET', KEYS[1])
if current ~= ARGV[4] then return current end
keep(ARGV[1], ARGV[2], ARGV[3])
if ARGV[5] then redis.call('PUBLISH', ARGV[5], ARGV[6]) end
return 1
`);

/** Keys: record, index. Arguments: id. Returns 1, or 0 when there was none. */
export const deleteScript = new Script(`
redis.call('ZREM', KEYS[2], ARGV[1])
return redis.call('DEL', KEYS[1])
`);

/** Keys: index, records. Arguments: the channel of pub/sub, a message, the ids of the records. */
export const deleteAndPublishScript = new Script(`
for i = 2, #KEYS do
  redis.call('DEL', KEYS[i])
  redis.call('ZREM', KEYS[1], ARGV[i + 1])
end
return redis.call('PUBLISH', ARGV[1], ARGV[2])
`);

/** Keys: index. Arguments: prefix. Returns the ids of the live records that begin with it. */
export const idsScript = new Script(`${prelude}
local ids = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. whole(house_time()), '+inf')) do
  if string.sub(id, 1, #ARGV[1]) == ARGV[1] then ids[#ids + 1] = id end
end
return ids
`);
