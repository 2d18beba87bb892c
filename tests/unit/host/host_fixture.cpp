#include "unit/host/host_fixture.h"

#include <cstdlib>

namespace backout {

TemporaryFolder::TemporaryFolder() {
    const char* base = std::getenv("TMPDIR");
    std::string pattern = std::string(base != nullptr ? base : "/tmp") + "/backout-host-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
    const auto host = must(open_posix_host("/"));
    const Location location = must(host->locate(path_));
    EXPECT_OK(remove_tree(*location.directory, location.name));
}

Status write_new(Directory& directory, const std::string& name, const Bytes& content, std::uint32_t mode) {
    BACKOUT_TRY_ASSIGN(const auto file, directory.create(name, mode));
    BACKOUT_TRY(file->write(content));
    return file->close();
}

Bytes content_of(Directory& directory, const std::string& name) {
    const auto file = directory.open_read(name);
    if (!file.ok()) return "<" + file.error().text() + ">";
    const Result<Bytes> content = read_all(**file, 1U << 24);
    return content.ok() ? *content : "<" + content.error().text() + ">";
}

}  // namespace backout
