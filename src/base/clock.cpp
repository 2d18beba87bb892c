#include "base/clock.h"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <optional>
#include <string_view>

#include "base/assert.h"

namespace backout {

namespace {

constexpr Nanoseconds kMinute = 60 * kSecond;
constexpr Nanoseconds kHour = 60 * kMinute;
constexpr Nanoseconds kDay = 24 * kHour;

Error invalid(std::string message) {
    Error error;
    error.code = ErrorCode::invalid;
    error.message = std::move(message);
    return error;
}

bool is_digit(char letter) {
    return letter >= '0' && letter <= '9';
}

// Reads a text from the left; each function eats what it names, or nothing.
class Scanner {
  public:
    explicit Scanner(std::string_view text) : rest_(text) {}

    bool at_end() const { return rest_.empty(); }

    bool eat(char letter) {
        if (rest_.empty() || rest_.front() != letter) return false;
        rest_.remove_prefix(1);
        return true;
    }

    /// Exactly `count` digits, at most 18.
    std::optional<std::int64_t> digits(std::size_t count) {
        if (rest_.size() < count) return std::nullopt;
        std::int64_t value = 0;
        for (const char letter : rest_.substr(0, count)) {
            if (!is_digit(letter)) return std::nullopt;
            value = value * 10 + (letter - '0');
        }
        rest_.remove_prefix(count);
        return value;
    }

    std::size_t count_digits() const {
        std::size_t count = 0;
        while (count < rest_.size() && is_digit(rest_[count])) ++count;
        return count;
    }

    std::string_view letters() {
        std::size_t count = 0;
        while (count < rest_.size() && rest_[count] >= 'a' && rest_[count] <= 'z') ++count;
        const std::string_view word = rest_.substr(0, count);
        rest_.remove_prefix(count);
        return word;
    }

  private:
    std::string_view rest_;
};

std::optional<std::int64_t> scan_date_days(Scanner& scanner) {
    const auto year = scanner.digits(4);
    if (!year || !scanner.eat('-')) return std::nullopt;
    const auto month = scanner.digits(2);
    if (!month || !scanner.eat('-')) return std::nullopt;
    const auto day = scanner.digits(2);
    if (!day) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                           std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day))};
    if (!date.ok()) return std::nullopt;
    return std::chrono::sys_days(date).time_since_epoch().count();
}

std::optional<std::int64_t> scan_fraction_nanoseconds(Scanner& scanner) {
    if (!scanner.eat('.')) return 0;
    const std::size_t count = scanner.count_digits();
    if (count == 0 || count > 9) return std::nullopt;
    std::int64_t nanoseconds = *scanner.digits(count);
    for (std::size_t place = count; place < 9; ++place) nanoseconds *= 10;
    return nanoseconds;
}

std::optional<std::int64_t> scan_time_of_day_seconds(Scanner& scanner) {
    const auto hour = scanner.digits(2);
    if (!hour || !scanner.eat(':')) return std::nullopt;
    const auto minute = scanner.digits(2);
    if (!minute || !scanner.eat(':')) return std::nullopt;
    const auto second = scanner.digits(2);
    // 60 is a leap second; Unix time has no place of its own for it.
    if (!second || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
    return *hour * 3600 + *minute * 60 + *second;
}

std::optional<std::int64_t> scan_offset_seconds(Scanner& scanner) {
    if (scanner.eat('Z') || scanner.eat('z')) return 0;
    const bool east = scanner.eat('+');
    if (!east && !scanner.eat('-')) return std::nullopt;
    const auto hour = scanner.digits(2);
    if (!hour || !scanner.eat(':')) return std::nullopt;
    const auto minute = scanner.digits(2);
    if (!minute || *hour > 23 || *minute > 59) return std::nullopt;
    const std::int64_t seconds = *hour * 3600 + *minute * 60;
    return east ? seconds : -seconds;
}

std::optional<UnixNanoseconds> scan_time(Scanner& scanner) {
    const auto days = scan_date_days(scanner);
    if (!days || !(scanner.eat('T') || scanner.eat('t') || scanner.eat(' '))) return std::nullopt;
    const auto seconds = scan_time_of_day_seconds(scanner);
    if (!seconds) return std::nullopt;
    const auto fraction = scan_fraction_nanoseconds(scanner);
    if (!fraction) return std::nullopt;
    const auto offset = scan_offset_seconds(scanner);
    if (!offset || !scanner.at_end()) return std::nullopt;
    UnixNanoseconds time = 0;
    const std::int64_t unix_seconds = *days * 86'400 + *seconds - *offset;
    if (__builtin_mul_overflow(unix_seconds, kSecond, &time)) return std::nullopt;
    if (__builtin_add_overflow(time, *fraction, &time)) return std::nullopt;
    return time;
}

std::optional<Nanoseconds> unit_length(std::string_view unit) {
    if (unit == "d") return kDay;
    if (unit == "h") return kHour;
    if (unit == "m") return kMinute;
    if (unit == "s") return kSecond;
    if (unit == "ms") return kMillisecond;
    return std::nullopt;
}

// One "NUMBER[.FRACTION]UNIT" whose unit is shorter than `*previous_unit`, which becomes that unit.
std::optional<Nanoseconds> scan_duration_part(Scanner& scanner, Nanoseconds* previous_unit) {
    const std::size_t count = scanner.count_digits();
    if (count == 0 || count > 18) return std::nullopt;
    const std::int64_t whole = *scanner.digits(count);
    std::int64_t thousandths = 0;
    if (scanner.eat('.')) {
        const std::size_t places = scanner.count_digits();
        if (places == 0 || places > 3) return std::nullopt;
        thousandths = *scanner.digits(places);
        for (std::size_t place = places; place < 3; ++place) thousandths *= 10;
    }
    const auto unit = unit_length(scanner.letters());
    if (!unit || *unit >= *previous_unit) return std::nullopt;
    *previous_unit = *unit;
    Nanoseconds duration = 0;
    if (__builtin_mul_overflow(whole, *unit, &duration)) return std::nullopt;
    if (__builtin_add_overflow(duration, thousandths * (*unit / 1000), &duration)) return std::nullopt;
    return duration;
}

std::string two_units(std::int64_t large, const char* large_unit, std::int64_t small, const char* small_unit) {
    std::string text = std::to_string(large) + large_unit;
    if (small != 0) text += std::to_string(small) + small_unit;
    return text;
}

std::int64_t rounded(Nanoseconds duration, Nanoseconds unit) {
    return duration / unit + (duration % unit >= unit / 2 ? 1 : 0);
}

Nanoseconds read_clock(clockid_t clock) {
    timespec time{};
    BACKOUT_ASSERT(clock_gettime(clock, &time) == 0);
    return static_cast<std::int64_t>(time.tv_sec) * kSecond + time.tv_nsec;
}

void fill_random(void* buffer, std::size_t size) {
    auto* bytes = static_cast<unsigned char*>(buffer);
    while (size > 0) {
        const ssize_t got = getrandom(bytes, size, 0);
        if (got < 0 && errno == EINTR) continue;
        BACKOUT_ASSERT(got > 0);
        bytes += got;
        size -= static_cast<std::size_t>(got);
    }
}

}  // namespace

std::string format_time(UnixNanoseconds time) {
    const std::chrono::sys_time<std::chrono::nanoseconds> point{std::chrono::nanoseconds(time)};
    const auto day = std::chrono::floor<std::chrono::days>(point);
    const std::chrono::year_month_day date{day};
    const std::int64_t milliseconds = std::chrono::floor<std::chrono::milliseconds>(point - day).count();
    std::array<char, 64> buffer{};
    std::snprintf(buffer.data(), buffer.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  static_cast<int>(milliseconds / 3'600'000), static_cast<int>(milliseconds / 60'000 % 60),
                  static_cast<int>(milliseconds / 1000 % 60), static_cast<int>(milliseconds % 1000));
    return buffer.data();
}

Result<UnixNanoseconds> parse_time(const std::string& text) {
    Scanner scanner(text);
    const auto time = scan_time(scanner);
    if (!time) return invalid("'" + text + "' is no time; write it as 2026-11-20T02:11:09Z");
    return *time;
}

Result<Nanoseconds> parse_duration(const std::string& text) {
    Scanner scanner(text);
    Nanoseconds total = 0;
    Nanoseconds previous_unit = kDay + 1;
    bool valid = !scanner.at_end();
    while (valid && !scanner.at_end()) {
        const auto part = scan_duration_part(scanner, &previous_unit);
        valid = part && !__builtin_add_overflow(total, *part, &total);
    }
    if (!valid) {
        return invalid("'" + text +
                       "' is no duration; write numbers with the units d, h, m, s or ms, as in 90s, 2m30s " +
                       "or 500ms");
    }
    return total;
}

std::string format_duration(Nanoseconds duration) {
    if (duration < 0) return "-" + format_duration(duration == INT64_MIN ? INT64_MAX : -duration);
    if (duration == 0) return "0s";
    if (duration < kMillisecond) return "<1ms";
    const std::int64_t milliseconds = rounded(duration, kMillisecond);
    if (milliseconds < 1000) return std::to_string(milliseconds) + "ms";
    const std::int64_t tenths = rounded(duration, kSecond / 10);
    if (tenths < 600) return std::to_string(tenths / 10) + (tenths % 10 ? "." + std::to_string(tenths % 10) : "") + "s";
    const std::int64_t seconds = rounded(duration, kSecond);
    if (seconds < 3600) return two_units(seconds / 60, "m", seconds % 60, "s");
    const std::int64_t minutes = rounded(duration, kMinute);
    if (minutes < 24 * 60) return two_units(minutes / 60, "h", minutes % 60, "m");
    const std::int64_t hours = rounded(duration, kHour);
    return two_units(hours / 24, "d", hours % 24, "h");
}

UnixNanoseconds SystemClock::now() {
    return read_clock(CLOCK_REALTIME);
}

Nanoseconds SystemClock::monotonic() {
    return read_clock(CLOCK_MONOTONIC);
}

void SystemClock::sleep(Nanoseconds duration) {
    if (duration <= 0) return;
    timespec time{};
    time.tv_sec = static_cast<time_t>(duration / kSecond);
    time.tv_nsec = static_cast<long>(duration % kSecond);
    // One call on purpose: a signal that asks the run to stop must end the sleep.
    nanosleep(&time, nullptr);
}

std::string SystemIdSource::random_name(std::size_t length) {
    static constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
    static constexpr unsigned kUnbiasedLimit = 256 / 36 * 36;
    std::string name;
    name.reserve(length);
    while (name.size() < length) {
        std::array<unsigned char, 32> bytes{};
        fill_random(bytes.data(), bytes.size());
        for (const unsigned char byte : bytes) {
            if (byte < kUnbiasedLimit && name.size() < length) name += kAlphabet[byte % kAlphabet.size()];
        }
    }
    return name;
}

std::uint64_t SystemIdSource::random_number() {
    std::uint64_t number = 0;
    fill_random(&number, sizeof number);
    return number;
}

}  // namespace backout
