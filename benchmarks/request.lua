-- wrk: one kind of request, with something else in each. From the environment:
--   METHOD, TARGET, BODY      may hold {n}, a number used once, and {choice}, a line of CHOICES drawn at random
--   HEADERS                   "Name: value" lines, likewise
--   CHOICES                   a file, one choice a line
--   SERIES                    digits that begin every {n} of this run
-- The result is one line of JSON after the word RESULT.

local method = os.getenv("METHOD") or "GET"
local target = os.getenv("TARGET") or "/"
local body = os.getenv("BODY") or ""
local series = os.getenv("SERIES") or "1"
local choices, headers = {}, {}

if os.getenv("CHOICES") then
  for line in io.lines(os.getenv("CHOICES")) do choices[#choices + 1] = line end
end
for line in (os.getenv("HEADERS") or ""):gmatch("[^\n]+") do
  local name, value = line:match("^([^:]+):%s*(.*)$")
  headers[name] = value
end
math.randomseed(tonumber(series))

local count = 0
local fillings = {
  n = function() return series .. string.format("%06d", count) end,
  choice = function() return choices[math.random(#choices)] end,
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
