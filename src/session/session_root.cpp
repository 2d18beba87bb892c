// In which root a call works: a run is looked at, resumed and taken back where it was made, whatever the call says, for
// the same path is another file elsewhere. See local_session.h.

#include "base/bytes.h"
#include "session/local_session.h"

namespace backout {

/// Makes `root` the one in use. Errors: `usage` if the caller asked for another one; those of opening a folder.
Status LocalSession::use_root(const std::string& root) {
    if (host_->root() == root) return {};
    const std::string& asked = options_.root;
    if (asked != "/" && hosts_.at(asked)->root() != root) {
        return Error{ErrorCode::usage, "it was made in the root " + printable(root) + ", and this call says --root " +
                                           printable(asked) + ": leave --root out, or give that one"};
    }
    auto& host = hosts_[root];
    if (!host) {
        auto opened = open_posix_host(root);
        if (!opened.ok()) return std::move(opened).error().in("the root that it was made in");
        host = std::move(*opened);
    }
    host_ = host.get();
    return {};
}

Status LocalSession::use_root_of(const RunDetails& run) {
    const Status used = use_root(run.plan.root);
    return used.ok() ? used : Status(used.error().in("run " + run.summary.run));
}

/// Of several runs that are taken back together, each in its turn: all must have been made in one.
Status LocalSession::use_root_of(JournalStore& journal, const std::vector<RunSummary>& runs) {
    for (const RunSummary& run : runs) {
        BACKOUT_TRY_ASSIGN(const RunDetails details, details_of(journal, run));
        if (&run == &runs.front()) BACKOUT_TRY(use_root_of(details));
        if (&run == &runs.front() || details.plan.root == host_->root()) continue;
        return Error{ErrorCode::failed, "runs " + runs.front().run + " and " + run.run + " were made in the roots " +
                                            printable(host_->root()) + " and " + printable(details.plan.root) +
                                            ": take them back one by one"};
    }
    return {};
}

/// The place's images as the root in use shows them.
ImageStore& LocalSession::images_of(Workplace& place) {
    place.images = make_image_store(*host_, *place.journal, state_in_host());
    return *place.images;
}

}  // namespace backout
