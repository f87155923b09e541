import { prelude } from './prelude.ts';

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

export const createRecord = `${storeRecord}
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
store(ARGV[1], ARGV[2], ARGV[3])
return 1
`;

export const replaceRecord = `${storeRecord}
local current = redis.call('GET', KEYS[1])
if current ~= ARGV[4] then return current end
store(ARGV[1], ARGV[2], ARGV[3])
if ARGV[5] ~= '' then redis.call('PUBLISH', ARGV[5], ARGV[6]) end
return 1
`;

export const deleteRecord = `
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
return redis.call('DEL', KEYS[1])
`;

export const deleteAndPublish = `
for i = 3, #KEYS do
  redis.call('DEL', KEYS[i])
  redis.call('ZREM', KEYS[1], ARGV[i])
  redis.call('ZREM', KEYS[2], ARGV[i])
end
return redis.call('PUBLISH', ARGV[1], ARGV[2])
`;
