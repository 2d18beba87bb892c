#include "compensators/archive_extract_library.h"

#include <dlfcn.h>

namespace backout {

namespace {

template <typename Function>
bool find(void* library, const char* name, Function& function) {
    function = reinterpret_cast<Function>(::dlsym(library, name));
    return function != nullptr;
}

bool find_reading(void* library, ArchiveLibrary& archive) {
    return find(library, "archive_read_new", archive.read_new) &&
           find(library, "archive_read_free", archive.read_free) &&
           find(library, "archive_read_support_filter_gzip", archive.support_gzip) &&
           find(library, "archive_read_support_filter_xz", archive.support_xz) &&
           find(library, "archive_read_support_filter_zstd", archive.support_zstd) &&
           find(library, "archive_read_support_filter_bzip2", archive.support_bzip2) &&
           find(library, "archive_read_support_format_tar", archive.support_tar) &&
           find(library, "archive_read_support_format_zip", archive.support_zip) &&
           find(library, "archive_read_set_read_callback", archive.set_read) &&
           find(library, "archive_read_set_skip_callback", archive.set_skip) &&
           find(library, "archive_read_set_seek_callback", archive.set_seek) &&
           find(library, "archive_read_set_callback_data", archive.set_data) &&
           find(library, "archive_read_open1", archive.open1) &&
           find(library, "archive_read_next_header", archive.next_header) &&
           find(library, "archive_read_data_block", archive.data_block) &&
           find(library, "archive_error_string", archive.error_string) &&
           find(library, "archive_set_error", archive.set_error);
}

bool find_entries(void* library, ArchiveLibrary& archive) {
    return find(library, "archive_entry_pathname", archive.pathname) &&
           find(library, "archive_entry_pathname_utf8", archive.pathname_utf8) &&
           find(library, "archive_entry_symlink", archive.symlink) &&
           find(library, "archive_entry_symlink_utf8", archive.symlink_utf8) &&
           find(library, "archive_entry_hardlink", archive.hardlink) &&
           find(library, "archive_entry_hardlink_utf8", archive.hardlink_utf8) &&
           find(library, "archive_entry_filetype", archive.filetype) &&
           find(library, "archive_entry_perm", archive.perm) && find(library, "archive_entry_size", archive.size) &&
           find(library, "archive_entry_size_is_set", archive.size_is_set) &&
           find(library, "archive_entry_uid", archive.uid) && find(library, "archive_entry_gid", archive.gid) &&
           find(library, "archive_entry_uname", archive.uname) && find(library, "archive_entry_gname", archive.gname) &&
           find(library, "archive_entry_mtime", archive.mtime) &&
           find(library, "archive_entry_mtime_nsec", archive.mtime_nsec) &&
           find(library, "archive_entry_mtime_is_set", archive.mtime_is_set) &&
           find(library, "archive_entry_is_encrypted", archive.is_encrypted);
}

Result<const ArchiveLibrary*> load() {
    static ArchiveLibrary archive;
    void* library = ::dlopen("libarchive.so.13", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr || !find_reading(library, archive) || !find_entries(library, archive)) {
        return Error{ErrorCode::unsupported,
                     "archives need libarchive.so.13 (3.3 or later), which can't be loaded: install libarchive13"};
    }
    return const_cast<const ArchiveLibrary*>(&archive);
}

}  // namespace

Result<const ArchiveLibrary*> archive_library() {
    static const Result<const ArchiveLibrary*> loaded = load();  // once, whichever thread comes first
    return loaded;
}

}  // namespace backout
