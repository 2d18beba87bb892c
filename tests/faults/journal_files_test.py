#!/usr/bin/env python3
"""Images that are missing or changed, and files of the state directory that are taken away or replaced while a run is at
work: nothing is put back that isn't what was put aside, no second writer gets in, and there is a way out.

  journal_files_test.py --program backout [--only NAME]
"""

import os
import shutil
import sys

from journals import Journal, copy
from table import Table

from harness import (expect, expect_equal, expect_in, expect_same_tree, kill_group, parser, run_tests, wait_until,
                     waiting_action, write_action)

TABLE = Table("journal_files")
DAMAGED = 74
FORMER = {"one": "1\n", "two": "22\n", "three": "333\n"}


def changed(box):
    """A committed run that wrote over three files; their images by name."""
    for name, content in FORMER.items():
        box.write(name, content, mtime=1_000_000_000_000_000_000)
    box.run("apply", "--yes", box.manifest([write_action(box, name, f"new {name}\n", id=name)
                                            for name in FORMER])).expect(0)
    images = {name: path for name in FORMER for path in (box.state / "images").iterdir()
              if not path.is_symlink() and path.read_text() == FORMER[name]}
    expect_equal(set(images), set(FORMER), "images")
    return images


def each_damage(image):
    """In words, and what does it."""
    def write(content):
        status = image.stat()
        image.write_bytes(content)
        os.utime(image, ns=(status.st_atime_ns, status.st_mtime_ns))

    def replace(make):
        image.unlink()
        make()

    size = image.stat().st_size
    yield "missing", image.unlink
    yield "one bit changed, size and time as before", lambda: write(bytes([image.read_bytes()[0] ^ 1])
                                                                     + image.read_bytes()[1:])
    yield "longer", lambda: write(b"x" * (size + 1))
    yield "empty", lambda: write(b"")
    yield "a link", lambda: replace(lambda: image.symlink_to("/etc/hostname"))
    yield "a folder", lambda: replace(image.mkdir)


def damaged_images(box):
    """An image that is missing or changed: doctor says so (74), rollback leaves that path alone (3) and takes back the
    others"""
    images = changed(box)
    store = box.folder / "store"
    store.mkdir()
    parts = ("state", "target")
    for part in parts:
        copy(box.folder / part, store / part)
    for name, image in images.items():
        for number, (about, _) in enumerate(each_damage(image)):
            for part in parts:
                shutil.rmtree(box.folder / part)
                copy(store / part, box.folder / part)
            list(each_damage(image))[number][1]()
            one_damaged_image(box, name, f"{name}'s image {about}")


def one_damaged_image(box, name, about):
    TABLE.points += 1
    found = box.run("doctor")
    expect_equal(found.exit, DAMAGED, f"{about}: {found.shown()}")
    ran = box.run("rollback", "--yes")
    expect_equal(ran.exit, 3, f"{about}: {ran.shown()}")
    expect_in(name, ran.output + ran.errors, "the name of the path")
    expect_equal(box.read(name), f"new {name}\n", f"{about}: the path itself")
    for other in FORMER:
        if other != name:
            expect_equal(box.read(other), FORMER[other], f"{about}: {other}")


def at_work(box):
    """A run that waits in its second step."""
    journal = Journal(box)
    journal.done("apply", "--yes", journal.change("first", write_action(box, "one", "1\n")))
    manifest = journal.change("second", write_action(box, "one", "2\n", id="before"),
                              waiting_action(box, "begun", "go", depends_on=["before"]),
                              write_action(box, "after", "3\n", depends_on=["wait"]))
    running = box.start("apply", "--yes", manifest)
    wait_until((box.folder / "begun").exists, "the command to begin")
    return journal, running


def begin_anew(box):
    for left in ("state", "target"):
        shutil.rmtree(box.folder / left)
    box.target.mkdir()
    for left in ("begun", "go"):
        (box.folder / left).unlink(missing_ok=True)


def taken_away(box, name, replace=None):
    """Under a run: it must notice before its next commit, and stop; put back, a way out leads to an end."""
    for way in ("resume", "rollback"):
        journal, running = at_work(box)
        aside = box.folder / "aside"
        os.rename(box.state / name, aside)
        if replace:
            replace(journal, box.state / name)
        (box.folder / "go").touch()
        ran = box.ended(running)
        TABLE.points += 1
        expect_equal(ran.exit, DAMAGED, f"{name} was taken away: {ran.shown()}")
        expect_in("moved, replaced or deleted", ran.errors, name)
        expect(not (box.target / "after").exists(), "it went on")
        os.rename(aside, box.state / name)
        box.run(way, "--yes", "--lock-timeout", "20s").expect(0)
        wanted = ("2\n", True) if way == "resume" else ("1\n", False)
        expect_equal((box.read("one"), (box.target / "after").exists()), wanted, f"after {way}")
        box.run("doctor").expect(0)
        begin_anew(box)


def data_file_deleted_under_a_run(box):
    """data.mdb goes away under a run"""
    taken_away(box, "data.mdb")


def data_file_replaced_under_a_run(box):
    """an older data.mdb comes in its place under a run"""
    taken_away(box, "data.mdb", lambda journal, path: shutil.copyfile(journal.copies[-1], path))


def lock_file_deleted_under_a_run(box):
    """lock.mdb goes away under a run"""
    taken_away(box, "lock.mdb")


def lock_file_replaced_under_a_run(box):
    """another lock.mdb comes in its place under a run"""
    taken_away(box, "lock.mdb", lambda journal, path: path.write_bytes(b"\0" * 8192))


def lock_file_deleted_and_a_second_writer(box):
    """lock.mdb deleted under a run lets nobody else in: the lease holds"""
    _, running = at_work(box)
    (box.state / "lock.mdb").unlink()
    for words in (["resume", "--yes"], ["rollback", "--yes"], ["prune", "--keep", "0"]):
        box.run(*words).expect(75)
        TABLE.points += 1
    kill_group(running)
    (box.folder / "go").touch()
    box.run("resume", "--yes", "--lock-timeout", "20s").expect(0)
    expect_equal(box.read("after"), "3\n", "resumed")


def lease_deleted_under_a_run(box):
    """the lease deleted under a run: whoever comes then works beside no run that still writes"""
    _, running = at_work(box)
    (box.state / "lease").unlink()
    second = box.start("rollback", "--yes")
    wait_until(lambda: second.poll() is not None, "the second one to end")
    came = box.ended(second)
    (box.folder / "go").touch()
    first = box.ended(running)
    TABLE.points += 1
    both = f"{first.shown()}\n{came.shown()}"
    if came.exit in (5, DAMAGED, 75):
        expect_equal((first.exit, box.read("after")), (0, "3\n"), f"the first one goes on: {both}")
    else:
        expect_equal(first.exit, DAMAGED, f"both were at work: {both}")
    box.run("resume", "--yes", "--lock-timeout", "20s")
    expect(not box.run("status", "--json").expect(0).json()["unfinished"], f"unfinished: {both}")


def head_and_marker_deleted_under_a_run(box):
    """head or marker deleted under a run: the run ends, or stops with 74; nothing begins anew"""
    for name in ("head", "marker"):
        _, running = at_work(box)
        (box.state / name).unlink()
        (box.folder / "go").touch()
        ran = box.ended(running)
        TABLE.points += 1
        expect(ran.exit in (0, DAMAGED), ran.shown())
        before = box.snapshot()
        status = box.run("history")
        expect(status.exit == DAMAGED or "second" in status.output, f"{name} deleted: {status.shown()}")
        expect_same_tree(box.snapshot(), before, "targets")
        begin_anew(box)


TESTS = [damaged_images, data_file_deleted_under_a_run, data_file_replaced_under_a_run, lock_file_deleted_under_a_run,
         lock_file_replaced_under_a_run, lock_file_deleted_and_a_second_writer, lease_deleted_under_a_run,
         head_and_marker_deleted_under_a_run]


def main():
    arguments = parser(__doc__).parse_args()
    code = run_tests([TABLE.counted(test) for test in TESTS], arguments, memory=True)
    TABLE.show()
    return code or int(TABLE.points == 0)


if __name__ == "__main__":
    sys.exit(main())
