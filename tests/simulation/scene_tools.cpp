#include "scene_tools.h"

#include <array>
#include <cstdio>

#include "base/assert.h"

namespace backout::simulation {

namespace {

constexpr std::size_t kTarBlock = 512;

void put_field(Bytes& header, std::size_t at, const std::string& text) {
    header.replace(at, text.size(), text);
}

std::string octal(std::uint64_t value, std::size_t width) {
    std::string digits(width, '0');
    for (std::size_t i = width; i-- > 0; value >>= 3U) digits[i] = static_cast<char>('0' + (value & 7U));
    return digits;
}

Bytes tar_entry(const std::string& name, char type, std::uint32_t mode, const std::string& content,
                const std::string& link) {
    Bytes header(kTarBlock, '\0');
    put_field(header, 0, name);
    put_field(header, 100, octal(mode, 7));
    put_field(header, 108, octal(0, 7));
    put_field(header, 116, octal(0, 7));
    put_field(header, 124, octal(content.size(), 11));
    put_field(header, 136, octal(1'500'000'000, 11));
    put_field(header, 148, std::string(8, ' '));
    header[156] = type;
    put_field(header, 157, link);
    put_field(header, 257,
              std::string("ustar\0"
                          "00",
                          8));
    std::uint64_t sum = 0;
    for (const char byte : header) sum += static_cast<unsigned char>(byte);
    put_field(header, 148, octal(sum, 6) + std::string(1, '\0') + " ");
    Bytes padded = content;
    padded.resize((content.size() + kTarBlock - 1) / kTarBlock * kTarBlock, '\0');
    return header + padded;
}

/// As programs write: what was there goes, a new file comes.
Status write_part(Directory& directory, const std::string& name, const std::string& content) {
    BACKOUT_TRY_ASSIGN(const FileStatus there, directory.status(name));
    if (there.present()) BACKOUT_TRY(directory.remove_file(name));
    BACKOUT_TRY_ASSIGN(const auto file, directory.create(name, 0644));
    BACKOUT_TRY(file->write(content));
    return file->close();
}

Status remove_part(Directory& directory, const std::string& name) {
    BACKOUT_TRY_ASSIGN(const FileStatus there, directory.status(name));
    return there.present() ? directory.remove_file(name) : Status{};
}

Status work(MemHost& world, const std::string& mode, const std::string& path) {
    BACKOUT_TRY_ASSIGN(const Location place, world.locate(path));
    Directory& directory = *place.directory;
    if (mode == "apply") {
        BACKOUT_TRY(write_part(directory, place.name + ".a", "first part\n"));
        return write_part(directory, place.name + ".b", "second part\n");
    }
    BACKOUT_TRY(remove_part(directory, place.name + ".b"));
    return remove_part(directory, place.name + ".a");
}

int probe(MemHost& world, const std::string& path) {
    const auto first = world.content(path + ".a");
    const auto second = world.content(path + ".b");
    if (!first && !second) return 1;
    return first == "first part\n" && second == "second part\n" ? 0 : 2;
}

}  // namespace

void put_owned(MemHost& world, const std::string& path, const Bytes& content) {
    world.put_file(path, content, 0640);
    const auto place = world.locate(path);
    BACKOUT_ASSERT(place.ok());
    AttributeChange change;
    change.uid = 1000;
    change.gid = 1001;
    change.xattrs = ExtendedAttributes{{"user.note", "kept"}};
    BACKOUT_ASSERT(place->directory->set_attributes(place->name, change).ok());
}

void put_twin(MemHost& world, const std::string& path, const std::string& twin) {
    const auto there = world.locate(path);
    const auto link = world.locate(twin);
    BACKOUT_ASSERT(there.ok() && link.ok());
    BACKOUT_ASSERT(link->directory->make_link(link->name, *there->directory, there->name).ok());
}

void add_tool(MemHost& world) {
    world.add_program("tool", [](MemHost& host, const ProcessSpec& spec) {
        ProcessOutcome outcome;
        outcome.started = true;
        const std::string& mode = spec.argv.at(1);
        const std::string& path = spec.argv.at(2);
        outcome.exit_status = mode == "probe" ? probe(host, path) : work(host, mode, path).ok() ? 0 : 5;
        return outcome;
    });
}

Bytes sample_archive() {
    return tar_entry("top/", '5', 0755, "", "") + tar_entry("top/one", '0', 0644, "content of one\n", "") +
           tar_entry("top/link", '2', 0777, "", "one") + tar_entry("top/hard", '1', 0644, "", "top/one") +
           Bytes(2 * kTarBlock, '\0');
}

}  // namespace backout::simulation
