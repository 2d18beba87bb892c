#include "host/posix_http.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include "base/text.h"
#include "host/curl_library.h"

namespace backout {
namespace {

constexpr std::size_t kHeaderLimit = 256U << 10;

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

std::string trim(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) return {};
    return std::string(text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1));
}

/// A URL in its parts. User name, password and query may be secrets: shown() leaves them out.
struct Url {
    std::string text;
    std::string scheme;
    std::string origin;  ///< scheme, host and port
    std::string shown;
};

class UrlParser {
  public:
    explicit UrlParser(const CurlLibrary& curl) : curl_(curl), handle_(curl.url()) {}
    ~UrlParser() { curl_.url_cleanup(handle_); }
    UrlParser(const UrlParser&) = delete;
    UrlParser& operator=(const UrlParser&) = delete;

    /// `base`: an absolute URL that `text` may be relative to.
    Result<Url> parse(const std::string& text, const std::string& base) {
        const bool based = base.empty() || curl_.url_set(handle_, CURLUPART_URL, base.c_str(), 0) == CURLUE_OK;
        const bool parsed = based && curl_.url_set(handle_, CURLUPART_URL, text.c_str(), 0) == CURLUE_OK;
        Url url;
        url.scheme = part(CURLUPART_SCHEME);
        if (!parsed || (url.scheme != "http" && url.scheme != "https")) {
            return Error{ErrorCode::invalid, "the URL must begin with http:// or https:// and be well-formed"};
        }
        url.text = part(CURLUPART_URL);
        url.origin = url.scheme + "://" + lower(part(CURLUPART_HOST)) + ":" + part(CURLUPART_PORT, CURLU_DEFAULT_PORT);
        const std::string port = part(CURLUPART_PORT);
        url.shown = url.scheme + "://" + part(CURLUPART_HOST) + (port.empty() ? "" : ":" + port) + part(CURLUPART_PATH);
        return url;
    }

  private:
    std::string part(CURLUPart which, unsigned flags = 0) {
        char* text = nullptr;
        if (curl_.url_get(handle_, which, &text, flags) != CURLUE_OK || text == nullptr) return {};
        std::string result = text;
        curl_.free(text);
        return result;
    }

    const CurlLibrary& curl_;
    CURLU* handle_;
};

/// One request and its answer, no redirects.
class Exchange {
  public:
    Exchange(const CurlLibrary& curl, const HttpRequest& request, const Url& url, const StopToken* stop)
        : curl_(curl), request_(request), url_(url), stop_(stop), handle_(curl.easy_init()) {}
    ~Exchange() {
        curl_.slist_free_all(headers_);
        curl_.easy_cleanup(handle_);
    }
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

    Result<HttpResponse> run(Nanoseconds timeout) {
        if (handle_ == nullptr) return Error{ErrorCode::io, "libcurl can't start a transfer"};
        for (const auto& [name, value] : request_.headers) BACKOUT_TRY(add_header(name, value));
        set_options(std::max<Nanoseconds>(timeout / kMillisecond, 1));
        const CURLcode code = curl_.easy_perform(handle_);
        if (code != CURLE_OK) return failure(code);
        long status = 0;
        curl_.easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
        response_.status = static_cast<int>(status);
        return std::move(response_);
    }

  private:
    template <typename Value>
    void set(CURLoption option, Value value) {
        curl_.easy_setopt(handle_, option, value);
    }

    Status add_header(const std::string& name, const std::string& value) {
        const bool clean = name.find_first_of(":\r\n") == std::string::npos && !name.empty() &&
                           value.find_first_of("\r\n") == std::string::npos;
        if (!clean) return Error{ErrorCode::invalid, "the header '" + printable(name) + "' is malformed"};
        const std::string line = value.empty() ? name + ";" : name + ": " + value;  // libcurl's way to send it empty
        headers_ = curl_.slist_append(headers_, line.c_str());
        return {};
    }

    void set_options(long timeout_milliseconds) {
        set(CURLOPT_URL, url_.text.c_str());
        set(CURLOPT_NOSIGNAL, 1L);
        set(CURLOPT_FOLLOWLOCATION, 0L);
        set(CURLOPT_SSL_VERIFYPEER, 1L);
        set(CURLOPT_SSL_VERIFYHOST, 2L);
        set(CURLOPT_TIMEOUT_MS, timeout_milliseconds);
        set(CURLOPT_CONNECTTIMEOUT_MS, timeout_milliseconds);
        set(CURLOPT_NOPROGRESS, 0L);
        set(CURLOPT_XFERINFOFUNCTION, &Exchange::look_for_stop);
        set(CURLOPT_XFERINFODATA, this);
        set(CURLOPT_WRITEFUNCTION, &Exchange::take_body);
        set(CURLOPT_WRITEDATA, this);
        set(CURLOPT_HEADERFUNCTION, &Exchange::take_header);
        set(CURLOPT_HEADERDATA, this);
        const bool has_agent = std::any_of(request_.headers.begin(), request_.headers.end(),
                                           [](const auto& header) { return lower(header.first) == "user-agent"; });
        if (!has_agent) set(CURLOPT_USERAGENT, "backout");
        if (request_.method == "HEAD") {
            set(CURLOPT_NOBODY, 1L);
        } else {
            const bool carries = !request_.body.empty() || request_.method == "POST" || request_.method == "PUT";
            if (carries) {
                headers_ = curl_.slist_append(headers_, "Expect:");  // no waiting for "100 Continue"
                set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
                set(CURLOPT_POSTFIELDS, request_.body.data());
            }
            set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
        }
        set(CURLOPT_HTTPHEADER, headers_);
    }

    Error failure(CURLcode code) const {
        const std::string what = request_.method + " " + url_.shown;
        if (stopped_) return Error{ErrorCode::canceled, what + ": stopped on request", url_.shown};
        if (too_long_) {
            return Error{ErrorCode::invalid, what + ": the answer is longer than " + human_bytes(request_.body_limit),
                         url_.shown};
        }
        // The words for the number only: the longer ones of an error buffer may hold parts of the URL.
        const std::string why = curl_.easy_strerror(code);
        const bool late = code == CURLE_OPERATION_TIMEDOUT;
        return Error{late ? ErrorCode::timeout : ErrorCode::io, what + ": " + why, url_.shown};
    }

    static int look_for_stop(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
        auto& exchange = *static_cast<Exchange*>(self);
        exchange.stopped_ = exchange.stop_ != nullptr && exchange.stop_->level() == StopLevel::at_once;
        return exchange.stopped_ ? 1 : 0;
    }

    static std::size_t take_body(char* bytes, std::size_t, std::size_t size, void* self) {
        auto& exchange = *static_cast<Exchange*>(self);
        exchange.too_long_ = size > exchange.request_.body_limit - exchange.response_.body.size();
        if (exchange.too_long_) return 0;
        exchange.response_.body.append(bytes, size);
        return size;
    }

    static std::size_t take_header(char* bytes, std::size_t, std::size_t size, void* self) {
        auto& exchange = *static_cast<Exchange*>(self);
        const std::string_view line(bytes, size);
        exchange.header_bytes_ += size;
        exchange.too_long_ = exchange.header_bytes_ > kHeaderLimit;
        if (exchange.too_long_) return 0;
        const auto colon = line.find(':');
        if (line.substr(0, 5) == "HTTP/")
            exchange.response_.headers.clear();  // an interim answer came before
        else if (colon != std::string_view::npos) {
            exchange.response_.headers.emplace_back(trim(line.substr(0, colon)), trim(line.substr(colon + 1)));
        }
        return size;
    }

    const CurlLibrary& curl_;
    const HttpRequest& request_;
    const Url& url_;
    const StopToken* stop_;
    CURL* handle_;
    curl_slist* headers_ = nullptr;
    HttpResponse response_;
    std::size_t header_bytes_ = 0;
    bool too_long_ = false;
    bool stopped_ = false;
};

std::optional<std::string> redirect_target(const HttpResponse& response) {
    static constexpr int kRedirects[] = {301, 302, 303, 307, 308};
    if (std::find(std::begin(kRedirects), std::end(kRedirects), response.status) == std::end(kRedirects)) {
        return std::nullopt;
    }
    for (const auto& [name, value] : response.headers) {
        if (lower(name) == "location") return value;
    }
    return std::nullopt;
}

bool changes_something(const std::string& method) {
    return method != "GET" && method != "HEAD";
}

void drop_credentials(HttpRequest& request) {
    const auto harmless = [](const std::string& name) { return name == "accept" || name == "user-agent"; };
    std::vector<std::pair<std::string, std::string>> kept;
    for (auto& header : request.headers) {
        if (harmless(lower(header.first))) kept.push_back(std::move(header));
    }
    request.headers = std::move(kept);
}

/// Turns `request` into the one that a redirect from `from` to `to` asks for, or refuses.
Status redirect(HttpRequest& request, int status, const Url& from, const Url& to) {
    if (from.scheme == "https" && to.scheme != "https") {
        return Error{ErrorCode::not_permitted,
                     from.shown + " redirects to " + to.shown + ", which isn't encrypted: refused", from.shown};
    }
    const bool becomes_get = status == 303 || ((status == 301 || status == 302) && request.method == "POST");
    if (becomes_get && changes_something(request.method)) {
        request.method = "GET";
        request.body.clear();
    }
    if (from.origin == to.origin) return {};
    if (changes_something(request.method)) {
        return Error{ErrorCode::not_permitted,
                     from.shown + " redirects a " + request.method + " to another server, " + to.shown + ": refused",
                     from.shown};
    }
    drop_credentials(request);
    return {};
}

}  // namespace

Result<HttpResponse> posix_http(const HttpRequest& request, const StopToken* stop) {
    BACKOUT_TRY_ASSIGN(const CurlLibrary* const curl, curl_library());
    if (stop != nullptr && stop->level() == StopLevel::at_once) {
        return Error{ErrorCode::canceled, "stopped on request"};
    }
    SystemClock clock;
    const Nanoseconds end = clock.monotonic() + request.timeout;
    HttpRequest current = request;
    BACKOUT_TRY_ASSIGN(Url url, UrlParser(*curl).parse(current.url, ""));
    for (int redirects = 0;; ++redirects) {
        const Nanoseconds left = end - clock.monotonic();
        if (left <= 0) return Error{ErrorCode::timeout, request.method + " " + url.shown + ": timed out", url.shown};
        BACKOUT_TRY_ASSIGN(HttpResponse response, Exchange(*curl, current, url, stop).run(left));
        const std::optional<std::string> target = redirect_target(response);
        if (!target || request.redirect_limit == 0) return response;
        if (redirects >= request.redirect_limit) {
            return Error{ErrorCode::invalid,
                         url.shown + ": more than " + std::to_string(request.redirect_limit) + " redirects", url.shown};
        }
        BACKOUT_TRY_ASSIGN(Url next, UrlParser(*curl).parse(*target, url.text));
        BACKOUT_TRY(redirect(current, response.status, url, next));
        url = std::move(next);
    }
}

}  // namespace backout
