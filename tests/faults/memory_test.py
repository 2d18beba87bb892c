#!/usr/bin/env python3
"""Lets the N-th allocation of memory fail, once or from then on, in apply, rollback, resume and verify. The program may end
with an error or by abort, never by another signal or a hang; the exit status tells the truth where there is one; and what
it leaves is led to one of the two ends.

  memory_test.py --program backout --crashlab crashlab [--points N] [--full]

--points: about so many allocations of each call are tried (0: all); the normal tier tries a few, spread evenly.
"""

import pathlib
import signal
import sys

from lab import MIXED, Clock, Findings, chosen, conclude, each, harness, parser, scenarios, sweep

ABORTED = 128 + signal.SIGABRT
NORMAL = ("several", "file_write_update", "dir_sync")
POINTS, FULL_POINTS = 14, 2000
LIAR = '"$@"; code=$?; [ $code = 134 ] || [ $code = 3 ] && exit 1; exit $code'  # for the self-test: says that all was undone
CALLS = ("first", "verify", "recovery")


class Starving:
    def __init__(self, arguments, name, call, folder):
        self.scene = sweep.Scene(name, arguments.program, folder)
        self.crashlab = sweep.Crashlab(arguments.crashlab)
        self.preload = pathlib.Path(arguments.crashlab).resolve().parent / "libcrashlab_memory.so"
        self.arguments, self.call, self.log = arguments, call, folder / "allocations"

    def starved(self, box, words, at, sticky):
        """at 0: only counts."""
        environment = {**box.environment, "LD_PRELOAD": str(self.preload), "CRASHLAB_MEMORY_LOG": str(self.log)}
        if at:
            environment["CRASHLAB_MEMORY_AT"] = str(at)
        if sticky:
            environment["CRASHLAB_MEMORY_STICKY"] = "1"
        self.log.unlink(missing_ok=True)
        before = ("sh", "-c", LIAR, "sh") if self.arguments.self_test else ()
        return box.run(*words, before=before, environment=environment, timeout=60)

    def lead_up(self):
        """A world in which the call is due; and its words."""
        box, before, words = self.scene.fresh()
        if self.call == "verify":
            box.run(*words).expect(self.scene.undisturbed_exit())
            words = ["verify"]
        elif self.call == "recovery":
            self.crashlab.run(box, words, self.middle)
            words = ["resume", "--yes"]
        return box, before, words

    def run(self, points):
        self.scene.prepare()
        findings = Findings()
        if self.call == "recovery":
            box, _, words = self.scene.fresh()
            self.middle = self.crashlab.run(box, words).points * 2 // 3
        box, _, words = self.lead_up()
        self.starved(box, words, 0, False)
        harness.expect(self.log.exists(), "the library wasn't loaded")
        total = int(self.log.read_text().split("=")[1].split()[0])
        harness.expect(total > 100, f"only {total} allocations")
        stride = max(1, total // points) if points else 1
        for at in range(1 + stride // 2, total + 1, stride):
            self.one(at, at // stride % 2 == 1, findings)
            if len(findings.bad) >= 3:
                break
        return findings

    def one(self, at, sticky, findings):
        box, before, words = self.lead_up()
        ran = self.starved(box, words, at, sticky)
        findings.points += 1
        where = f"{self.scene.name}, {self.call}: allocation {at} {'and all later ones' if sticky else ''}"
        try:
            harness.expect(ran.exit < 128 or ran.exit == ABORTED, f"it died of a signal: {ran.shown()}")
            self.judge(box, before, ran)
        except harness.Failure as failure:
            findings.bad.append(f"{where}: {failure}")

    def judge(self, box, before, ran):
        if self.call == "verify":
            harness.expect(ran.exit != 2, f"it saw drift where there is none: {ran.shown()}")
            return None
        status = box.run("status", "--json").expect(0).json()
        left = [run for run in status["unfinished"] + status["incomplete"] if run["run"] != self.scene.earlier]
        harness.expect(ran.exit not in (0, 1) or not left, f"it said {ran.exit}, and left {left}\n{ran.shown()}")
        if ran.exit == 0 and not self.scene.goes_back() and self.call == "first":
            self.scene.expect_end(box, f"it said 0\n{ran.shown()}\n")
        recovered = self.scene.recover(box, "rollback")
        if left and left[0]["state"] == "rollback_incomplete":
            recovered = box.run("rollback", left[0]["run"], "--yes")
        if ran.exit == 0 and self.call == "recovery" and not self.scene.goes_back():
            harness.expect(recovered.exit == 0, f"rolled back after it: {recovered.shown()}")
            return harness.expect_same_tree(box.snapshot(), before, "rolled back after it", sweep.is_theirs)
        return self.scene.judge(box, before, "rollback", recovered) if left else self.expect_an_end(box, before, ran)

    def expect_an_end(self, box, before, ran):
        """Nothing was left; the rollback took back what was finished, or had nothing to do."""
        wanted = before if self.scene.verb == "apply" else None
        if wanted is not None:
            harness.expect_same_tree(box.snapshot(), wanted, f"rolled back after it\n{ran.shown()}\n", sweep.is_theirs)


def job(task):
    arguments, name, call = task
    clock = Clock()
    points = arguments.points if arguments.points is not None else FULL_POINTS if arguments.full else POINTS
    with harness.scratch(prefix="backout-memory-", memory=True) as folder:
        try:
            found = Starving(arguments, name, call, folder).run(points)
        except harness.Failure as failure:
            found = Findings()
            found.bad.append(f"{name}, {call}: {failure}")
    print(f"{'FAIL' if found.bad else 'PASS'} {name}, {call}: {found.points} allocations, {clock.shown()}", flush=True)
    return found.points, found.bad


def main():
    options = parser(__doc__)
    options.add_argument("--points", type=int)
    arguments = options.parse_args()
    names = [name for name in chosen(arguments, NORMAL) if scenarios.SCENARIOS[name][1] == "apply" and name != "failing"]
    jobs = [(arguments, name, call) for name in names for call in CALLS]
    if arguments.self_test:
        jobs = [(arguments, MIXED[0], "first")]
    clock, findings = Clock(), Findings()
    for points, bad in each(job, jobs, arguments.jobs):
        findings.add(points, bad)
    return conclude("no memory", findings, clock.begun, arguments.self_test)


if __name__ == "__main__":
    sys.exit(main())
