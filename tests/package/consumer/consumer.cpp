// A program that embeds the library as somebody else would: installed headers, nothing of this tree.
#include <backout/base/clock.h>
#include <backout/base/digest.h>

#include <iostream>

int main() {
    const auto duration = backout::parse_duration("90s");
    if (!duration.ok()) return 1;
    std::cout << backout::format_duration(*duration) << " " << backout::sha256_hex("abc").substr(0, 8) << "\n";
    return 0;
}
