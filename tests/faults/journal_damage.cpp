#include "faults/journal_damage.h"

#include <algorithm>
#include <memory>
#include <random>

namespace backout {

namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kSector = 512;

Bytes part(const Bytes& data, std::size_t at, std::size_t size) {
    return at < data.size() ? data.substr(at, size) : Bytes{};
}

Bytes noise(std::size_t seed) {
    std::mt19937_64 random(seed);
    Bytes bytes(kPage, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    return bytes;
}

std::string words(const char* what, std::size_t one, const char* link = "", std::size_t other = 0) {
    std::string text = what + std::to_string(one);
    return *link == '\0' ? text : text + link + std::to_string(other);
}

}  // namespace

Row every_bit(const std::string& file, const Bytes& content, std::size_t used) {
    const auto flip = [&content, file](std::size_t i) {
        const auto changed = static_cast<char>(content[i / 8] ^ static_cast<char>(1U << (i % 8)));
        return Damage{file, words("bit ", i % 8, " of byte ", i / 8), {{i / 8, Bytes(1, changed)}}};
    };
    return {"bits of " + file, 8 * std::min(used, content.size()), flip};
}

Row every_cut(const std::string& file, std::size_t used, std::size_t size) {
    const std::size_t pages = size > used ? (size - used) / kPage : 0;
    const auto cut = [=](std::size_t i) {
        std::size_t to = i;
        if (i >= used) to = i - used < pages ? used + (i - used) * kPage : size - 1;
        return Damage{file, words("cut to ", to), {}, to};
    };
    return {"cuts of " + file, used + pages + 1, cut};
}

Row every_page_move(const Bytes& data, std::size_t used) {
    const std::size_t pages = used / kPage;
    const auto move = [&data, pages](std::size_t i) {
        const std::size_t one = i / pages;
        const std::size_t other = i % pages;
        Damage damage{"data.mdb", words("page ", one, one < other ? " swapped with " : " written over ", other)};
        damage.puts.emplace_back(other * kPage, part(data, one * kPage, kPage));
        if (one < other) damage.puts.emplace_back(one * kPage, part(data, other * kPage, kPage));
        return damage;
    };
    return {"page moves", pages * pages, move};
}

Row every_page_lost(const Bytes& data, std::size_t used) {
    const auto lose = [&data](std::size_t i) {
        const std::size_t page = i / 4;
        Bytes instead = noise(i);
        if (i % 4 == 0) instead = Bytes(kPage, '\0');
        if (i % 4 == 1) instead = Bytes(kPage, '\xff');
        // The beginning is right, the end isn't: what a write leaves that was cut.
        if (i % 4 == 2) instead = part(data, page * kPage, kSector * (1 + page % 7)) + Bytes(kPage, '\0');
        return Damage{
            "data.mdb", words("page ", page, " lost, way ", i % 4), {{page * kPage, instead.substr(0, kPage)}}};
    };
    return {"pages lost", used / kPage * 4, lose};
}

Row every_lost_write(const Bytes& data, std::size_t used, const std::vector<Bytes>& older) {
    auto all = std::make_shared<std::vector<Damage>>();
    for (std::size_t copy = 0; copy < older.size(); ++copy) {
        for (const std::size_t size : {kPage, kSector}) {
            for (std::size_t at = 0; at < used; at += size) {
                const Bytes former = part(older[copy], at, size);
                if (former.size() < size || former == part(data, at, size)) continue;
                const std::string name = words("write lost at ", at, ", bytes ", size) + words(", as in copy ", copy);
                all->push_back(Damage{"data.mdb", name, {{at, former}}});
            }
        }
    }
    return {"lost writes", all->size(), [all](std::size_t i) { return (*all)[i]; }};
}

}  // namespace backout
