/** What a health check reads, for the end of a script that has written. The argument is the first of its two keys. */
export const health = `
local function health(first)
  local time = redis.call('TIME')
  return redis.call('GET', KEYS[first]), redis.call('GET', KEYS[first + 1]), time[1], time[2]
end
`;

export const checkHealth = `
local schema = redis.call('GET', KEYS[1])
if schema and tonumber(schema) > tonumber(ARGV[1]) then return {schema} end
local time = redis.call('TIME')
redis.call('SET', KEYS[3], time[1], 'PX', 60000)
if not schema then redis.call('SET', KEYS[1], ARGV[1]) end
redis.call('SET', KEYS[2], ARGV[2], 'NX')
return {schema or ARGV[1], redis.call('GET', KEYS[2]), time[1], time[2]}
`;
