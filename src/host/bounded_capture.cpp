#include "host/bounded_capture.h"

#include <algorithm>

namespace backout {

void BoundedCapture::add(std::string_view part) {
    seen_ += part.size();
    const std::size_t to_head = std::min(part.size(), head_limit_ - head_.size());
    head_.append(part.substr(0, to_head));
    part.remove_prefix(to_head);
    if (part.size() > tail_limit_) part.remove_prefix(part.size() - tail_limit_);
    tail_.append(part);
    if (tail_.size() > 2 * tail_limit_) tail_.erase(0, tail_.size() - tail_limit_);
}

std::uint64_t BoundedCapture::dropped() const {
    return seen_ - head_.size() - std::min(tail_.size(), tail_limit_);
}

Bytes BoundedCapture::take() const {
    if (!truncated()) return head_ + tail_;
    const std::size_t surplus = tail_.size() > tail_limit_ ? tail_.size() - tail_limit_ : 0;
    return head_ + "\n[... " + std::to_string(dropped()) + " bytes left out ...]\n" + tail_.substr(surplus);
}

}  // namespace backout
