#!/usr/bin/env python3
"""A disk that is full. Undo needs no new space: whatever was begun can be taken back on a disk without a free byte.

  full_disk_test.py --program backout --crashlab crashlab [--scenario NAME]… [--full]

For each scenario, on a small tmpfs and a small ext4 (state directory and targets on it):
  rollback   applied, then the disk is filled to the brim, then rolled back: it must succeed.
  recovery   killed at some points, then filled, then `rollback`: it must succeed (`resume` may go back instead).
  growing    the disk has 0, 4, 8, … KB left when the run begins: it succeeds, or all is undone, on the disk as it is.

Needs root; without it, it is skipped.
"""

import os
import pathlib
import subprocess
import sys

from lab import (Clock, Findings, broken, chosen, conclude, each, enter_own_mounts, harness, parser,
                 refuse_unless_watchable, scenarios, sweep)

import disks

NORMAL = ("several", "dir_sync", "file_write_update", "file_edit", "json_merge", "archive_extract_over", "flagged")
MEGABYTES = 24
KILLED_AT = 6  # every N-th point
FIRST_STEP, LAST_KILOBYTES = 4, 10600  # the journal of a new state directory takes 10 MB


class Small(sweep.Scene):
    """A scenario on a file system of its own, which is made anew for each world."""

    def __init__(self, name, arguments, folder, kind):
        self.arguments, self.kind, self.at = arguments, kind, folder / "m"
        self.image = folder / "small.img"
        self.at.mkdir()
        elsewhere = folder / "elsewhere"
        elsewhere.mkdir()
        super().__init__(name, arguments.program, elsewhere)
        if arguments.self_test:
            self.primed = None  # a journal from a world that keeps its promises has its room
        self.folder = self.at
        self.crashlab = sweep.Crashlab(arguments.crashlab)

    def clear(self):
        if os.path.ismount(self.at):
            disks.unmount(self.at)
        if self.kind == "tmpfs":
            disks.call("mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "none", self.at)
        else:
            with open(self.image, "wb") as file:
                file.truncate(MEGABYTES << 20)
            # Nothing is kept for root: full is full.
            disks.call("mkfs.ext4", "-q", "-F", "-m", "0", self.image)
            disks.mount(self.image, self.at)
        super().clear()

    def fill(self, leave=0):
        """Takes all room but so many bytes."""
        # Not before everything has its place: what ext4 owes to open files comes out of what is free.
        subprocess.run(["sync", "-f", str(self.at)], check=True)
        status = os.statvfs(self.at)
        room = max(status.f_bavail * status.f_frsize - leave, 0)
        with open(self.at / "filler", "wb") as file:
            self.take(file.fileno(), room)
        if not leave:
            self.stuff()

    @staticmethod
    def take(descriptor, room):
        """In ever smaller pieces: the file system needs some room for its own notes of where they are."""
        at, piece = 0, room
        while piece >= 4096 and at < room:
            try:
                os.posix_fallocate(descriptor, at, min(piece, room - at))
                at += piece
            except OSError:
                piece //= 2

    def stuff(self):
        """The last blocks, and the last inodes of small file systems."""
        try:
            with open(self.at / "filler more", "wb", buffering=0) as file:
                while file.write(b"f" * 512):
                    pass
        except OSError:
            return


def box_of(scene):
    box = scene.world()
    if scene.arguments.self_test:
        broken(scene.arguments, box, "reserve")
    return box


def rollback_when_full(scene, findings):
    box, before, words = scene.fresh()
    box = box_of(scene)
    box.run(*words).expect(scene.undisturbed_exit())
    scene.fill()
    findings.points += 1
    ran = box.run("rollback", "--yes")
    harness.expect(ran.exit == 0, f"the rollback on a full disk: {ran.shown()}")
    harness.expect_same_tree(box.snapshot(), before, "rolled back on a full disk", sweep.is_theirs)


def recovery_when_full(scene, findings):
    point, acted = 1, True
    while acted:
        box, before, words = scene.fresh()
        box = box_of(scene)
        acted = scene.crashlab.run(box, words, point).acted
        scene.fill()
        findings.points += 1
        ran = box.run("rollback", "--yes")
        harness.expect(ran.exit in (0, 1), f"killed at {point}, then the disk was full: {ran.shown()}")
        harness.expect_same_tree(box.snapshot(), before, f"killed at {point}, rolled back on a full disk\n{ran.shown()}\n",
                                 sweep.is_theirs)
        point += KILLED_AT


def growing(scene, findings):
    left, code, step = 0, -1, FIRST_STEP
    while code != scene.undisturbed_exit() and left <= LAST_KILOBYTES:
        box, before, words = scene.fresh()
        box = box_of(scene)
        scene.fill(left << 10)
        findings.points += 1
        ran = box.run(*words)
        code = ran.exit
        what = f"with {left} KB left it ended with {code}: {ran.shown()}"
        harness.expect(code in (0, 1, 3, 74), what)
        status = box.run("status", "--json").expect(0).json()
        harness.expect(code in (3, 74) or not status["unfinished"], what + f"\nand left {status['unfinished']}")
        if status["unfinished"]:
            ran = box.run("rollback", "--yes")
            harness.expect(ran.exit in (0, 1), f"{what}\nrolled back on the full disk: {ran.shown()}")
            code = 1
        if code == 1:
            harness.expect_same_tree(box.snapshot(), before, what, sweep.is_theirs)
        left, step = left + step, min(step * 2, 1024) if left > 64 else step


def job(task):
    arguments, name, kind = task
    clock, findings = Clock(), Findings()
    with harness.scratch(prefix="backout-full-", memory=True) as folder:
        try:
            scene = Small(name, arguments, pathlib.Path(folder), kind)
            scene.prepare()
            for part in (rollback_when_full, recovery_when_full, growing):
                try:
                    part(scene, findings)
                except harness.Failure as failure:
                    findings.bad.append(f"{name} on {kind}, {part.__name__}: {failure}")
        except harness.Failure as failure:
            findings.bad.append(f"{name} on {kind}: {failure}")
        finally:
            if os.path.ismount(folder / "m"):
                disks.unmount(folder / "m")
    print(f"{'FAIL' if findings.bad else 'PASS'} {name} on {kind}: {findings.points} full disks, {clock.shown()}", flush=True)
    return findings.points, findings.bad


def main():
    arguments = parser(__doc__).parse_args()
    enter_own_mounts()
    refuse_unless_watchable(arguments)
    clock, findings = Clock(), Findings()
    names = [name for name in chosen(arguments, NORMAL) if scenarios.SCENARIOS[name][1] == "apply" and name != "failing"]
    if arguments.self_test:
        names = ["several"]
    jobs = [(arguments, name, kind) for name in names for kind in ("tmpfs", "ext4")]
    for points, bad in each(job, jobs, arguments.jobs):
        findings.add(points, bad)
    return conclude("full disk", findings, clock.begun, arguments.self_test)


if __name__ == "__main__":
    sys.exit(main())
