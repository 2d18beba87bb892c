"""What all sweeps through crashes and faults share: a world for a scenario, the two ends that a run may have, and the
program under tools/crashlab, which stops it at its N-th system call with an effect and does something there."""

import re
import shutil
import subprocess
import time

import scenarios
from harness import Box, Failure, expect, expect_same_tree, make_removable, new_times

REPORT = re.compile(r"^crashlab: points=(\d+) acted=([01]) killed=([01]) exit=(-?\d+) call=(\w+) path=(.*)$", re.MULTILINE)


class Ended:
    """How a call under crashlab ended."""

    def __init__(self, code, output, errors):
        found = REPORT.search(errors)
        if not found:
            raise Failure(f"crashlab said nothing: {errors} {output}")
        self.timed_out = code == 3
        self.points, self.acted, self.killed = int(found[1]), found[2] == "1", found[3] == "1"
        self.exit, self.call, self.path = int(found[4]), found[5], found[6]
        self.text = output + errors

    def at(self):
        return f"{self.call} {self.path}"


class Crashlab:
    def __init__(self, program):
        self.program = program

    def run(self, box, words, at=0, action="kill", options=(), timeout=60, output=None):
        """at 0: only counts. Only calls on files of this world count. `output`: an open file for what is printed."""
        argv = [self.program, "--at", str(at), "--action", action, "--timeout", str(timeout), *map(str, options),
                "--under", str(box.folder), "--", *box.argv(words)]
        ended = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=output or subprocess.PIPE, stderr=subprocess.PIPE,
                               env=box.environment, cwd=box.folder, check=False)
        return Ended(ended.returncode, (ended.stdout or b"").decode("utf-8", "replace"),
                     ended.stderr.decode("utf-8", "replace"))

    def why_not(self):
        """None where programs can be watched."""
        probe = subprocess.run([self.program, "--at", "1", "--", "touch", "/nowhere/at/all"], capture_output=True,
                               check=False)
        return None if b"points=1 acted=1 killed=1" in probe.stderr else probe.stderr.decode()


def is_theirs(name, attribute):
    return name == scenarios.THEIRS and attribute == "mtime"


class Scene:
    """A scenario in a folder: its world as often as wanted, and the two ends it may come to."""

    def __init__(self, name, program, folder):
        self.name = name
        self.change, self.verb = scenarios.SCENARIOS[name]
        self.program = program
        self.folder = folder
        self.earlier = None  # the rollback before the one that is disturbed
        self.primed = None if name in scenarios.FROM_NOTHING else self.prime()

    def prime(self):
        """A state directory that had a run already, to be copied: making one anew has as many points as the change."""
        folder = self.folder / "primed"
        folder.mkdir()
        box = Box(self.program, folder)
        box.run("apply", "--yes", box.manifest([{"action": "check", "with": {"file": "/etc"}}])).expect(0)
        return box.state

    def world(self):
        """The box of a world that is there already."""
        return Box(self.program, self.folder / "world")

    def clear(self):
        world = self.folder / "world"
        if world.exists():
            make_removable(world)
            shutil.rmtree(world)
        world.mkdir()

    def fresh(self):
        """The world to start from, and the words of the call that is to be disturbed."""
        self.clear()
        box = self.world()
        if self.primed is not None:
            shutil.copytree(self.primed, box.state)
        scenarios.furnish(box)
        manifest = box.manifest(self.change(box))
        scenarios.age_directories(box)
        before = self.before = box.snapshot()
        return box, before, self.lead_up(box, ["apply", "--yes", manifest])

    def lead_up(self, box, words):
        """What happens before the call that is to be disturbed; returns the words of that one."""
        if self.verb != "rollback":
            return words
        box.run(*words).expect(0)
        words = ["rollback", "--yes"]
        if self.name in scenarios.TRIED_AGAIN:
            scenarios.disturb(box)
            box.run(*words).expect(3)
            scenarios.mend(box)
            self.earlier = box.newest_run()["run"]
        return words

    def undisturbed_exit(self):
        return 1 if self.name == "failing" else 0

    def goes_back(self):
        """The call itself ends where everything began."""
        return self.verb == "rollback" or self.name == "failing"

    def prepare(self):
        """Finds out the two ends, by runs that nothing disturbs."""
        box, before, words = self.fresh()
        self.begun = box.snapshot()  # after an apply, if it is a rollback that is disturbed
        begin = time.monotonic()
        box.run(*words).expect(self.undisturbed_exit())
        self.seconds = time.monotonic() - begin
        self.after = box.snapshot()
        if self.goes_back():
            expect_same_tree(self.after, before, "after going back", is_theirs)
        else:
            expect(self.after != before, "the change changes nothing")
            box.run("rollback", "--yes").expect(0)
            expect_same_tree(box.snapshot(), before, "rolled back undisturbed", is_theirs)
        times = new_times(before, self.begun if self.verb == "rollback" else self.after)
        self.times = lambda name, attribute: is_theirs(name, attribute) or times(name, attribute)

    def run_of(self, status):
        """The run that was disturbed; None if it hadn't begun."""
        run = status["last"][0] if status["last"] else None
        if run is None or run["run"] == self.earlier or (self.primed is not None and run["run"].startswith("r-1-")):
            return None
        return None if self.verb == "rollback" and not run["undoes"] else run

    def expect_start(self, box, what):
        """The world as the call that is disturbed found it."""
        wanted = self.begun if self.verb == "rollback" else self.before
        expect_same_tree(box.snapshot(), wanted, what, self.times if self.verb == "rollback" else is_theirs)

    def expect_end(self, box, what):
        """The world as the call leaves it if nothing disturbs it."""
        if self.goes_back():
            return expect_same_tree(box.snapshot(), self.before, what, is_theirs)
        return expect_same_tree(box.snapshot(), self.after, what, self.times)

    def judge(self, box, before, way, ran):
        """The world is one of the two, and it is the one that this way leads to."""
        status = box.run("status", "--json").expect(0).json()
        expect(not status["unfinished"], f"something is unfinished after {way}: {status}\n{ran.shown()}")
        started = self.run_of(status) is not None
        text = f"after {way}\n{ran.shown()}\n"
        if self.verb == "rollback" and not started and way == "resume":
            return self.expect_start(box, "the rollback had not begun; " + text)
        if way == "rollback" or self.goes_back() or not started:
            expect(ran.exit in (0, 1), ran.shown())
            return expect_same_tree(box.snapshot(), before, text, is_theirs)
        expect(ran.exit == 0, ran.shown())
        return self.expect_end(box, text)

    def recover(self, box, way):
        return box.run(way, "--yes", "--lock-timeout", "20s")


def table(name, points, bad, begun):
    """The line that a runner collects."""
    print(f"table: {name} | {points} | {bad} | {time.monotonic() - begun:.1f}", flush=True)
