#!/usr/bin/env python3
"""What an unprivileged user may not change is found before the first step: exit 77, and nothing was done.

Each case is a change that can't be made, behind a first step that could.

  not_permitted_test.py --program backout
"""

import io
import os
import sys
import tarfile

from harness import (NOBODY, expect_equal, expect_same_tree, needs_root, parser, run_tests, set_flags, write_action)

UNPRIVILEGED = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
IMMUTABLE = 0x10


class Ground:
    """Places of the user's, of root's, and one for all."""

    def __init__(self, box):
        self.box = box
        box.folder.chmod(0o755)
        box.target.chmod(0o755)
        box.state.mkdir()
        os.chown(box.state, NOBODY, NOBODY)
        self.folder("own")
        self.folder("roots", owner=0)
        self.folder("sticky", owner=0, mode=0o1777)

    def folder(self, name, owner=NOBODY, mode=0o755):
        path = self.box.path(name)
        os.makedirs(path, exist_ok=True)
        os.chown(path, owner, owner)
        os.chmod(path, mode)
        return path

    def file(self, name, content="x\n", owner=NOBODY, group=None, mode=0o644):
        path = self.box.path(name)
        if not os.path.isdir(os.path.dirname(path)):
            self.folder(os.path.dirname(name))
        self.box.write(name, content, mode)
        os.chown(path, owner, owner if group is None else group)
        return path

    def archive(self, name):
        with tarfile.open(self.box.path(name), "w") as tar:
            entry = tarfile.TarInfo("f")
            entry.size = 1
            tar.addfile(entry, io.BytesIO(b"x"))
        return self.box.path(name)

    def ends_in_77(self, kind, arguments, what):
        second = {"id": "second", "action": kind, "with": arguments, "depends_on": ["first"]}
        manifest = self.box.manifest([write_action(self.box, "own/first", "1\n", id="first"), second])
        before = self.box.snapshot()
        ran = self.box.run("apply", "--yes", manifest, before=UNPRIVILEGED)
        expect_equal(ran.exit, 77, f"{what}: {ran.shown()}")
        expect_same_tree(self.box.snapshot(), before, what)

    def works(self, kind, arguments, what):
        ran = self.box.run("apply", "--yes", self.box.manifest([{"id": "a", "action": kind, "with": arguments}]),
                           before=UNPRIVILEGED)
        expect_equal(ran.exit, 0, f"{what}: {ran.shown()}")


def edit(path):
    return "file.edit", {"path": path, "edits": [{"line": "ours", "state": "present"}]}


@needs_root
def files_in_others_places(box):
    """A file whose directory belongs to somebody else can't be replaced, edited, moved or removed."""
    ground = Ground(box)
    for place, owner in (("roots", NOBODY), ("sticky", 0)):
        path = ground.file(f"{place}/f", "{}\n", owner, mode=0o666)
        for kind, arguments in (edit(path), ("json.merge", {"path": path, "merge": {"a": 1}}),
                                ("json.patch", {"path": path, "patch": [{"op": "add", "path": "/a", "value": 1}]}),
                                ("file.write", {"path": path, "content": "new\n"}), ("file.delete", {"path": path}),
                                ("file.move", {"from": path, "to": box.path("own/moved")}),
                                ("file.link", {"path": path, "to": "x", "replace": True})):
            ground.ends_in_77(kind, arguments, f"{kind} in {place}")
    ground.ends_in_77("file.move", {"from": ground.file("own/f"), "to": box.path("roots/g")}, "file.move to roots")
    ground.ends_in_77("dir.create", {"path": box.path("roots/new")}, "dir.create")


@needs_root
def owners_and_groups_that_are_not_the_users(box):
    """Only root gives files away; a group has to be one of the user's."""
    ground = Ground(box)
    others = ground.file("own/others", "{}\n", 0)
    grouped = ground.file("own/grouped", "{}\n", NOBODY, 0)
    for path in (others, grouped):
        for kind, arguments in (edit(path), ("json.merge", {"path": path, "merge": {"a": 1}}),
                                ("file.write", {"path": path, "content": "new\n"})):
            ground.ends_in_77(kind, arguments, f"{kind} of {path}")
    for name in ("owner", "group"):
        ground.ends_in_77("file.write", {"path": box.path("own/new"), "content": "n", name: "root"}, f"write {name}")
        ground.ends_in_77("dir.create", {"path": box.path("own/new"), name: "root"}, f"create {name}")
        ground.ends_in_77("file.attributes", {"path": ground.file("own/f"), name: "root"}, f"attributes {name}")
    ground.ends_in_77("file.attributes", {"path": others, "mode": "0600"}, "attributes of another's file")
    ground.works("file.attributes", {"path": grouped, "mode": "0600"}, "what stays as it is needs no right")


@needs_root
def trees_with_parts_that_are_not_the_users(box):
    """Every place in a tree where something is to change is looked at."""
    ground = Ground(box)
    tree = ground.folder("own/tree")
    ground.file("own/tree/theirs", owner=0)
    ground.ends_in_77("file.attributes", {"path": tree, "mode": "0700", "recurse": True}, "attributes of a tree")
    source = ground.folder("own/source")
    ground.file("own/source/sub/new")
    ground.file("own/source/theirs", mode=0o600)
    sync = {"source": source, "path": tree, "exclude": ["sub"]}
    ground.ends_in_77("dir.sync", sync, "attributes of another's entry")
    ground.folder("own/tree/sub", owner=0)
    ground.ends_in_77("dir.sync", {"source": source, "path": tree, "exclude": ["theirs"]}, "a new entry in another's")
    ground.ends_in_77("dir.sync", {"source": ground.folder("own/empty"), "path": tree, "exclude": ["theirs"],
                                   "delete": True}, "another's folder goes")
    theirs = ground.folder("own/theirs", owner=0)
    ground.ends_in_77("dir.delete", {"path": theirs}, "another's folder")
    ground.ends_in_77("archive.extract", {"source": ground.archive("own/a.tar"), "path": theirs}, "extract over it")
    ground.ends_in_77("file.move", {"from": theirs, "to": box.path("sticky/t")}, "another's folder leaves its parent")


@needs_root
def rights_on_the_parent_of_a_synced_tree_are_not_needed(box):
    """dir.sync changes what is in a folder, not the folder's name."""
    ground = Ground(box)
    tree = ground.folder("roots/tree")
    ground.file("own/source/f")
    ground.works("dir.sync", {"source": box.path("own/source"), "path": tree}, "a folder of one's own in root's")


@needs_root
def immutable_entries(box):
    """Only root can clear a flag."""
    ground = Ground(box)
    path = ground.file("own/tree/f")
    ground.file("own/source/f", "other\n")
    if not set_flags(path, IMMUTABLE):
        return
    tree = box.path("own/tree")
    ground.ends_in_77("file.write", {"path": path, "content": "n"}, "write")
    ground.ends_in_77("file.attributes", {"path": path, "mode": "0600"}, "attributes")
    ground.ends_in_77("file.attributes", {"path": tree, "mode": "0700", "recurse": True}, "attributes of a tree")
    ground.ends_in_77("dir.sync", {"source": box.path("own/source"), "path": tree}, "an immutable file in a tree")
    set_flags(path, 0)
    set_flags(tree, IMMUTABLE)
    ground.ends_in_77("dir.sync", {"source": box.path("own/source"), "path": tree}, "an immutable folder")


def main():
    return run_tests([files_in_others_places, owners_and_groups_that_are_not_the_users,
                      trees_with_parts_that_are_not_the_users, rights_on_the_parent_of_a_synced_tree_are_not_needed,
                      immutable_entries], parser(__doc__).parse_args())


if __name__ == "__main__":
    sys.exit(main())
