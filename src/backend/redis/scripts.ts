import { connectionReportLifetimeMs } from '../backend.ts';
import { leaseMs } from '../ticks.ts';

/** The maximum length of a process's list of changes. */
const maxRosterChanges = 32;

// House time in whole ms. `%.0f` since Lua formats large numbers with an exponent.
const prelude = `
local function house_time()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function whole(number)
  return string.format('%.0f', number)
end
`;

// The lease stores its end as house time. A key with a lifetime would outlive it if Redis's clock were set back.
const isHeld = `
local function is_held(lease, now)
  local left = (tonumber(lease[3]) or 0) - now
  return lease[1] and left > 0 and left <= ${leaseMs}
end
`;

// What a health check reads, for the end of a script that has written. The argument is the first of its two keys.
const health = `
local function health(first)
  local time = redis.call('TIME')
  return redis.call('GET', KEYS[first]), redis.call('GET', KEYS[first + 1]), time[1], time[2]
end
`;

// Each write removes some expired ids from the indexes, so no script takes long. It does so last: a full Redis refuses
// a script at its first write only, and only if that command may allocate memory.
const storeRecord = `${prelude}
local function store(id, value, lifetime)
  local now = house_time()
  if lifetime == '' then
    redis.call('SET', KEYS[1], value)
    redis.call('ZREM', KEYS[3], id)
  else
    redis.call('SET', KEYS[1], value, 'PX', lifetime)
    redis.call('ZADD', KEYS[3], whole(now + lifetime), id)
  end
  redis.call('ZADD', KEYS[2], 0, id)
  local expired = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', whole(now), 'LIMIT', 0, 100)
  if #expired > 0 then
    redis.call('ZREM', KEYS[2], unpack(expired))
    redis.call('ZREM', KEYS[3], unpack(expired))
  end
end
`;

const acquireLease = `${prelude}${isHeld}${health}
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

// The term stays, so that the next one is greater.
const releaseLease = `
local lease = redis.call('HMGET', KEYS[1], 'owner', 'term')
if lease[1] == ARGV[1] and lease[2] == ARGV[2] then
  redis.call('HDEL', KEYS[1], 'owner', 'until')
end
return 1
`;

const pushJob = `${prelude}${isHeld}
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

const publishTick = `${prelude}${health}
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

// A message is a line with its slot, at, seq and end, and its frame.
const publishMessage = `${prelude}
local channel, slot, lifetime, if_seq = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
if slot == '' then
  local list = redis.call('GET', KEYS[3])
  for _, each in ipairs(list and cjson.decode(list).channels or {}) do
    if each.name == channel then slot = each.id end
  end
  if slot == '' then return 'unknown-channel' end
end
if if_seq ~= '' then
  local last = redis.call('HGET', KEYS[1], slot)
  if (last and string.match(last, '^%S+ %d+ (%d+)') or '0') ~= if_seq then return 'changed' end
end
local now = house_time()
local at = whole(now)
local seq = whole(math.max((tonumber(redis.call('HGET', KEYS[2], channel)) or 0) + 1, now))
local ends_at = lifetime == '' and '-' or whole(now + lifetime)
local message = slot .. ' ' .. at .. ' ' .. seq .. ' ' .. ends_at .. '\\n' .. ARGV[5] .. at .. ARGV[6] .. seq .. ARGV[7]
redis.call('HSET', KEYS[2], channel, seq)
redis.call('HSET', KEYS[1], slot, message)
redis.call('PUBLISH', ARGV[8], message)
return {at, seq}
`;

const forgetMessages = `
for n = 2, #ARGV do
  local last = redis.call('HGET', KEYS[1], ARGV[n])
  local seq = last and string.match(last, '^%S+ %d+ (%d+)')
  if seq and tonumber(seq) <= tonumber(ARGV[1]) then redis.call('HDEL', KEYS[1], ARGV[n]) end
end
`;

const checkHealth = `
local schema = redis.call('GET', KEYS[1])
if schema and tonumber(schema) > tonumber(ARGV[1]) then return {schema} end
local time = redis.call('TIME')
redis.call('SET', KEYS[3], time[1], 'PX', 60000)
if not schema then redis.call('SET', KEYS[1], ARGV[1]) end
redis.call('SET', KEYS[2], ARGV[2], 'NX')
return {schema or ARGV[1], redis.call('GET', KEYS[2]), time[1], time[2]}
`;

// A hash has the rows of a process and, in the field '', their version. A list has the latest changes, so a reader that
// has an earlier version reads only those. A replacement of all rows gets house time as its version, which is greater
// than all earlier ones. It is not in the list, so readers then read all rows.
const reportConnections = `${prelude}${health}
local now = house_time()
local stored, version = redis.call('HGET', KEYS[2], ''), ARGV[3]
local replaces = version == '0'
if replaces then
  version = whole(math.max(now, (tonumber(stored) or 0) + 1))
elseif stored ~= version then
  version = '0'
elseif ARGV[4] ~= '{}' then
  version = whole(version + 1)
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ':' .. whole(now) .. ':' .. version)
redis.call('PEXPIRE', KEYS[1], 10000)
if replaces then redis.call('DEL', KEYS[2], KEYS[3]) end
if version ~= '0' and version ~= stored then
  redis.call('HSET', KEYS[2], '', version)
  for key, row in pairs(cjson.decode(ARGV[4])) do
    if row == cjson.null then redis.call('HDEL', KEYS[2], key) else redis.call('HSET', KEYS[2], key, row) end
  end
  if not replaces then
    redis.call('RPUSH', KEYS[3], version .. ' ' .. ARGV[4])
    redis.call('LTRIM', KEYS[3], -${maxRosterChanges}, -1)
    redis.call('PEXPIRE', KEYS[3], 30000)
  end
end
redis.call('PEXPIRE', KEYS[2], 10000)
local reports, sum = redis.call('HGETALL', KEYS[1]), 0
for i = 1, #reports, 2 do
  local count, at = string.match(reports[i + 1], '^(%d+):(%d+)')
  if count and math.abs(now - at) <= ${connectionReportLifetimeMs} then
    sum = sum + count
  else
    redis.call('HDEL', KEYS[1], reports[i])
  end
end
return {{sum, version}, health(4)}
`;

const createRecord = `${storeRecord}
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
store(ARGV[1], ARGV[2], ARGV[3])
return 1
`;

const replaceRecord = `${storeRecord}
local current = redis.call('GET', KEYS[1])
if current ~= ARGV[4] then return current end
store(ARGV[1], ARGV[2], ARGV[3])
if ARGV[5] ~= '' then redis.call('PUBLISH', ARGV[5], ARGV[6]) end
return 1
`;

const deleteRecord = `
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
return redis.call('DEL', KEYS[1])
`;

const deleteAndPublish = `
for i = 3, #KEYS do
  redis.call('DEL', KEYS[i])
  redis.call('ZREM', KEYS[1], ARGV[i])
  redis.call('ZREM', KEYS[2], ARGV[i])
end
return redis.call('PUBLISH', ARGV[1], ARGV[2])
`;

// Replaces the text by itself, to find out whether the key can be read and written.
const rewriteTime = `
local text = redis.call('GET', KEYS[1])
if text then
  redis.call('SET', KEYS[1], text, 'KEEPTTL')
else
  redis.call('SET', KEYS[1], '')
  redis.call('DEL', KEYS[1])
end
return 1
`;

/**
 * The Lua scripts, each one atomic step. ioredis defines a method for each: the first call on a connection sends the
 * script, later calls its hash. The parameters are in `RedisClient`.
 */
export const scripts = {
  acquireLease: { lua: acquireLease, numberOfKeys: 3 },
  releaseLease: { lua: releaseLease, numberOfKeys: 1 },
  pushJob: { lua: pushJob, numberOfKeys: 3 },
  publishTick: { lua: publishTick, numberOfKeys: 4 },
  publishMessage: { lua: publishMessage, numberOfKeys: 3 },
  forgetMessages: { lua: forgetMessages, numberOfKeys: 1 },
  checkHealth: { lua: checkHealth, numberOfKeys: 3 },
  reportConnections: { lua: reportConnections, numberOfKeys: 5 },
  createRecord: { lua: createRecord, numberOfKeys: 3 },
  replaceRecord: { lua: replaceRecord, numberOfKeys: 3 },
  deleteRecord: { lua: deleteRecord, numberOfKeys: 3 },
  deleteAndPublish: { lua: deleteAndPublish },
  rewriteTime: { lua: rewriteTime, numberOfKeys: 1 },
};
