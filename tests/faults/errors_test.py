#!/usr/bin/env python3
"""Lets the program's 1st, 2nd, 3rd … system call with an effect on files fail, with each error that a disk, a quota or a
signal can make of it. The exit status must tell the truth: 0 only if the world is the planned one, 1 only if it is the
former one, and after any other the program's own word (`status`) says what is left, and `resume` or `rollback`, once the
fault is gone, leads to one of the two ends. No signal, no hang, no journal that can't be read.

  errors_test.py --program backout --crashlab crashlab [--fault F]… [--scenario NAME]… [--stride N] [--full]

Faults: an errno (EIO), once; an errno with + (ENOSPC+), from that call on; after:EIO, the call is done and reports it;
short, half of a write is done; reads:EIO, calls that read; descriptors:EMFILE, calls that open something;
processes:EAGAIN, calls that start a program.
"""

import sys

from lab import (MIXED, Clock, Findings, broken, chosen, conclude, each, harness, parser, refuse_unless_watchable,
                 scenarios, sweep)

FAULTS = ("EIO", "EIO+", "ENOSPC", "ENOSPC+", "EROFS", "EROFS+", "EDQUOT", "EDQUOT+", "EINTR", "EPERM", "ENOMEM",
          "after:EIO", "after:EIO+", "after:ENOSPC", "after:EINTR", "short", "reads:EIO", "reads:EIO+", "reads:EINTR",
          "reads:ENOMEM", "reads:short", "descriptors:EMFILE", "descriptors:EMFILE+", "descriptors:ENOMEM",
          "processes:EAGAIN", "processes:ENOMEM+")
PLANS = ("several", "dir_sync", "rollback_of_several")
EVERYWHERE = ("EIO", "ENOSPC+")  # at each call of the three plans, each time
SCARCE = 7  # the other faults: at every N-th call of one plan
SYNCS = ("fsync", "fdatasync", "syncfs")
ENDS_BADLY = 128  # exit statuses from here on are signals


def watching(fault):
    """The words for crashlab."""
    group, _, error = fault.rpartition(":")
    if error == "short":
        group = group or "effects"
        return "short", ["--count", group, "--calls", "read,pread64" if group == "reads" else "write,pwrite64"]
    if group == "after":
        return f"failafter={error}", []
    return f"errno={error}", ["--count", group or "effects"]


class Failing:
    """One scenario, one fault."""

    def __init__(self, arguments, name, fault, stride, folder):
        self.arguments, self.fault, self.stride = arguments, fault, stride
        self.scene = sweep.Scene(name, arguments.program, folder)
        self.crashlab = sweep.Crashlab(arguments.crashlab)
        self.action, self.options = watching(fault)

    def run(self):
        self.scene.prepare()
        findings = Findings()
        point = 1
        while self.one(point, findings):
            point += self.stride
        return findings

    def one(self, point, findings):
        box, before, words = self.scene.fresh()
        environment = box.environment
        if self.arguments.self_test:
            broken(self.arguments, box, "rename")
        ended = self.crashlab.run(box, words, point, self.action, self.options)
        box.environment = environment
        if not ended.acted and not ended.timed_out:
            return False
        findings.points += 1
        try:
            self.judge(box, before, ended, point)
        except harness.Failure as failure:
            findings.bad.append(f"{self.scene.name} {self.fault} at point {point}, {ended.at()}: exit {ended.exit}\n"
                                f"{failure}\n--- it had said\n{ended.text[-1500:]}")
        return len(findings.bad) < 5

    def judge(self, box, before, ended, point):
        harness.expect(not ended.timed_out, "it hangs")
        harness.expect(0 <= ended.exit < ENDS_BADLY, "it died of a signal")
        harness.expect(not (ended.exit == 0 and ended.call in SYNCS and self.lost_a_sync()),
                       "a sync failed, and it said that all went well")
        status = box.run("status", "--json").expect(0).json()
        left = status["unfinished"] + self.incomplete(status)
        self.expect_truth(box, status, left, ended)
        if left:
            self.lead_out(box, left[0], "resume" if point % 2 else "rollback")
        status = box.run("status", "--json").expect(0).json()
        harness.expect(not status["unfinished"] and not self.incomplete(status), f"something is left: {status}")
        self.expect_an_end(box, self.scene.run_of(status))

    def lost_a_sync(self):
        return self.fault in ("EIO", "EIO+", "after:EIO", "after:EIO+")

    def incomplete(self, status):
        """Of this run, not of the one before it, which some scenarios leave so."""
        return [run for run in status["incomplete"] if run["run"] != self.scene.earlier]

    def expect_truth(self, box, status, left, ended):
        """The exit status says where the machine is."""
        if ended.exit == 0:
            harness.expect(not left, f"exit 0, and this is left: {left}")
            harness.expect(self.scene.undisturbed_exit() == 0, "exit 0, though a check says no")
            self.scene.expect_end(box, "exit 0, but the world isn't the planned one")
        elif ended.exit == 1:
            harness.expect(not left, f"exit 1, and this is left: {left}")
            self.scene.expect_start(box, "exit 1, but the world isn't the former one")
        elif ended.exit == 3:
            harness.expect(left, f"exit 3, and nothing is left: {status}")
        elif ended.exit != 74:  # refused before anything began
            harness.expect(not left, f"exit {ended.exit}, and this is left: {left}")
            self.scene.expect_start(box, f"exit {ended.exit}, but something was changed")

    def lead_out(self, box, left, way):
        harness.expect(left["ways_out"], f"no way out is named: {left}")
        if way not in left["ways_out"]:
            way = "rollback"
        ran = box.run(way, left["run"], "--yes")
        harness.expect(ran.exit in (0, 1), f"the way out doesn't work: {ran.shown()}")

    def expect_an_end(self, box, run):
        """What the journal says of the run is what the world shows."""
        if run is None:
            self.scene.expect_start(box, "the run hadn't begun")
        elif run["state"] == "committed":
            self.scene.expect_end(box, "the run is committed")
        else:
            harness.expect(run["state"] == "rolled_back", f"the run is {run['state']}")
            harness.expect_same_tree(box.snapshot(), self.scene.before, "the run is rolled back", sweep.is_theirs)


def job(task):
    arguments, name, fault, stride = task
    clock = Clock()
    with harness.scratch(prefix="backout-errors-", memory=True) as folder:
        try:
            found = Failing(arguments, name, fault, stride, folder).run()
        except harness.Failure as failure:
            found = Findings()
            found.bad.append(f"{name} {fault}: {failure}")
    print(f"{'FAIL' if found.bad else 'PASS'} {name} {fault}: {found.points} calls, {clock.shown()}", flush=True)
    return found.points, found.bad


def tasks(arguments):
    stride = arguments.stride
    if arguments.self_test:
        return [(arguments, "file_write_update", "EIO", 1)]
    if arguments.fault or arguments.scenario or arguments.full:
        names = chosen(arguments, scenarios.SCENARIOS)
        return [(arguments, name, fault, stride or 1) for name in names for fault in arguments.fault or FAULTS]
    found = [(arguments, name, fault, stride or 1) for name in PLANS for fault in EVERYWHERE]
    others = [fault for fault in FAULTS if fault not in EVERYWHERE]
    return found + [(arguments, MIXED[index % len(MIXED)], fault, SCARCE) for index, fault in enumerate(others)]


def main():
    options = parser(__doc__)
    options.add_argument("--fault", action="append", choices=FAULTS)
    arguments = options.parse_args()
    refuse_unless_watchable(arguments)
    clock, findings = Clock(), Findings()
    for points, bad in each(job, tasks(arguments), arguments.jobs):
        findings.add(points, bad)
    return conclude("errors at every call", findings, clock.begun, arguments.self_test)


if __name__ == "__main__":
    sys.exit(main())
