#!/usr/bin/env python3
"""Every change on every file system, undisturbed but slow: applied, compared, rolled back, and all is as before, times of
directories too. File systems differ in which times a rename or an exchange of names leaves; a pause before each of them
keeps one moment from looking like another.

  file_systems_test.py --program backout --crashlab crashlab [--disk NAME]… [--scenario NAME]… [--full]

Needs root and loop devices; without them it is skipped.
"""

import shutil
import sys
import tempfile

from lab import (Clock, Findings, broken, chosen, conclude, each, enter_own_mounts, harness, parser,
                 refuse_unless_watchable, scenarios, sweep)

import disks

# Those that exchange, move and make names, alone and several in one directory.
NORMAL = ("file_write_update", "file_edit", "file_move", "file_link_switch", "file_delete", "dir_sync", "json_merge",
          "archive_extract_over", "several", "flagged")
# xfs gives directories that are exchanged a new mtime of their own. It doesn't come back yet; all else does.
KNOWN = {("archive_extract_over", "xfs"): ("app", "mtime")}
SLOWLY = ("--action", "hook=sleep 0.03", "--calls", "rename,renameat,renameat2")


class Slow(sweep.Scene):
    def __init__(self, name, arguments, folder):
        super().__init__(name, arguments.program, folder)
        self.arguments, self.crashlab = arguments, sweep.Crashlab(arguments.crashlab)

    def slowly(self, box, words, wanted):
        argv = [self.crashlab.program, *SLOWLY, "--under", box.folder, "--"]
        environment = box.environment
        if self.arguments.self_test:
            broken(self.arguments, box, "times")
        ran = box.run(*words, before=argv)
        box.environment = environment
        harness.expect(ran.exit == 0, f"crashlab ended with {ran.exit}: {ran.errors}")
        ended = sweep.Ended(0, ran.output, ran.errors)
        harness.expect(ended.exit == wanted, f"it ended with {ended.exit}: {ran.errors}")

    def there_and_back(self, known):
        box, before, words = self.fresh()
        self.slowly(box, words, self.undisturbed_exit())
        if self.undisturbed_exit() == 0:
            box.run("verify").expect(0)
            self.slowly(box, ["rollback", "--yes"], 0)
        harness.expect_same_tree(box.snapshot(), before, f"{self.name}, rolled back",
                                 lambda name, attribute: sweep.is_theirs(name, attribute) or (name, attribute) == known)


def job(task):
    arguments, disk, names = task
    clock, findings = Clock(), Findings()
    with harness.scratch(prefix="backout-systems-", memory=True) as folder:
        volume, at = disks.Volume(folder), folder / "m"
        at.mkdir()
        disks.Disk(volume, "disk", disk).mount(at)
        for name in names:
            findings.points += 1
            try:
                place = at / name
                place.mkdir()
                Slow(name, arguments, place).there_and_back(KNOWN.get((name, disk)))
            except harness.Failure as failure:
                findings.bad.append(f"{name} on {disk}: {failure}")
            harness.make_removable(place)
            shutil.rmtree(place)
        disks.unmount(at)
        disks.unmount(volume.folder)
    print(f"{'FAIL' if findings.bad else 'PASS'} {disk}: {findings.points} changes, {clock.shown()}", flush=True)
    return findings.points, findings.bad


def main():
    options = parser(__doc__)
    options.add_argument("--disk", action="append", choices=list(disks.MEGABYTES))
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
    names = [name for name in chosen(arguments, NORMAL) if scenarios.SCENARIOS[name][1] == "apply"]
    kinds = [disk for disk in arguments.disk or disks.MEGABYTES if disks.why_not(disk) is None]
    clock, findings = Clock(), Findings()
    for points, bad in each(job, [(arguments, disk, names) for disk in kinds], arguments.jobs):
        findings.add(points, bad)
    return conclude("file systems", findings, clock.begun, arguments.self_test)


if __name__ == "__main__":
    sys.exit(main())
