#!/usr/bin/env python3
"""Ends the program, and all that it started, at its 1st, 2nd, 3rd … system call with an effect on files, until it comes
through; each time from a fresh world. Then `resume` or `rollback`, and the world must be the planned one or the former
one: whole trees are compared, with everything that snapshot() sees.

  kill_sweep_test.py --program backout --crashlab crashlab [--scenario NAME]… [--action A]… [--both] [--compound] [--stride N]

--action: kill (the call doesn't happen), killafter (it does), torn (half of a write does); default kill.
--both: after each kill both ways out are tried, each from a world of its own; else they take turns.
--compound: the recovery is killed at each of its points as well, and then recovered.
"""

import pathlib
import sys
import time

import scenarios
from harness import NOT_RUN, Failure, expect, parser, scratch
from sweep import Crashlab, Scene, table

WRITES = ("--calls", "write,pwrite64,sendfile,copy_file_range")  # what can be done by half


class Sweep:
    def __init__(self, name, arguments, folder, action):
        self.scene = Scene(name, arguments.program, folder)
        self.crashlab = Crashlab(arguments.crashlab)
        self.arguments = arguments
        self.action = action
        self.options = WRITES if action == "torn" else ()
        self.tried = self.points = 0

    def disturb(self, box, at, words):
        environment = box.environment
        if self.arguments.self_test:
            library = pathlib.Path(self.arguments.crashlab).resolve().parent / "libcrashlab_broken.so"
            box.environment = {**environment, "LD_PRELOAD": str(library), "CRASHLAB_BROKEN": "exchange"}
        ended = self.crashlab.run(box, words, at, self.action, self.options)
        box.environment = environment
        return ended

    def ways(self, point):
        if self.arguments.both:
            return ["resume", "rollback"]
        return ["resume"] if point % 2 else ["rollback"]

    def run(self):
        """Returns the failures."""
        self.scene.prepare()
        failures = []
        point, came_through = 1 + self.arguments.offset, False
        while not came_through:
            for way in self.ways(point // self.arguments.stride):
                try:
                    came_through = not self.one(point, way)
                except Failure as failure:
                    failures.append(f"{self.scene.name} {self.action} point {point}: {failure}")
                if came_through:
                    break
            if len(failures) >= self.arguments.most_failures:
                break
            point += self.arguments.stride
        expect(self.points > 0, "nothing was ever disturbed")
        return failures

    def one(self, point, way):
        """False if the run came through."""
        box, before, words = self.scene.fresh()
        ended = self.disturb(box, point, words)
        expect(not ended.timed_out, f"it hangs: {ended.text}")
        if not ended.acted:
            return False
        self.points += 1
        if self.arguments.compound:
            self.compound(point, way, ended)
            return True
        self.tried += 1
        try:
            self.scene.judge(box, before, way, self.scene.recover(box, way))
        except Failure as failure:
            raise Failure(f"{self.action} at {ended.at()}, {way}: {failure}") from failure
        return True

    def compound(self, point, way, first):
        """Kills the recovery at each of its points."""
        again, second = 1, True
        while second:
            box, before, words = self.scene.fresh()
            self.disturb(box, point, words)
            killed = self.disturb(box, again, [way, "--yes", "--lock-timeout", "20s"])
            second = killed.acted
            self.tried += 1
            try:
                self.scene.judge(box, before, way, self.scene.recover(box, way))
            except Failure as failure:
                raise Failure(f"{self.action} at {first.at()}, {way} too at its {again}. point ({killed.at()}): "
                              f"{failure}") from failure
            again += self.arguments.stride


def sweep_one(name, action, arguments):
    begun = time.monotonic()
    with scratch(memory=True) as folder:
        sweep = Sweep(name, arguments, folder, action)
        try:
            found = sweep.run()
        except Failure as failure:
            found = [f"{name}: {failure}"]
    print(f"{'FAIL' if found else 'PASS'} {name} {action}: {sweep.points} points, {sweep.tried} recoveries, "
          f"{time.monotonic() - begun:.1f} s", flush=True)
    return sweep.tried, found


def options():
    known = parser(__doc__)
    known.add_argument("--crashlab", required=True)
    known.add_argument("--scenario", action="append")
    known.add_argument("--action", action="append", choices=["kill", "killafter", "torn"])
    known.add_argument("--both", action="store_true")
    known.add_argument("--compound", action="store_true")
    known.add_argument("--stride", type=int, default=1)
    known.add_argument("--offset", type=int, default=0)
    known.add_argument("--self-test", action="store_true",
                       help="in a world where an exchange of names isn't atomic: succeeds if that is found")
    known.add_argument("--most-failures", type=int, default=3)
    return known.parse_args()


def main():
    arguments = options()
    if arguments.list:
        print("\n".join(scenarios.SCENARIOS))
        return 0
    why_not = Crashlab(arguments.crashlab).why_not()
    if why_not is not None:
        print("NOT RUN: programs can't be watched here: " + why_not)
        return NOT_RUN
    tried, failures, begun = 0, [], time.monotonic()
    names = arguments.scenario or [name for name in scenarios.SCENARIOS if arguments.only in name]
    for name in names:
        for action in arguments.action or ["kill"]:
            more, found = sweep_one(name, action, arguments)
            tried += more
            failures += found
    for failure in failures:
        print("\n" + failure[:4000])
    what = "compound kill" if arguments.compound else "kill"
    if arguments.self_test:
        print("the defect was found" if failures else "the defect was NOT found: this test proves nothing")
        return 0 if failures else 1
    table(f"{what} {names[0] if len(names) == 1 else 'sweep'}", tried, len(failures), begun)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
