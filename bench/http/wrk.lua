-- One POST request over and over. At the end a line of JSON: what failed, and how often each latency (microseconds) was seen.
--
-- Argument: the body.

function init(arguments)
  wrk.method = "POST"
  wrk.body = arguments[1]
  wrk.headers["content-type"] = "application/json"
end

function done(summary, latency, _)
  local counts = {}
  for i = 1, #latency do
    local value, count = latency(i)
    counts[i] = string.format("[%d,%d]", value, count)
  end
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format(
    '{"requests":%d,"microseconds":%d,"failed":%d,"latencies":[%s]}\n',
    summary.requests, summary.duration, failed, table.concat(counts, ",")
  ))
end
