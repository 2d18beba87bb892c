#!/usr/bin/env python3
"""The program is killed alone; a command that it had started lives on. `resume`, `rollback` and `apply` come at once: they
must see it and keep their hands off, and end well once it has ended.

  orphans_test.py --program backout --crashlab crashlab [--full]

A command that takes its time writes `begun`, waits for leave, writes `ended`. The program is killed at each of its system
calls with an effect; the kill falls before, while, and after the command works. Whatever comes next must never be at work
beside the command: an undo that runs while the command does would be seen, for it writes into the same diary.
"""

import subprocess
import sys
import time

from lab import Clock, Findings, broken, conclude, each, harness, parser, refuse_unless_watchable, sweep

COMMAND = 'echo "+ do" >> {diary}; while [ ! -e {leave} ]; do sleep 0.02; done; echo "- do" >> {diary}; touch {made}'
UNDO = 'echo "+ undo" >> {diary}; rm -f {made}; echo "- undo" >> {diary}'
REFUSALS = {"resume": (75,), "rollback": (75,), "apply": (75, 5)}  # the unfinished run is in the way, too
ROUNDS, FULL_ROUNDS = 12, 500  # with a command that is certainly at work
SECONDS = 20


class Orphaned:
    def __init__(self, arguments, folder):
        self.arguments, self.folder = arguments, folder
        self.crashlab = arguments.crashlab

    def fresh(self):
        world = self.folder / "world"
        if world.exists():
            harness.shutil.rmtree(world)
        world.mkdir()
        box = harness.Box(self.arguments.program, world)
        self.diary, self.leave = world / "diary", world / "leave"
        names = {"diary": self.diary, "leave": self.leave, "made": box.path("made")}
        command = {"id": "slow", "action": "command.run", "depends_on": ["conf"],
                   "with": {"argv": ["sh", "-c", COMMAND.format(**names)], "undo": {"argv": ["sh", "-c", UNDO.format(**names)]},
                            "touches": [box.path("made")], "probe": {"argv": ["test", "-e", box.path("made")]}}}
        box.write("conf", "old\n")
        box.run("apply", "--yes", box.manifest([{"action": "check", "with": {"file": "/etc"}}])).expect(0)
        return box, box.manifest([harness.write_action(box, "conf", "new\n", id="conf"), command])

    def entries(self):
        return self.diary.read_text().split("\n")[:-1] if self.diary.exists() else []

    def kill_alone(self, box, manifest, at):
        """Returns the watcher, which stays as long as the orphan lives, and its report."""
        if at > self.beyond + 1:
            self.leave.touch()  # the kill comes after the command
        argv = [self.crashlab, "--at", str(at), "--kill-root-only", "--under", str(box.folder), "--timeout", str(SECONDS * 2),
                "--", *box.argv(["apply", "--yes", manifest])]
        watcher = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                   env=box.environment, cwd=box.folder, text=True)
        lines = ""
        for line in watcher.stderr:
            lines += line
            if sweep.REPORT.match(line):
                break
        return watcher, sweep.Ended(0, "", lines)

    def one(self, at, verb):
        """False if the program came through."""
        box, manifest = self.fresh()
        watcher, ended = self.kill_alone(box, manifest, at)
        try:
            if not ended.killed:
                return False
            self.take_over(box, manifest, verb, at)
            self.leave.touch()
            watcher.wait(SECONDS)
            box.run("rollback", "--yes", "--lock-timeout", "20s")
            harness.expect(not box.run("status", "--json").expect(0).json()["unfinished"], "something is unfinished")
            harness.expect_equal(box.read("conf"), "old\n", "the former content")
            harness.expect(not (box.target / "made").exists(), "what the command made is still there")
            self.expect_turns()
            return True
        except (harness.Failure, subprocess.TimeoutExpired) as failure:
            raise harness.Failure(f"killed alone at {at} ({ended.at()}), then {verb}: {failure}\ndiary {self.entries()}") from failure
        finally:
            self.leave.touch()
            watcher.wait(SECONDS * 2)
            watcher.stderr.close()

    def take_over(self, box, manifest, verb, at):
        """At once, while the orphan may live."""
        if self.arguments.self_test:
            broken(self.arguments, box, "orphan")
        at_work = not self.leave.exists() and self.has_begun(at)
        if not at_work:
            self.leave.touch()  # a command that begins now is nobody's orphan
        if verb == "wait":
            return self.wait_for_it(box, at_work)
        words = ["apply", "--yes", manifest] if verb == "apply" else [verb, "--yes"]
        ran = box.run(*words, timeout=SECONDS)
        if at_work:
            self.seen += 1
            harness.expect(self.entries() == ["+ do"], f"it acted beside the orphan: {ran.shown()}")
            harness.expect(ran.exit in REFUSALS[verb], f"beside an orphan: {ran.shown()}")

    def wait_for_it(self, box, at_work):
        """As long as it was told to; then it carries the run on."""
        running = box.start("resume", "--yes", "--lock-timeout", "20s")
        if at_work:
            self.seen += 1
            time.sleep(0.3)
            harness.expect(running.poll() is None, "it doesn't wait for the orphan")
            harness.expect(self.entries() == ["+ do"], "it acted beside the orphan")
        self.leave.touch()
        ran = box.ended(running)
        harness.expect(ran.exit in (0, 1), f"after the orphan: {ran.shown()}")

    def has_begun(self, at):
        """Killed at the command's own first calls, it is about to write its first line."""
        if at >= self.beyond:
            harness.wait_until(self.entries, "the command to begin")
        return self.entries() == ["+ do"]

    def expect_turns(self):
        """Nobody began before the other ended."""
        entries = self.entries()
        for one, other in zip(entries[::2], entries[1::2]):
            harness.expect(one[0] == "+" and other == "-" + one[1:], f"two were at work at once: {entries}")

    def points(self, offset, stride, rounds):
        """Each with what comes after the kill: some while the command is certainly at work, then all others."""
        verbs = ("rollback",) if self.arguments.self_test else ("resume", "rollback", "apply", "wait")
        for number in range(offset, rounds, self.arguments.jobs):
            yield self.beyond + number % 2, verbs[number // 2 % len(verbs)]
        for point in range(1 + offset * stride, 1000, stride * self.arguments.jobs):
            yield point, verbs[point // stride % len(verbs)]

    def run(self, offset, stride, rounds):
        findings = Findings()
        self.seen = 0
        self.beyond = self.points_before_command()
        for point, verb in self.points(offset, stride, rounds):
            try:
                if not self.one(point, verb):
                    break
            except harness.Failure as failure:
                findings.bad.append(str(failure))
                if len(findings.bad) >= 3:
                    break
            findings.points += 1
        return findings

    def points_before_command(self):
        """How many effects there are until the command has begun: up to there, the kill comes first."""
        box, manifest = self.fresh()
        log = self.folder / "log"
        self.leave.touch()
        sweep.Crashlab(self.crashlab).run(box, ["apply", "--yes", manifest], 0, "kill", ["--log", log])
        lines = log.read_text().splitlines()
        return next(int(line.split("\t")[0]) for line in lines if line.endswith(str(self.diary)))


def job(task):
    arguments, offset, stride, rounds = task
    with harness.scratch(prefix="backout-orphans-", memory=True) as folder:
        orphaned = Orphaned(arguments, folder)
        findings = orphaned.run(offset, stride, rounds)
    return findings.points, findings.bad, orphaned.seen


def main():
    arguments = parser(__doc__).parse_args()
    refuse_unless_watchable(arguments)
    clock, findings, seen = Clock(), Findings(), 0
    stride = arguments.stride or (1 if arguments.full else 4)
    rounds = FULL_ROUNDS if arguments.full else ROUNDS
    tasks = [(arguments, number, stride, rounds) for number in range(arguments.jobs)]
    for points, bad, orphans in each(job, tasks, arguments.jobs):
        findings.add(points, bad)
        seen += orphans
    print(f"{seen} times the command was still at work")
    if not seen and not arguments.self_test:
        findings.bad.append("no orphan was ever at work: nothing was proved")
    return conclude("orphans", findings, clock.begun, arguments.self_test)


if __name__ == "__main__":
    sys.exit(main())
