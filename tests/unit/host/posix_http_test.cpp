#include "host/posix_http.h"

#include <gmock/gmock.h>

#include <vector>

#include "unit/host/host_fixture.h"
#include "unit/host/http_server.h"

namespace backout {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;
using testing::StartsWith;

HttpRequest get(const std::string& url) {
    HttpRequest request;
    request.url = url;
    return request;
}

TEST(PosixHttp, gets_status_headers_and_body) {
    std::string heard;
    HttpServer server([&](const std::string& request) {
        heard = request;
        return http_answer(404, std::string("a\0b", 3), "X-Thing:  word \r\n");
    });
    HttpRequest request = get(server.url("/path?query=1"));
    request.headers = {{"X-Mine", "value"}, {"X-Empty", ""}};
    const HttpResponse response = must(posix_http(request, nullptr));
    EXPECT_EQ(404, response.status);
    EXPECT_EQ(std::string("a\0b", 3), response.body);
    EXPECT_THAT(response.headers, Contains(Pair("X-Thing", "word")));
    EXPECT_THAT(heard, AllOf(StartsWith("GET /path?query=1 HTTP/1.1\r\n"), HasSubstr("X-Mine: value\r\n"),
                             HasSubstr("X-Empty:\r\n"), HasSubstr("User-Agent: backout\r\n")));
}

TEST(PosixHttp, sends_any_method_with_its_body) {
    std::string heard;
    HttpServer server([&](const std::string& request) {
        heard = request;
        return http_answer(201, "");
    });
    for (const char* method : {"POST", "PUT", "PATCH", "DELETE"}) {
        HttpRequest request = get(server.url("/x"));
        request.method = method;
        request.body = std::string("{\"a\":\0}", 7);
        request.headers = {{"Content-Type", "application/json"}};
        EXPECT_EQ(201, must(posix_http(request, nullptr)).status);
        EXPECT_THAT(heard, AllOf(StartsWith(method), HasSubstr("Content-Length: 7\r\n"), Not(HasSubstr("Expect"))));
        EXPECT_EQ(request.body, heard.substr(heard.size() - 7));
    }
    HttpRequest empty = get(server.url("/x"));
    empty.method = "POST";
    EXPECT_EQ(201, must(posix_http(empty, nullptr)).status);
    EXPECT_THAT(heard, HasSubstr("Content-Length: 0\r\n"));
    HttpRequest head = get(server.url("/x"));
    head.method = "HEAD";
    EXPECT_EQ(201, must(posix_http(head, nullptr)).status);
}

TEST(PosixHttp, an_answer_that_is_too_long_is_refused) {
    HttpServer server([](const std::string&) { return http_answer(200, std::string(1001, 'x')); });
    HttpRequest request = get(server.url("/"));
    request.body_limit = 1000;
    EXPECT_CODE(ErrorCode::invalid, posix_http(request, nullptr));
    request.body_limit = 1001;
    EXPECT_EQ(1001U, must(posix_http(request, nullptr)).body.size());
}

TEST(PosixHttp, a_silent_server_is_left_in_time) {
    StopToken over;
    HttpServer server([&](const std::string&) {
        while (over.level() == StopLevel::none) std::this_thread::sleep_for(std::chrono::milliseconds(10));
        return http_answer(200, "");
    });
    HttpRequest request = get(server.url("/"));
    request.timeout = 200 * kMillisecond;
    EXPECT_CODE(ErrorCode::timeout, posix_http(request, nullptr));
    over.request(2);
}

TEST(PosixHttp, a_stop_at_once_ends_the_wait) {
    StopToken stop;
    HttpServer server([&](const std::string&) {
        stop.request(2);
        stop.request(2);
        std::this_thread::sleep_for(std::chrono::seconds(2));
        return http_answer(200, "");
    });
    EXPECT_CODE(ErrorCode::canceled, posix_http(get(server.url("/")), &stop));
    EXPECT_CODE(ErrorCode::canceled, posix_http(get(server.url("/")), &stop));
}

TEST(PosixHttp, redirects_are_followed_up_to_the_limit) {
    HttpServer server([](const std::string& request) {
        if (request.find("GET /end ") != std::string::npos) return http_answer(200, "there");
        if (request.find("/ring") != std::string::npos) return http_answer(302, "", "Location: /ring\r\n");
        return http_answer(302, "", "Location: /end\r\n");
    });
    EXPECT_EQ("there", must(posix_http(get(server.url("/start")), nullptr)).body);
    EXPECT_CODE(ErrorCode::invalid, posix_http(get(server.url("/ring")), nullptr));
    HttpRequest none = get(server.url("/start"));
    none.redirect_limit = 0;
    EXPECT_EQ(302, must(posix_http(none, nullptr)).status);
}

TEST(PosixHttp, credentials_stay_with_their_server) {
    std::string heard;
    HttpServer other([&](const std::string& request) {
        heard = request;
        return http_answer(200, "");
    });
    HttpServer server(
        [&](const std::string&) { return http_answer(302, "", "Location: " + other.url("/x") + "\r\n"); });
    HttpRequest request = get("http://name:secret@127.0.0.1:" + std::to_string(server.port()) + "/");
    request.headers = {{"Authorization", "Bearer secret"}, {"X-Api-Key", "secret"}, {"Accept", "text/plain"}};
    EXPECT_EQ(200, must(posix_http(request, nullptr)).status);
    EXPECT_THAT(heard,
                AllOf(Not(HasSubstr("secret")), Not(HasSubstr("Authorization")), HasSubstr("Accept: text/plain")));
    heard.clear();
    request.method = "DELETE";
    EXPECT_CODE(ErrorCode::not_permitted, posix_http(request, nullptr));
    EXPECT_EQ("", heard);
}

TEST(PosixHttp, a_redirected_post_becomes_a_get_without_its_body) {
    std::vector<std::string> heard;
    HttpServer server([&](const std::string& request) {
        heard.push_back(request);
        return heard.size() == 1 ? http_answer(303, "", "Location: /see\r\n") : http_answer(200, "");
    });
    HttpRequest request = get(server.url("/"));
    request.method = "POST";
    request.body = "body";
    EXPECT_EQ(200, must(posix_http(request, nullptr)).status);
    EXPECT_THAT(heard.at(1), AllOf(StartsWith("GET /see "), Not(HasSubstr("body"))));
}

TEST(PosixHttp, errors_show_no_secret_of_the_url) {
    int port = 0;
    {
        port = HttpServer([](const std::string&) { return std::string(); }).port();
    }  // nobody listens there any more
    const std::string address = "127.0.0.1:" + std::to_string(port);
    const auto refused = posix_http(get("http://name:secret@" + address + "/path?token=secret"), nullptr);
    EXPECT_CODE(ErrorCode::io, refused);
    EXPECT_THAT(refused.error().text(), AllOf(HasSubstr(address + "/path"), Not(HasSubstr("secret"))));
    EXPECT_THAT(refused.error().path, Not(HasSubstr("secret")));
}

TEST(PosixHttp, only_web_addresses_and_clean_headers_are_taken) {
    for (const char* url : {"", "file:///etc/passwd", "ftp://x/", "no url", "http://"}) {
        EXPECT_CODE(ErrorCode::invalid, posix_http(get(url), nullptr));
    }
    HttpRequest request = get("http://127.0.0.1:1/");
    request.headers = {{"X", "a\r\nInjected: b"}};
    EXPECT_CODE(ErrorCode::invalid, posix_http(request, nullptr));
}

TEST(PosixTcp, tells_whether_somebody_listens) {
    int port = 0;
    {
        HttpServer server([](const std::string&) { return std::string(); });
        port = server.port();
        EXPECT_OK(posix_connect_tcp("127.0.0.1", port, 5 * kSecond));
        EXPECT_OK(posix_connect_tcp("localhost", port, 5 * kSecond));
    }
    EXPECT_CODE(ErrorCode::io, posix_connect_tcp("127.0.0.1", port, 5 * kSecond));
    EXPECT_CODE(ErrorCode::invalid, posix_connect_tcp("127.0.0.1", 0, kSecond));
    EXPECT_CODE(ErrorCode::invalid, posix_connect_tcp("", 80, kSecond));
}

}  // namespace
}  // namespace backout
