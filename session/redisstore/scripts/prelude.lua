-- What the scripts share; it stands before each of them. The layout of records
-- is described in docs/wire-format.md: offsets here count from 1.
--
-- Every script reads all that it needs before it writes anything. In a Cluster
-- whose slot is moving a read of a key that has left ends the script, and a full
-- server refuses the first write: either way nothing has happened yet.

local RECORD, ALIAS = 0xC5, 0xA5
local FORMAT = 1
local HEADER = 34           -- bytes up to the end of Deadline
local PREVIOUS_UNTIL = 51
local PREVIOUS = 99
local METADATA_AT = 155
local USER = 157            -- length of the user ID, then the user ID
local ID = 40               -- bytes of an ID
local TAG = 8               -- of which the tag
local LONGEST = 17662       -- bytes of the longest record: one more is read, to notice
local SLACK = 3600000       -- milliseconds a key outlives what it holds

-- range returns bytes of a string key, nil if it is not there, false if it is
-- not a string.
local function range(key, from, to)
  local got = redis.pcall('GETRANGE', key, from, to)
  if type(got) == 'table' then
    if string.find(got.err, 'WRONGTYPE', 1, true) then return false end
    error(got.err)
  end
  if got == '' then return nil end
  return got
end

-- parse reads the header of a record. A value that is none is bad.
local function parse(value)
  if value == nil then return nil end
  if not value or #value < HEADER or string.byte(value, 1) ~= RECORD then
    return {bad = true, alias = value and string.byte(value, 1) == ALIAS}
  end
  local head = {newer = string.byte(value, 2) > FORMAT}
  head.last, head.expires, head.deadline = struct.unpack('>i8i8i8', value, 11)
  return head
end

-- header reads the header of the record under key.
local function header(key) return parse(range(key, 0, HEADER - 1)) end

-- record reads the header and the bytes of the record under key.
local function record(key)
  local value = range(key, 0, LONGEST)
  return parse(value), value
end

local function alive(head, now)
  return head and not head.bad and head.expires > now and head.deadline > now
end

-- owner returns the key of the index of the user whom the record under key
-- belongs to, nil for an anonymous session.
local function owner(base, id, key)
  local text = range(key, USER - 1, USER + 254)
  local n = text and string.byte(text, 1) or 0
  if n == 0 then return nil end
  return base .. 'u:' .. string.sub(id, 1, TAG) .. string.sub(text, 2, n + 1)
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

-- remove ends a session: its record first, then its place in the indexes.
local function remove(base, id, user)
  redis.call('DEL', base .. 's:' .. id)
  redis.call('ZREM', base .. 'a', id)
  redis.call('ZREM', base .. 'x', id)
  if user then redis.call('ZREM', user, id) end
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
