-- wrk's side of api.py: POST with a key to the address of a random employee, or the same body each time.
-- Arguments: the key, then either a file with one employee number a line, or "body" and a file with the body.
local headers = {}
local numbers = {}
local body
local threads = {}
answers = 0 -- of this thread, which has one connection when there are as many of either

function setup(thread)
  threads[#threads + 1] = thread
end

function init(arguments)
  headers["X-API-Key"] = arguments[1]
  math.randomseed(20260101)
  if arguments[2] == "body" then
    body = io.open(arguments[3]):read("*a")
    headers["Content-Type"] = "application/json"
  else
    for number in io.lines(arguments[2]) do
      numbers[#numbers + 1] = number
    end
  end
end

function request()
  if body then
    return wrk.format("POST", nil, headers, body)
  end
  return wrk.format("POST", wrk.path .. numbers[math.random(#numbers)], headers)
end

function response()
  answers = answers + 1
end

function done(summary, latency, requests)
  local errors = summary.errors
  local each = {}
  for place, thread in ipairs(threads) do
    each[place] = thread:get("answers")
  end
  io.write(string.format(
    '\n{"requests": %d, "seconds": %f, "p50": %f, "p99": %f, "failed": %d, "answers": [%s]}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.status + errors.connect + errors.read + errors.write + errors.timeout,
    table.concat(each, ", ")
  ))
end
