// A target with a fault that only mutation can reach: what the burst must find.

#include "fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    BACKOUT_ASSERT(backout::fuzz::as_text(data, size).find("FAULT") == std::string_view::npos);
    return 0;
}
