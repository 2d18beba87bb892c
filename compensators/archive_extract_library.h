#pragma once
// libarchive, loaded when first used: few runs need it, and linking it would be paid for at every start.

#include <archive.h>
#include <archive_entry.h>

#include "base/result.h"

namespace backout {

struct ArchiveLibrary {
    decltype(&::archive_read_new) read_new = nullptr;
    decltype(&::archive_read_free) read_free = nullptr;
    decltype(&::archive_read_support_filter_gzip) support_gzip = nullptr;
    decltype(&::archive_read_support_filter_xz) support_xz = nullptr;
    decltype(&::archive_read_support_filter_zstd) support_zstd = nullptr;
    decltype(&::archive_read_support_filter_bzip2) support_bzip2 = nullptr;
    decltype(&::archive_read_support_format_tar) support_tar = nullptr;
    decltype(&::archive_read_support_format_zip) support_zip = nullptr;
    decltype(&::archive_read_set_read_callback) set_read = nullptr;
    decltype(&::archive_read_set_skip_callback) set_skip = nullptr;
    decltype(&::archive_read_set_seek_callback) set_seek = nullptr;
    decltype(&::archive_read_set_callback_data) set_data = nullptr;
    decltype(&::archive_read_open1) open1 = nullptr;
    decltype(&::archive_read_next_header) next_header = nullptr;
    decltype(&::archive_read_data_block) data_block = nullptr;
    decltype(&::archive_error_string) error_string = nullptr;
    decltype(&::archive_set_error) set_error = nullptr;
    decltype(&::archive_entry_pathname) pathname = nullptr;
    decltype(&::archive_entry_pathname_utf8) pathname_utf8 = nullptr;
    decltype(&::archive_entry_symlink) symlink = nullptr;
    decltype(&::archive_entry_symlink_utf8) symlink_utf8 = nullptr;
    decltype(&::archive_entry_hardlink) hardlink = nullptr;
    decltype(&::archive_entry_hardlink_utf8) hardlink_utf8 = nullptr;
    decltype(&::archive_entry_filetype) filetype = nullptr;
    decltype(&::archive_entry_perm) perm = nullptr;
    decltype(&::archive_entry_size) size = nullptr;
    decltype(&::archive_entry_size_is_set) size_is_set = nullptr;
    decltype(&::archive_entry_uid) uid = nullptr;
    decltype(&::archive_entry_gid) gid = nullptr;
    decltype(&::archive_entry_uname) uname = nullptr;
    decltype(&::archive_entry_gname) gname = nullptr;
    decltype(&::archive_entry_mtime) mtime = nullptr;
    decltype(&::archive_entry_mtime_nsec) mtime_nsec = nullptr;
    decltype(&::archive_entry_mtime_is_set) mtime_is_set = nullptr;
    decltype(&::archive_entry_is_encrypted) is_encrypted = nullptr;
};

/// The same object each time; it is never unloaded. Errors: `unsupported` with what to install. **Threads:** any.
Result<const ArchiveLibrary*> archive_library();

}  // namespace backout
