#include "compensators/text_edit_splice.h"

#include <algorithm>

#include "base/assert.h"

namespace backout {

Bytes apply_splices(const Bytes& content, const std::vector<Splice>& splices) {
    Bytes result;
    std::size_t at = 0;
    for (const Splice& splice : splices) {
        BACKOUT_ASSERT(splice.offset >= at && splice.offset + splice.removed.size() <= content.size());
        result.append(content, at, splice.offset - at);
        result += splice.inserted;
        at = splice.offset + splice.removed.size();
    }
    result.append(content, at, Bytes::npos);
    return result;
}

void SpliceList::replace(std::size_t offset, std::size_t length, const Bytes& inserted) {
    BACKOUT_ASSERT(offset <= current_.size() && length <= current_.size() - offset);
    if (current_.compare(offset, length, inserted) == 0) return;

    // Walk over the splices so far in both coordinates. `shift` is current minus original, modulo 2^64.
    std::size_t shift = 0;
    std::size_t first = 0;
    while (first < splices_.size() && splices_[first].offset + shift + splices_[first].inserted.size() < offset) {
        shift += splices_[first].inserted.size() - splices_[first].removed.size();
        ++first;
    }
    std::size_t begin = offset;  // of the united splice, in current
    const std::size_t begin_shift = shift;
    std::size_t end = offset + length;
    std::size_t last = first;
    while (last < splices_.size() && splices_[last].offset + shift <= end) {
        begin = std::min(begin, splices_[last].offset + shift);
        end = std::max(end, splices_[last].offset + shift + splices_[last].inserted.size());
        shift += splices_[last].inserted.size() - splices_[last].removed.size();
        ++last;
    }

    Splice united;
    united.offset = begin - begin_shift;
    united.removed = original_.substr(united.offset, end - shift - united.offset);
    united.inserted =
        current_.substr(begin, offset - begin) + inserted + current_.substr(offset + length, end - offset - length);
    current_.replace(offset, length, inserted);
    const auto at = splices_.erase(splices_.begin() + static_cast<std::ptrdiff_t>(first),
                                   splices_.begin() + static_cast<std::ptrdiff_t>(last));
    if (united.removed != united.inserted) splices_.insert(at, std::move(united));
}

}  // namespace backout
