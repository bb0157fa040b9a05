-- Arguments: `body BYTES` has requests be POSTs with a body of that many bytes; `paths FILE` has them be GETs of the paths
-- in that file, one a line, in that order and then from the beginning. wrk makes a request once and sends it again and
-- again, and paths are made ready before the load begins, so neither costs the client much more than the bytes.
local threads = 0

-- Several threads of wrk don't ask for the same file at the same time.
function setup(thread)
  thread:set("first", threads * 7919)
  threads = threads + 1
end

function init(args)
  if args[1] == "body" then
    wrk.method = "POST"
    wrk.body = string.rep("b", tonumber(args[2]))
  elseif args[1] == "paths" then
    local made, sequence = {}, {}
    for path in io.lines(args[2]) do
      made[path] = made[path] or wrk.format("GET", path)
      sequence[#sequence + 1] = made[path]
    end
    local at = first
    -- wrk asks this function for each request if it is there, so it is there only in this case.
    function request()
      at = at % #sequence + 1
      return sequence[at]
    end
  end
end

-- Has wrk print what it measured as one line of JSON. wrk calls done() once, after the load: no request gets slower.
function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"duration_us":%d,"bytes":%d,"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d,' ..
    '"p50_us":%d,"p99_us":%d,"max_us":%d}\n',
    summary.requests, summary.duration, summary.bytes,
    errors.connect, errors.read, errors.write, errors.status, errors.timeout,
    latency:percentile(50), latency:percentile(99), latency.max))
end
