#include "base/error.h"

#include <cerrno>
#include <cstring>

#include "base/assert.h"

namespace backout {

const char* to_string(ErrorCode code) {
    switch (code) {
        case ErrorCode::failed: return "failed";
        case ErrorCode::conflict: return "conflict";
        case ErrorCode::in_doubt: return "in_doubt";
        case ErrorCode::stale: return "stale";
        case ErrorCode::unfinished: return "unfinished";
        case ErrorCode::usage: return "usage";
        case ErrorCode::invalid: return "invalid";
        case ErrorCode::journal: return "journal";
        case ErrorCode::locked: return "locked";
        case ErrorCode::not_permitted: return "not_permitted";
        case ErrorCode::not_found: return "not_found";
        case ErrorCode::exists: return "exists";
        case ErrorCode::wrong_type: return "wrong_type";
        case ErrorCode::cross_device: return "cross_device";
        case ErrorCode::unsupported: return "unsupported";
        case ErrorCode::no_space: return "no_space";
        case ErrorCode::io: return "io";
        case ErrorCode::timeout: return "timeout";
        case ErrorCode::canceled: return "canceled";
    }
    assertion_failed("the error code has a name", __FILE__, __LINE__);
}

Error Error::in(std::string where) && {
    context.push_back(std::move(where));
    return std::move(*this);
}

Error Error::in(std::string where) const& {
    Error copy = *this;
    copy.context.push_back(std::move(where));
    return copy;
}

std::string Error::text() const {
    std::string line;
    for (auto layer = context.rbegin(); layer != context.rend(); ++layer) {
        line += *layer;
        line += ": ";
    }
    return line + message;
}

namespace {

ErrorCode code_of(int error_number) {
    switch (error_number) {
        case ENOENT: return ErrorCode::not_found;
        case EEXIST:
        case ENOTEMPTY: return ErrorCode::exists;
        case ENOTDIR:
        case EISDIR:
        case ELOOP: return ErrorCode::wrong_type;  // ELOOP is what O_NOFOLLOW answers for a link
        case EACCES:
        case EPERM:
        case EROFS: return ErrorCode::not_permitted;
        case EXDEV: return ErrorCode::cross_device;
        case ENOSYS:
        case EOPNOTSUPP: return ErrorCode::unsupported;
        case ENOSPC:
        case EDQUOT: return ErrorCode::no_space;
        case ETIMEDOUT: return ErrorCode::timeout;
        case ECANCELED: return ErrorCode::canceled;
        default: return ErrorCode::io;
    }
}

// glibc's strerror_r under _GNU_SOURCE returns the text, which need not be in the buffer; strerror isn't thread-safe.
std::string words_of(int error_number) {
    char buffer[128] = {};
    return strerror_r(error_number, buffer, sizeof buffer);
}

}  // namespace

Error system_error(int error_number, const std::string& call, const std::string& path) {
    Error error;
    error.code = code_of(error_number);
    error.message = path.empty() ? call + ": " : call + " " + path + ": ";
    error.message += words_of(error_number);
    error.path = path;
    error.system_errno = error_number;
    return error;
}

}  // namespace backout
