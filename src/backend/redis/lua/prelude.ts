/** House time in whole ms. `%.0f` since Lua formats large numbers with an exponent. */
export const prelude = `
local function house_time()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function whole(number)
  return string.format('%.0f', number)
end
`;
