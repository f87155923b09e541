import { prelude } from './prelude.ts';

/** A message is a line with its slot, at, seq and end, and its frame. */
export const publishMessage = `${prelude}
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

export const forgetMessages = `
for n = 2, #ARGV do
  local last = redis.call('HGET', KEYS[1], ARGV[n])
  local seq = last and string.match(last, '^%S+ %d+ (%d+)')
  if seq and tonumber(seq) <= tonumber(ARGV[1]) then redis.call('HDEL', KEYS[1], ARGV[n]) end
end
`;
