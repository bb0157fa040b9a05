-- With an argument, requests are POSTs with a body of that many bytes. wrk makes the request once and sends it again and
-- again, so its size costs the client no more than the bytes.
function init(args)
  if args[1] then
    wrk.method = "POST"
    wrk.body = string.rep("b", tonumber(args[1]))
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
