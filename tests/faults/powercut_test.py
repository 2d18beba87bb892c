#!/usr/bin/env python3
"""Cuts the power of real file systems at the program's 1st, 2nd, 3rd … system call with an effect on them; then they are
mounted again, their own log is replayed, and `resume` or `rollback` must lead to one of the two ends. What the program
had said before the cut must still be so after it.

  powercut_test.py --program backout --crashlab crashlab [--disk NAME]… [--way copy|cut] [--scenario NAME]… [--stride N] [--full]

Disks: ext4; ext4-writeback (data=writeback,noauto_da_alloc: contents reach the disk after names, or never); xfs; btrfs;
    ext4-apart (the journal on a disk of its own).
--way copy: one run; at each point what the disk holds is copied, later each copy is mounted. The quick one.
--way cut: a run for each point; the file system is shut down under it. Not btrfs, which knows no shutdown.

Needs root and loop devices; without them it is skipped.
"""

import os
import shutil
import sys
import tempfile

from lab import (MIXED, Clock, Findings, broken, chosen, conclude, each, enter_own_mounts, harness, parser,
                 refuse_unless_watchable, sweep)

import disks

DISKS = {"ext4": ("ext4", ""), "ext4-writeback": ("ext4", "data=writeback,noauto_da_alloc"), "xfs": ("xfs", ""),
         "btrfs": ("btrfs", ""), "ext4-apart": ("ext4", "")}
# What the normal tier does: disk, way, scenarios, every N-th point.
NORMAL = [("ext4", "copy", MIXED, 1), ("ext4-writeback", "copy", ("several", "dir_sync", "rollback_of_several"), 1),
          ("xfs", "copy", ("several", "failing", "rollback_of_dir_sync"), 1),
          ("btrfs", "copy", ("several", "rollback_of_several"), 2), ("ext4-apart", "copy", ("several", "dir_sync"), 1),
          ("ext4", "cut", ("several", "rollback_of_several"), 3), ("xfs", "cut", ("several", "dir_sync"), 4)]
FULL_WAYS = [("ext4", "copy"), ("ext4-writeback", "copy"), ("xfs", "copy"), ("btrfs", "copy"), ("ext4-apart", "copy"),
             ("ext4", "cut"), ("ext4-writeback", "cut"), ("xfs", "cut")]


class Cutting(sweep.Scene):
    """A scenario on disks: the world is on one, its state directory perhaps on another."""

    def __init__(self, name, arguments, folder, volume, disk):
        kind, options = DISKS[disk]
        self.arguments, self.volume = arguments, volume
        self.apart = disk.endswith("-apart")
        self.mounts = [folder / "m"] + ([folder / "journal"] if self.apart else [])
        self.disks = [disks.Disk(volume, f"disk{number}", kind, options) for number in range(len(self.mounts))]
        self.crashlab = sweep.Crashlab(arguments.crashlab)
        for at, each_disk in zip(self.mounts, self.disks):
            at.mkdir()
            each_disk.mount(at)
        super().__init__(name, arguments.program, folder / "m")

    def world(self):
        box = super().world()
        if self.apart:
            box.state = self.mounts[1] / "state"
            box.environment["BACKOUT_STATE_DIR"] = str(box.state)
        return box

    def clear(self):
        super().clear()
        if self.apart:
            shutil.rmtree(self.mounts[1] / "state", ignore_errors=True)

    def unmount(self):
        for at in self.mounts:
            disks.unmount(at)

    def mount(self, images):
        for at, disk, image in zip(self.mounts, self.disks, images):
            disk.mount(at, image)

    def set_up(self):
        """The two ends; then disks with a world to start from, cleanly unmounted, so that all of it is there."""
        self.prepare()
        _, _, self.words = self.fresh()
        self.unmount()
        self.images = [disk.image for disk in self.disks]

    def disturb(self, at, action, more=(), output=None):
        """The call that is watched; in the self-test, in a broken world."""
        box = self.world()
        if self.arguments.self_test:
            broken(self.arguments, box, "sync")
        under = ["--under", self.mounts[1]] if self.apart else []
        return self.crashlab.run(box, self.words, at, action, [*under, *more], output=output)

    def names(self, number):
        return [str(number), f"{number}-2"][:len(self.mounts)]

    def judge_disks(self, images, way, acknowledged):
        """Mounts what was left and recovers."""
        self.mount(images)
        try:
            box = self.world()
            if acknowledged:
                way = "resume"
            ran = self.recover(box, way)
            self.judge(box, self.before, way, ran)
            if acknowledged:
                self.expect_end(box, f"it had said how it ended, then the power went\n{ran.shown()}\n")
        finally:
            self.unmount()
        if self.arguments.check_disks:
            for disk, image in zip(self.disks, images):
                disk.check(image)


def copies(cutting, folder, stride):
    """One run, all points. Returns the points to be judged: (number, call, whether all had been said)."""
    place, log, said = cutting.volume.folder / "copies", folder / "log", folder / "said"
    place.mkdir()
    cutting.images = [cutting.volume.copy(image, f"live{number}") for number, image in enumerate(cutting.images)]
    cutting.mount(cutting.images)
    more = ["--copies", place, "--ack", said, "--log", log]
    for image in cutting.images:
        more += ["--image", image]
    with open(said, "wb") as output:
        ended = cutting.disturb(0, "copy", more, output)
    cutting.unmount()
    if ended.exit != cutting.undisturbed_exit():
        raise harness.Failure(f"undisturbed, it ended with {ended.exit}: {ended.text}")
    length = os.path.getsize(said)
    points = []
    for line in log.read_text(errors="replace").splitlines():
        number, _, name, acknowledged, path = line.split("\t", 4)
        points.append((int(number), f"{name} {path}", length > 0 and int(acknowledged) == length))
    wanted = points[::stride]
    return wanted + [(ended.points + 1, "the end", True)]


WORKER = {}


def begin_worker(cutting, folder):
    WORKER["cutting"] = cutting
    disks.enter_another_boot(folder)


def judge_copy(point):
    number, what, acknowledged = point
    cutting = WORKER["cutting"]
    place = cutting.volume.folder / "copies"
    images = [place / name for name in cutting.names(number)]
    way = "resume" if number % 2 else "rollback"
    try:
        cutting.judge_disks(images, way, acknowledged)
        return 1, []
    except harness.Failure as failure:
        return 1, [f"{cutting.title} point {number}, power cut before {what}, {way}: {failure}"]
    finally:
        for image in images:
            image.unlink()


def cut_at(number):
    """A run of its own for this point. Returns no point if the run came through before."""
    cutting = WORKER["cutting"]
    mine = [cutting.volume.copy(image, f"cut-{number}-{index}") for index, image in enumerate(cutting.images)]
    way = "resume" if number % 2 else "rollback"
    try:
        cutting.mount(mine)
        more = [word for at in cutting.mounts for word in ("--mount", at)]
        try:
            ended = cutting.disturb(number, "cut", more)
        finally:
            cutting.unmount()
        if not ended.acted:
            return 0, []
        cutting.judge_disks(mine, way, False)
        return 1, []
    except harness.Failure as failure:
        return 1, [f"{cutting.title} point {number}, shut down, {way}: {failure}"]
    finally:
        for image in mine:
            image.unlink()


def sweep_scenario(name, disk, way, stride, arguments):
    """In a folder and on a volume of its own."""
    clock, findings = Clock(), Findings()
    title = f"{name} on {disk}, {way}"
    with harness.scratch(prefix="backout-power-", memory=True) as folder:
        volume = disks.Volume(folder)
        cutting = Cutting(name, arguments, folder, volume, disk)
        cutting.title = title
        try:
            cut_everywhere(cutting, folder, way, stride, findings)
        except harness.Failure as failure:
            findings.bad.append(f"{title}: {failure}")
        for at in [*cutting.mounts, volume.folder]:
            if os.path.ismount(at):
                disks.unmount(at)
    print(f"{'FAIL' if findings.bad else 'PASS'} {title}: {findings.points} power cuts, {clock.shown()}", flush=True)
    return findings


def cut_everywhere(cutting, folder, way, stride, findings):
    cutting.set_up()
    if way == "copy":
        function, points = judge_copy, copies(cutting, folder, stride)
    else:
        function, points = cut_at, list(range(1, count(cutting) + 1, stride))
    # Copies of one btrfs can't be mounted beside one another: they have one identity.
    workers = 1 if cutting.disks[0].kind == "btrfs" else cutting.arguments.jobs
    for tried, bad in each(function, points, workers, begin_worker, (cutting, folder)):
        findings.add(tried, bad)


def count(cutting):
    images = [cutting.volume.copy(image, f"count{number}") for number, image in enumerate(cutting.images)]
    cutting.mount(images)
    try:
        return cutting.disturb(0, "kill").points
    finally:
        cutting.unmount()


def wanted_sweeps(arguments):
    if arguments.self_test:
        return [("ext4", "copy", ("file_write_update",), 1)]
    names = tuple(chosen(arguments, MIXED))
    if arguments.disk:
        return [(disk, arguments.way, names, arguments.stride or 1) for disk in arguments.disk]
    if arguments.full:
        return [(disk, way, names, 1) for disk, way in FULL_WAYS]
    return NORMAL


def main():
    options = parser(__doc__)
    options.add_argument("--disk", action="append", choices=list(DISKS))
    options.add_argument("--way", choices=["copy", "cut"], default="copy")
    options.add_argument("--check-disks", action="store_true", help="and the file system's own checker, after each")
    arguments = options.parse_args()
    enter_own_mounts()
    refuse_unless_watchable(arguments)
    with tempfile.TemporaryDirectory() as folder:
        why_not = disks.why_no_volume(folder)
        if why_not is None:
            disks.unmount(folder + "/volume")
    if why_not is not None:
        print("NOT RUN: images can't be mounted here: " + why_not)
        return harness.NOT_RUN
    status = harness.NOT_RUN
    for disk in dict.fromkeys(disk for disk, *_ in wanted_sweeps(arguments)):
        found = sweep_disk(disk, arguments)
        status = found if status == harness.NOT_RUN or found == 1 else status
    return status


def sweep_disk(disk, arguments):
    clock, findings = Clock(), Findings()
    why_not = disks.why_not(DISKS[disk][0])
    if why_not is not None:
        print(f"NOT RUN {disk}: {why_not}")
        return harness.NOT_RUN
    for its, way, names, stride in wanted_sweeps(arguments):
        for name in names if its == disk else ():
            found = sweep_scenario(name, disk, way, arguments.stride or stride, arguments)
            findings.add(found.points, found.bad)
    return conclude(f"power cut {disk}", findings, clock.begun, arguments.self_test)


if __name__ == "__main__":
    sys.exit(main())
