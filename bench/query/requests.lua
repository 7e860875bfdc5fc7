-- wrk's requests: uniformly over the lines "path<TAB>entity tag<TAB>token" of the file in REQUESTS; a
-- tag that is not empty is sent as If-None-Match, a token as Bearer. Prints one JSON line at the end.
local requests = {}

function init(_)
  math.randomseed(tonumber(os.getenv("SEED")))
  for line in io.lines(os.getenv("REQUESTS")) do
    local path, tag, token = line:match("^([^\t]*)\t([^\t]*)\t?(.*)$")
    local headers = {}
    if tag ~= "" then headers["If-None-Match"] = tag end
    if token ~= "" then headers["Authorization"] = "Bearer " .. token end
    requests[#requests + 1] = wrk.format("GET", path, headers)
  end
end

function request()
  return requests[math.random(#requests)]
end

function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"seconds":%.6f,"bytes":%d,"p50_ms":%.3f,"p99_ms":%.3f,"bad_status":%d,"broken":%d}\n',
    summary.requests, summary.duration / 1e6, summary.bytes, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end
