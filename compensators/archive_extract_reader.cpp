#include "compensators/archive_extract_reader.h"

#include <algorithm>
#include <clocale>
#include <map>

#include "base/bytes.h"
#include "base/text.h"
#include "compensators/archive_extract_library.h"

namespace backout {

namespace {

constexpr std::size_t kBlock = 256U << 10;
constexpr std::uint64_t kRatioFree = 64U << 20;
constexpr int kMostRetries = 10;
constexpr std::uint32_t kSetIdBits = 06000;
constexpr std::size_t kMostWarnings = 50;

/// libarchive brings names into the thread's encoding; without this, in the C locale, "é" would come out as "?".
class Utf8Locale {
  public:
    Utf8Locale() : locale_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
        if (locale_ != nullptr) former_ = ::uselocale(locale_);
    }
    ~Utf8Locale() {
        if (locale_ == nullptr) return;
        ::uselocale(former_);
        ::freelocale(locale_);
    }
    Utf8Locale(const Utf8Locale&) = delete;
    Utf8Locale& operator=(const Utf8Locale&) = delete;

  private:
    locale_t locale_;
    locale_t former_ = nullptr;
};

std::string text_of(const char* plain, const char* utf8) {
    if (plain != nullptr) return plain;
    return utf8 != nullptr ? utf8 : "";
}

}  // namespace

EntryState implied_directory(const ArchiveRules& rules) {
    EntryState state;
    state.type = EntryType::directory;
    state.mode = 0755;
    state.uid = rules.user;
    state.gid = rules.group;
    return state;
}

class ArchiveReader::Implementation {
  public:
    Implementation(InputFile& file, Host& host, const ArchiveRules& rules, const ArchiveLibrary& library)
        : file_(file),
          host_(host),
          rules_(rules),
          library_(library),
          archive_(library.read_new()),
          names_(rules.strip) {}
    ~Implementation() {
        if (archive_ != nullptr) library_.read_free(archive_);
    }
    Implementation(const Implementation&) = delete;
    Implementation& operator=(const Implementation&) = delete;

    Status open() {
        if (archive_ == nullptr) return Error{ErrorCode::failed, "no memory for an archive"};
        BACKOUT_TRY_ASSIGN(const FileStatus status, file_.status());
        size_ = status.size;
        for (const auto support : {library_.support_gzip, library_.support_xz, library_.support_zstd,
                                   library_.support_bzip2, library_.support_tar, library_.support_zip}) {
            // "Warning" means that an external program would do the work; better a clear refusal when it is needed.
            if (support(archive_) < ARCHIVE_WARN) return failure("prepare");
        }
        library_.set_read(archive_, &Implementation::read_some);
        library_.set_skip(archive_, &Implementation::skip_some);
        library_.set_seek(archive_, &Implementation::seek_to);
        library_.set_data(archive_, this);
        const Utf8Locale locale;
        if (library_.open1(archive_) != ARCHIVE_OK) return failure("open");
        return {};
    }

    Result<std::optional<ArchiveItem>> next() {
        for (;;) {
            BACKOUT_TRY_ASSIGN(struct archive_entry* const entry, next_entry());
            entry_ = entry;
            if (entry == nullptr) return finish();
            if (++entries_ > rules_.limits.entries) {
                return Error{ErrorCode::invalid, "the archive has more than " + std::to_string(rules_.limits.entries) +
                                                     " entries (limits.entries)"};
            }
            BACKOUT_TRY_ASSIGN(std::optional<ArchiveItem> item, item_of(entry));
            if (item) return item;
        }
    }

    Result<std::uint64_t> read_content(const Sink& sink) {
        std::uint64_t end = 0;
        for (;;) {
            const void* data = nullptr;
            std::size_t length = 0;
            la_int64_t offset = 0;
            const int result = library_.data_block(archive_, &data, &length, &offset);
            if (result == ARCHIVE_EOF) break;
            if (result == ARCHIVE_RETRY) continue;
            if (result < ARCHIVE_WARN) return failure("read");
            const auto begin = static_cast<std::uint64_t>(offset);
            if (offset < 0 || begin < end) return Error{ErrorCode::invalid, "the archive's blocks are out of order"};
            BACKOUT_TRY(count(begin + length - end));
            end = begin + length;
            if (length > 0) BACKOUT_TRY(sink(begin, {static_cast<const char*>(data), length}));
        }
        if (library_.size_is_set(entry_) == 0) return end;
        const auto stated = static_cast<std::uint64_t>(std::max<la_int64_t>(library_.size(entry_), 0));
        if (stated > end) BACKOUT_TRY(count(stated - end));
        return std::max(stated, end);
    }

    const std::vector<std::string>& warnings() const { return warnings_; }

  private:
    // ---- what libarchive calls --------------------------------------------------------------------------------------

    static la_ssize_t read_some(struct archive* archive, void* self, const void** buffer) {
        return static_cast<Implementation*>(self)->read_block(archive, buffer);
    }
    static la_int64_t skip_some(struct archive* /*archive*/, void* self, la_int64_t request) {
        auto* reader = static_cast<Implementation*>(self);
        const std::uint64_t left = reader->size_ - std::min(reader->offset_, reader->size_);
        const std::uint64_t step = std::min(left, static_cast<std::uint64_t>(std::max<la_int64_t>(request, 0)));
        reader->offset_ += step;
        return static_cast<la_int64_t>(step);
    }
    static la_int64_t seek_to(struct archive* /*archive*/, void* self, la_int64_t offset, int whence) {
        auto* reader = static_cast<Implementation*>(self);
        const auto base =
            static_cast<la_int64_t>(whence == SEEK_SET ? 0 : (whence == SEEK_CUR ? reader->offset_ : reader->size_));
        const la_int64_t target = base + offset;
        if (target < 0 || static_cast<std::uint64_t>(target) > reader->size_) return ARCHIVE_FATAL;
        reader->offset_ = static_cast<std::uint64_t>(target);
        return target;
    }

    la_ssize_t read_block(struct archive* archive, const void** buffer) {
        auto block = file_.read(offset_, kBlock);
        if (!block) {
            library_.set_error(archive, EIO, "%s", block.error().message.c_str());
            return -1;
        }
        block_ = std::move(block).value();
        offset_ += block_.size();
        consumed_ = std::max(consumed_, offset_);
        *buffer = block_.data();
        return static_cast<la_ssize_t>(block_.size());
    }

    // ---- entries ----------------------------------------------------------------------------------------------------

    Error failure(const std::string& doing) const {
        const char* words = library_.error_string(archive_);
        return Error{ErrorCode::invalid, "can't " + doing + " the archive: " +
                                             (words != nullptr ? printable(words) : std::string("unknown format"))};
    }

    void warn(const std::string& text) {
        if (warnings_.size() < kMostWarnings) warnings_.push_back(text);
    }

    Result<struct archive_entry*> next_entry() {
        const Utf8Locale locale;
        struct archive_entry* entry = nullptr;
        for (int retries = 0; retries < kMostRetries; ++retries) {
            const int result = library_.next_header(archive_, &entry);
            if (result == ARCHIVE_EOF) return static_cast<struct archive_entry*>(nullptr);
            if (result == ARCHIVE_RETRY) continue;
            if (result < ARCHIVE_WARN) return failure("read");
            if (result == ARCHIVE_WARN) {
                const char* words = library_.error_string(archive_);
                warn(words != nullptr ? printable(words) : std::string("an entry is damaged"));
            }
            return entry;
        }
        return failure("read");
    }

    Result<std::optional<ArchiveItem>> finish() {
        if (!rules_.outside_links) BACKOUT_TRY(names_.check_links());
        if (entries_ == 0 && consumed_ > 0 && size_ > 0) warn("the archive is empty");
        for (const std::string& clash : names_.case_clashes()) warn("names that differ in case alone: " + clash);
        return std::optional<ArchiveItem>();
    }

    Status count(std::uint64_t more) {
        bytes_ += more;
        if (bytes_ > rules_.limits.bytes) {
            return Error{ErrorCode::invalid,
                         "the archive unpacks to more than " + human_bytes(rules_.limits.bytes) + " (limits.bytes)"};
        }
        const std::uint64_t packed = std::max<std::uint64_t>(consumed_, 1);
        if (bytes_ > kRatioFree && bytes_ / packed > rules_.limits.ratio) {
            return Error{ErrorCode::invalid, "the archive unpacks to more than " + std::to_string(rules_.limits.ratio) +
                                                 " times its size (limits.ratio): it may be a bomb"};
        }
        return {};
    }

    Result<std::optional<ArchiveItem>> item_of(struct archive_entry* entry) {
        const Utf8Locale locale;
        const std::string name = text_of(library_.pathname(entry), library_.pathname_utf8(entry));
        if (name.empty()) return Error{ErrorCode::invalid, "the archive holds an entry without a name"};
        if (library_.is_encrypted(entry) != 0) {
            return Error{ErrorCode::unsupported,
                         "'" + printable(name) + "' in the archive is encrypted; unpack it another way"};
        }
        BACKOUT_TRY_ASSIGN(const std::optional<std::string> path, names_.clean(name));
        ArchiveItem item;
        BACKOUT_TRY_ASSIGN(item.state, state_of(entry, name));
        const bool skipped = !path || (path->empty() && item.state.type != EntryType::directory);
        if (skipped) {
            if (item.state.type != EntryType::directory)
                warn(printable(name) + " is left out: strip takes its whole name");
            return std::optional<ArchiveItem>();
        }
        item.path = *path;
        if (library_.mtime_is_set(entry) != 0)
            item.mtime = library_.mtime(entry) * kSecond + library_.mtime_nsec(entry);
        const std::string hard_link = text_of(library_.hardlink(entry), library_.hardlink_utf8(entry));
        if (!hard_link.empty()) {
            BACKOUT_TRY_ASSIGN(const std::optional<std::string> target, names_.clean(hard_link));
            item.hard_link = target.value_or("");
            BACKOUT_TRY(names_.admit_hard_link(item.path, item.hard_link));
        } else {
            BACKOUT_TRY(names_.admit(item.path, item.state.type, item.state.link));
        }
        drop_set_id(item);
        return std::optional<ArchiveItem>(std::move(item));
    }

    Result<EntryState> state_of(struct archive_entry* entry, const std::string& name) {
        EntryState state;
        state.mode = static_cast<std::uint32_t>(library_.perm(entry)) & 07777U;
        state.uid = rules_.user;
        state.gid = rules_.group;
        if (rules_.owners) set_owner(entry, state);
        const auto type = library_.filetype(entry);
        const bool hard_link = library_.hardlink(entry) != nullptr || library_.hardlink_utf8(entry) != nullptr;
        if (type == AE_IFREG || hard_link) {
            state.type = EntryType::file;
        } else if (type == AE_IFDIR) {
            state.type = EntryType::directory;
        } else if (type == AE_IFLNK) {
            state.type = EntryType::symlink;
            state.mode = 0;  // as all links are recorded
            state.link = text_of(library_.symlink(entry), library_.symlink_utf8(entry));
            if (state.link.empty())
                return Error{ErrorCode::invalid, "the link '" + printable(name) + "' in the archive leads nowhere"};
        } else {
            return Error{ErrorCode::invalid, "'" + printable(name) +
                                                 "' in the archive is a device, a fifo or a socket; "
                                                 "nothing is extracted"};
        }
        return state;
    }

    void set_owner(struct archive_entry* entry, EntryState& state) {
        state.uid = static_cast<std::uint32_t>(library_.uid(entry));
        state.gid = static_cast<std::uint32_t>(library_.gid(entry));
        const char* user = library_.uname(entry);
        const char* group = library_.gname(entry);
        if (user != nullptr && *user != '\0') state.uid = account(users_, user, true, state.uid);
        if (group != nullptr && *group != '\0') state.gid = account(groups_, group, false, state.gid);
    }

    std::uint32_t account(std::map<std::string, std::uint32_t>& known, const std::string& name, bool user,
                          std::uint32_t number) {
        const auto found = known.find(name);
        if (found != known.end()) return found->second;
        const auto id = user ? host_.user_by_name(name) : host_.group_by_name(name);
        return known[name] = id.value_or(number);
    }

    void drop_set_id(ArchiveItem& item) {
        if ((item.state.mode & kSetIdBits) == 0 || item.state.type == EntryType::symlink) return;
        if (std::find(rules_.setuid.begin(), rules_.setuid.end(), item.path) != rules_.setuid.end()) return;
        item.state.mode &= ~kSetIdBits;
        warn(printable(item.path) + " loses its setuid and setgid bits (list it in setuid to keep them)");
    }

    InputFile& file_;
    Host& host_;
    const ArchiveRules rules_;
    const ArchiveLibrary& library_;
    struct archive* archive_;
    struct archive_entry* entry_ = nullptr;
    ArchiveNames names_;
    Bytes block_;
    std::uint64_t size_ = 0;
    std::uint64_t offset_ = 0;
    std::uint64_t consumed_ = 0;
    std::uint64_t entries_ = 0;
    std::uint64_t bytes_ = 0;
    std::map<std::string, std::uint32_t> users_;
    std::map<std::string, std::uint32_t> groups_;
    std::vector<std::string> warnings_;
};

ArchiveReader::ArchiveReader(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}
ArchiveReader::~ArchiveReader() = default;

Result<std::unique_ptr<ArchiveReader>> ArchiveReader::open(InputFile& file, Host& host, const ArchiveRules& rules) {
    BACKOUT_TRY_ASSIGN(const ArchiveLibrary* const library, archive_library());
    auto implementation = std::make_unique<Implementation>(file, host, rules, *library);
    BACKOUT_TRY(implementation->open());
    return std::unique_ptr<ArchiveReader>(new ArchiveReader(std::move(implementation)));
}

Result<std::optional<ArchiveItem>> ArchiveReader::next() {
    return implementation_->next();
}
Result<std::uint64_t> ArchiveReader::read_content(const Sink& sink) {
    return implementation_->read_content(sink);
}
const std::vector<std::string>& ArchiveReader::warnings() const {
    return implementation_->warnings();
}

}  // namespace backout
