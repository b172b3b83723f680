-- What the scripts share; it stands before each of them. The layout of records
-- is described in docs/wire-format.md: offsets here count from 1.
--
-- Every script reads all that it needs before it writes anything: a full server
-- refuses the first write, and in a Cluster whose slot is moving a key that is on
-- the other server ends the script. Either way nothing has happened yet.

local RECORD, ALIAS = 0xC5, 0xA5
local FORMAT = 1
local NAME = 59             -- the ID
local HEADER = 98           -- bytes up to the end of the ID
local PREVIOUS_UNTIL = 51
local PREVIOUS = 99
local METADATA_AT = 155
local USER = 157            -- length of the user ID, then the user ID
local ID = 40               -- bytes of an ID
local TAG = 8               -- of which the tag
local LONGEST = 17662       -- bytes of the longest record: one more is read, to notice
local SLACK = 3600000       -- milliseconds a key outlives what it holds

-- here ends the script if the key is on another server because its slot is moving.
-- The server that a key has left says so by itself; the one that it has yet to
-- reach takes it for missing, unless asked for more than one key at once.
local function here(base, key) redis.call('EXISTS', key, base .. 'a') end

-- range returns bytes of a session's record, nil if there is none, false if it
-- is not a string.
local function range(base, id, from, to)
  local key = base .. 's:' .. id
  local got = redis.pcall('GETRANGE', key, from, to)
  if type(got) == 'table' then
    if string.find(got.err, 'WRONGTYPE', 1, true) then return false end
    error(got.err)
  end
  if got == '' then
    here(base, key)
    return nil
  end
  return got
end

-- parse reads the header of the record of a session, nil if there is no value. A
-- value that is not a record of it is bad.
local function parse(value, id)
  if value == nil then return nil end
  if not value or #value < HEADER or string.byte(value, 1) ~= RECORD or string.sub(value, NAME, HEADER) ~= id then
    return {bad = true, alias = value and string.byte(value, 1) == ALIAS}
  end
  local head = {newer = string.byte(value, 2) > FORMAT}
  head.last, head.expires, head.deadline = struct.unpack('>i8i8i8', value, 11)
  return head
end

-- header reads the header of a session's record.
local function header(base, id) return parse(range(base, id, 0, HEADER - 1), id) end

-- record reads the header and the bytes of a session's record.
local function record(base, id)
  local value = range(base, id, 0, LONGEST)
  local head = parse(value, id)
  if head and not head.bad and not head.newer and (#value <= USER or #value > LONGEST
    or struct.unpack('>I2', value, METADATA_AT) >= #value) then
    return {bad = true}, value
  end
  return head, value
end

local function alive(head, now)
  return head and not head.bad and head.expires > now and head.deadline > now
end

-- owner returns the key of the index of the user to whom a session belongs, nil
-- for an anonymous one.
local function owner(base, id)
  local text = range(base, id, USER - 1, USER + 254)
  local n = text and string.byte(text, 1) or 0
  if n == 0 then return nil end
  local key = base .. 'u:' .. string.sub(id, 1, TAG) .. string.sub(text, 2, n + 1)
  here(base, key)
  return key
end

-- follow returns until when an alias holds, and the ID it stands for.
local function follow(value)
  if #value < 10 + ID then return 0, '' end
  return struct.unpack('>i8', value, 3), string.sub(value, 11, 10 + ID)
end

-- succeeds tells whether a record is the successor of an ID in its grace.
local function succeeds(value, id, now)
  return #value > USER and string.sub(value, PREVIOUS, PREVIOUS + ID - 1) == id
    and struct.unpack('>i8', value, PREVIOUS_UNTIL) > now
end

-- unused returns the ID before a session's renewal if nobody has used the session
-- since: then the time until which that finds it is the deadline.
local function unused(value, head)
  if struct.unpack('>i8', value, PREVIOUS_UNTIL) ~= head.deadline then return nil end
  local previous = string.sub(value, PREVIOUS, PREVIOUS + ID - 1)
  if previous == string.rep('\0', ID) then return nil end
  return previous
end

-- unlist takes a session out of the indexes.
local function unlist(base, id, user)
  redis.call('ZREM', base .. 'a', id)
  redis.call('ZREM', base .. 'x', id)
  if user then redis.call('ZREM', user, id) end
end

-- remove ends a session: its record first, then its places in the indexes.
local function remove(base, id, user)
  redis.call('DEL', base .. 's:' .. id)
  unlist(base, id, user)
end

-- lifetime returns for how many milliseconds a key must stay that is needed
-- until the given time.
local function lifetime(till, now)
  return math.max(math.ceil((till - now) / 1000), 0) + SLACK
end

-- extend makes the key stay that long at least.
local function extend(key, ms)
  if redis.call('PTTL', key) < ms then redis.call('PEXPIRE', key, string.format('%d', ms)) end
end

-- put stores the record of a session and enters it into the indexes. The record
-- comes first: it is what a full server refuses.
local function put(base, user, id, value, created, expires, deadline, now)
  redis.call('SET', base .. 's:' .. id, value, 'PX', string.format('%d', lifetime(expires, now)))
  local ms = lifetime(deadline, now)
  for key, score in pairs({[base .. 'a'] = created, [base .. 'x'] = expires, [user or ''] = created}) do
    if key ~= '' then
      redis.call('ZADD', key, string.format('%d', score), id)
      extend(key, ms)
    end
  end
end
