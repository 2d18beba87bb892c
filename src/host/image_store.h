#pragma once
// Where staged contents and before-images wait: one private directory (0700) on each mount that a plan touches, so that
// one rename or exchange brings a whole inode in or out. The interface stands here because kinds use it; the real one is
// journal/file_image_store.h. An image is never consumed: what an undo moves out takes the image's place under its name.

#include <memory>
#include <string>

#include "base/result.h"
#include "host/directory.h"

namespace backout {

class ImageStore {
  public:
    virtual ~ImageStore() = default;

    /// The path of the store to use for entries of `parent`: in the state directory where that is on the same mount, else
    /// near the mount point. Creates it if need be; its existence is durable in the journal before it is made.
    /// `exclude_state` asks for one outside the state directory (after a rename was refused with `cross_device`).
    virtual Result<std::string> store_for(Directory& parent, bool exclude_state) = 0;
    /// Opens a store by its path, as an image names it.
    virtual Result<std::shared_ptr<Directory>> open(const std::string& store) = 0;
};

}  // namespace backout
