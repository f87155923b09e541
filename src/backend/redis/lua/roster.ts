import { connectionReportLifetimeMs } from '../../backend.ts';
import { health } from './health.ts';
import { prelude } from './prelude.ts';

/** The maximum length of a process's list of changes. */
const maxRosterChanges = 32;

/**
 * A hash has the rows of a process and, in the field '', their version. A list has the latest changes, so a reader that
 * has an earlier version reads only those. A replacement of all rows gets house time as its version, which is greater
 * than all earlier ones. It is not in the list, so readers then read all rows.
 */
export const reportConnections = `${prelude}${health}
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
