#pragma once
// HTTP by libcurl, which is loaded at the first call: linking it costs every start some milliseconds. And plain TCP.

#include <string>

#include "base/result.h"
#include "base/stop.h"
#include "host/process.h"

namespace backout {

/// TLS is verified. Redirects to another origin lose all headers but Accept and User-Agent, and are refused for methods
/// that change something. Errors: `invalid` (URL, too many redirects, answer too long), `timeout`, `canceled`,
/// `unsupported` (no libcurl), `io`. Messages hold no query, user name or password of the URL.
Result<HttpResponse> posix_http(const HttpRequest& request, const StopToken* stop);

Status posix_connect_tcp(const std::string& host, int port, Nanoseconds timeout);

}  // namespace backout
