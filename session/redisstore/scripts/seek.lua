-- seek: the members of an index after a place in it, newest first. Where many
-- sessions were created in one microsecond the place is found by halving.
-- KEYS: the index
-- ARGV: created and ID of the place, how many
-- Returns members with scores.

-- below compares by bytes: the operator of Lua goes by the server's locale.
local function below(a, b)
  for i = 1, #b do
    local x, y = string.byte(a, i) or -1, string.byte(b, i)
    if x ~= y then return x < y end
  end
  return false
end

local low = redis.call('ZCOUNT', KEYS[1], '(' .. ARGV[1], '+inf')
local high = low + redis.call('ZCOUNT', KEYS[1], ARGV[1], ARGV[1])
while low < high do
  local middle = math.floor((low + high) / 2)
  if below(redis.call('ZREVRANGE', KEYS[1], middle, middle)[1], ARGV[2]) then
    high = middle
  else
    low = middle + 1
  end
end
return redis.call('ZREVRANGE', KEYS[1], low, low + tonumber(ARGV[3]) - 1, 'WITHSCORES')
