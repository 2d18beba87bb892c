#include "host/curl_library.h"

#include <dlfcn.h>

namespace backout {
namespace {

template <typename Function>
bool find(void* library, const char* name, Function& function) {
    function = reinterpret_cast<Function>(::dlsym(library, name));
    return function != nullptr;
}

Result<const CurlLibrary*> load() {
    static CurlLibrary curl;
    void* library = ::dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    decltype(&::curl_global_init) global_init = nullptr;
    const bool complete =
        library != nullptr && find(library, "curl_global_init", global_init) &&
        find(library, "curl_easy_init", curl.easy_init) && find(library, "curl_easy_setopt", curl.easy_setopt) &&
        find(library, "curl_easy_perform", curl.easy_perform) &&
        find(library, "curl_easy_cleanup", curl.easy_cleanup) &&
        find(library, "curl_easy_getinfo", curl.easy_getinfo) &&
        find(library, "curl_easy_strerror", curl.easy_strerror) &&
        find(library, "curl_slist_append", curl.slist_append) &&
        find(library, "curl_slist_free_all", curl.slist_free_all) && find(library, "curl_url", curl.url) &&
        find(library, "curl_url_cleanup", curl.url_cleanup) && find(library, "curl_url_set", curl.url_set) &&
        find(library, "curl_url_get", curl.url_get) && find(library, "curl_free", curl.free);
    if (!complete) {
        return Error{ErrorCode::unsupported,
                     "HTTP needs libcurl.so.4 (7.62 or later), which can't be loaded: install libcurl4"};
    }
    if (global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return Error{ErrorCode::unsupported, "libcurl can't be initialized"};
    }
    return const_cast<const CurlLibrary*>(&curl);
}

}  // namespace

Result<const CurlLibrary*> curl_library() {
    static const Result<const CurlLibrary*> loaded = load();  // once, whichever thread comes first
    return loaded;
}

}  // namespace backout
