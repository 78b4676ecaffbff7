-- wrk: one kind of request, with something else in each. From the environment:
--   METHOD, TARGET, BODY      may hold {n}, a number used once, and {choice}, drawn at random
--   HEADERS                   "Name: value" lines, likewise; {caller} is drawn at random too
--   CHOICES, CALLERS          files that are drawn from, a line at a time
--   SERIES                    digits that begin every {n} of this run
-- The result is one line of JSON after the word RESULT.

local method = os.getenv("METHOD") or "GET"
local target = os.getenv("TARGET") or "/"
local body = os.getenv("BODY") or ""
local series = os.getenv("SERIES") or "1"
local headers = {}

local function lines_of(path)
  local found = {}
  if path then for line in io.lines(path) do found[#found + 1] = line end end
  return found
end
local choices, callers = lines_of(os.getenv("CHOICES")), lines_of(os.getenv("CALLERS"))
for line in (os.getenv("HEADERS") or ""):gmatch("[^\n]+") do
  local name, value = line:match("^([^:]+):%s*(.*)$")
  headers[name] = value
end
math.randomseed(tonumber(series))

local count = 0
local fillings = {
  n = function() return series .. string.format("%06d", count) end,
  choice = function() return choices[math.random(#choices)] end,
  caller = function() return callers[math.random(#callers)] end,
}
local function filled(text)
  return (text:gsub("{(%l+)}", function(word) return fillings[word] and fillings[word]() end))
end

function request()
  count = count + 1
  local sent = {}
  for name, value in pairs(headers) do sent[name] = filled(value) end
  return wrk.format(method, filled(target), sent, body ~= "" and filled(body) or nil)
end

function done(summary, latency)
  local failed = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"microseconds":%d,"p50":%d,"p99":%d,"failed":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    failed.status + failed.connect + failed.read + failed.write + failed.timeout))
end
