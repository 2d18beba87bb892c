#include "host/posix_http.h"

namespace backout {

Result<HttpResponse> posix_http(const HttpRequest&, const StopToken*) {
    return Error{ErrorCode::unsupported, "HTTP can't be spoken yet"};
}

Status posix_connect_tcp(const std::string&, int, Nanoseconds) {
    return Error{ErrorCode::unsupported, "TCP can't be spoken yet"};
}

}  // namespace backout
