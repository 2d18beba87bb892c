#!/usr/bin/env python3
"""Ends the program, and all that it started, at the entry of its 1st, 2nd, 3rd … system call with an effect on files,
until it comes through; each time from a fresh world. Then `resume` or `rollback`, and the world must be the planned
one or the former one: whole trees are compared, with everything that snapshot() sees.

  kill_sweep_test.py --program backout --kill-at kill_at [--scenario NAME]… [--both] [--compound] [--stride N]

--both: after each kill both ways out are tried, each from a world of its own; else they take turns.
--compound: the recovery is killed at each of its points as well, and then recovered.
"""

import re
import shutil
import subprocess
import sys
import time

import scenarios
from harness import (NOT_RUN, Box, Failure, expect, expect_same_tree, make_removable, new_times, parser, scratch)

CALL = re.compile(r"kill_at: points=(\d+) killed=([01]) exit=(-?\d+) call=(\w+)")


class Killed:
    """How a call under kill_at ended."""

    def __init__(self, ended):
        found = CALL.search(ended.stderr.decode())
        if not found:
            raise Failure(f"kill_at said nothing: {ended.stderr.decode()} {ended.stdout.decode()}")
        self.points, self.killed = int(found[1]), found[2] == "1"
        self.exit, self.call = int(found[3]), found[4]
        self.text = ended.stdout.decode() + ended.stderr.decode()


def is_theirs(name, attribute):
    return name == scenarios.THEIRS and attribute == "mtime"


class Sweep:
    def __init__(self, name, arguments, folder):
        self.name = name
        self.change, self.verb = scenarios.SCENARIOS[name]
        self.arguments = arguments
        self.folder = folder
        self.tried = self.kills = 0
        self.earlier = None  # the rollback before the one that is killed
        self.primed = None if name in scenarios.FROM_NOTHING else self.prime()

    def prime(self):
        """A state directory that had a run already, to be copied: making one anew has as many points as the change."""
        folder = self.folder / "primed"
        folder.mkdir()
        box = Box(self.arguments.program, folder)
        box.run("apply", "--yes", box.manifest([{"action": "check", "with": {"file": "/etc"}}])).expect(0)
        return box.state

    def fresh(self):
        """The world to start from, and the words of the call that is to be killed."""
        world = self.folder / "world"
        if world.exists():
            make_removable(world)
            shutil.rmtree(world)
        world.mkdir()
        box = Box(self.arguments.program, world)
        if self.primed is not None:
            shutil.copytree(self.primed, box.state)
        scenarios.furnish(box)
        actions = self.change(box)
        manifest = box.manifest(actions)
        scenarios.age_directories(box)
        before = box.snapshot()
        words = ["apply", "--yes", manifest]
        if self.verb == "rollback":
            box.run(*words).expect(0)
            words = ["rollback", "--yes"]
            if self.name in scenarios.TRIED_AGAIN:
                scenarios.disturb(box)
                box.run(*words).expect(3)
                scenarios.mend(box)
                self.earlier = box.newest_run()["run"]
        return box, before, words

    def kill(self, box, at, words):
        """at 0: only counts."""
        argv = [self.arguments.kill_at, "--at", str(at), "--timeout", "60", "--", *box.argv(words)]
        ended = subprocess.run(argv, capture_output=True, stdin=subprocess.DEVNULL, env=box.environment,
                               cwd=box.folder, check=False)
        return Killed(ended)

    def reference(self):
        """An undisturbed run: what the finished world is, and that it can be taken back."""
        box, before, words = self.fresh()
        whole = self.kill(box, 0, words)
        wanted = 1 if self.name == "failing" else 0
        expect(whole.exit == wanted, f"undisturbed, it ended with {whole.exit}: {whole.text}")
        after = box.snapshot()
        if self.verb == "rollback" or self.name == "failing":
            expect_same_tree(after, before, "after going back", is_theirs)
        else:
            expect(after != before, "the change changes nothing")
            box.run("rollback", "--yes").expect(0)
            expect_same_tree(box.snapshot(), before, "rolled back undisturbed", is_theirs)
        return after

    def recover(self, box, way):
        return box.run(way, "--yes", "--lock-timeout", "20s")

    def judge(self, box, before, way, ran):
        """The world is one of the two, and it is the one that this way leads to."""
        found = box.snapshot()
        run = box.newest_run()
        if run is not None and self.primed is not None and run["run"].startswith("r-1-"):
            run = None  # the one that was there before
        if run is not None and run["run"] == self.earlier:
            run = None
        goes_back = way == "rollback" or self.verb == "rollback" or self.name == "failing"
        started = run is not None and not (self.verb == "rollback" and not run["undoes"])
        status = box.run("status", "--json").expect(0).json()
        expect(not status["unfinished"], f"something is unfinished after {way}: {status}\n{ran.shown()}")
        if self.verb == "rollback" and not started and way == "resume":
            return expect_same_tree(found, self.after_apply, "the rollback had not begun", self.times)
        if goes_back or not started:
            expect(ran.exit in (0, 1), ran.shown())
            return expect_same_tree(found, before, f"after {way}\n{ran.shown()}\n", is_theirs)
        expect(ran.exit == 0, ran.shown())
        return expect_same_tree(found, self.after, f"after {way}\n{ran.shown()}\n", self.times)

    def ways(self, point):
        if self.arguments.both:
            return ["resume", "rollback"]
        return ["resume"] if point % 2 else ["rollback"]

    def prepare(self):
        box, before, _ = self.fresh()
        self.after = self.reference()
        self.after_apply = self.after
        if self.verb == "rollback":
            box, before, _ = self.fresh()
            self.after_apply = box.snapshot()
        times = new_times(before, self.after_apply if self.verb == "rollback" else self.after)
        self.times = lambda name, attribute: is_theirs(name, attribute) or times(name, attribute)

    def run(self):
        """Returns the failures."""
        self.prepare()
        failures = []
        point, came_through = 0, False
        while not came_through:
            point += self.arguments.stride
            for way in self.ways(point // self.arguments.stride):
                try:
                    came_through = not self.one(point, way)
                except Failure as failure:
                    failures.append(f"{self.name} point {point}: {failure}")
                if came_through:
                    break
            if len(failures) >= self.arguments.most_failures:
                break
        expect(self.kills > 0, "nothing was ever killed")
        return failures

    def one(self, point, way):
        """False if the run came through."""
        box, before, words = self.fresh()
        killed = self.kill(box, point, words)
        if not killed.killed:
            return False
        self.kills += 1
        if self.arguments.compound:
            self.compound(point, way, killed)
            return True
        self.tried += 1
        try:
            self.judge(box, before, way, self.recover(box, way))
        except Failure as failure:
            raise Failure(f"killed at {killed.call}, {way}: {failure}") from failure
        return True

    def compound(self, point, way, first):
        """Kills the recovery at each of its points."""
        again, second = 0, True
        while second:
            again += self.arguments.stride
            box, before, words = self.fresh()
            self.kill(box, point, words)
            killed = self.kill(box, again, [way, "--yes", "--lock-timeout", "20s"])
            second = killed.killed
            self.tried += 1
            try:
                self.judge(box, before, way, self.recover(box, way))
            except Failure as failure:
                raise Failure(f"killed at {first.call}, {way} killed at its {again}. point ({killed.call}): "
                              f"{failure}") from failure


def main():
    options = parser(__doc__)
    options.add_argument("--kill-at", required=True)
    options.add_argument("--scenario", action="append")
    options.add_argument("--both", action="store_true")
    options.add_argument("--compound", action="store_true")
    options.add_argument("--stride", type=int, default=1)
    options.add_argument("--most-failures", type=int, default=3)
    arguments = options.parse_args()
    if arguments.list:
        print("\n".join(scenarios.SCENARIOS))
        return 0
    probe = subprocess.run([arguments.kill_at, "--at", "1", "--", "touch", "/nowhere/at/all"], capture_output=True,
                           check=False)
    if b"kill_at: points=1 killed=1" not in probe.stderr:
        print("NOT RUN: programs can't be watched here: " + probe.stderr.decode())
        return NOT_RUN
    failures = []
    for name in arguments.scenario or [name for name in scenarios.SCENARIOS if arguments.only in name]:
        begun = time.monotonic()
        with scratch(memory=True) as folder:
            sweep = Sweep(name, arguments, folder)
            try:
                found = sweep.run()
            except Failure as failure:
                found = [f"{name}: {failure}"]
        print(f"{'FAIL' if found else 'PASS'} {name}: {sweep.kills} points, {sweep.tried} recoveries, "
              f"{time.monotonic() - begun:.1f} s", flush=True)
        failures += found
    for failure in failures:
        print("\n" + failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
