#!/usr/bin/env python3
"""Two to eight processes on one state directory, begun at random instants, some of them killed: writers and readers.

After each round the unfinished run, if there is one, is carried on or taken back. Then the runs in the journal's order
must give exactly what stands in the targets; no two runs may have been at work at once, by the journal and by a lock
that each run takes itself; readers must have answered, with a JSON document; writers must have ended with a status that
is foreseen; nothing may need a person.

  concurrency_test.py --program backout [--rounds N] [--seed N] [--preload LIBRARY] [--self-test LIBRARY]

--preload: a library that is put under the program. --self-test: the same, and the test must fail: with a lock that
locks nothing it has to see what goes wrong.
"""

import collections
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))

from harness import Box, Failure, expect, expect_equal, parser, scratch, write_action  # noqa: E402
from oracle import Oracle  # noqa: E402
from table import Table  # noqa: E402

ROUNDS_IN_A_WORLD = 10
SHARED = 3
ENOUGH = 50  # rounds in which every kind of end must have come up
WAITS = ["0s", "20ms", "200ms", "10s"]
BOUND = 120  # seconds in which whoever doesn't wait for a lock must have ended
HANDLED = {"apply": {0, 1, 5, 6, 75}, "plan": {0, 1, 5, 6, 75}, "resume": {0, 1, 75}, "rollback": {0, 1, 5, 6, 75},
           "prune": {0, 75}, "status": {0}, "history": {0}, "log": {0}, "verify": {0, 2, 65}, "doctor": {0}}
# verify: 65 where no run stands; apply and rollback plan before they take the lock, and look again after it (5, 6).
READERS = {"status", "history", "log", "verify", "doctor"}
KILLED = -signal.SIGKILL


class Process:
    """One call: what it is, when it begins, and when it is killed, if ever."""

    def __init__(self, verb, words, begin, kill, whole_group):
        self.verb, self.words, self.begin, self.kill = verb, words, begin, kill
        self.whole_group = whole_group
        self.running = None
        self.output = None

    def start(self, box, number):
        self.output = box.folder / f"out-{number}"
        with open(self.output, "wb") as out, open(f"{self.output}.err", "wb") as errors:
            self.running = subprocess.Popen(box.argv(self.words), stdin=subprocess.DEVNULL, stdout=out, stderr=errors,
                                            env=box.environment, cwd=box.folder, start_new_session=True)

    def strike(self):
        """kill -9: of the program, or of all that it started."""
        if self.running.poll() is None:
            (os.killpg if self.whole_group else os.kill)(self.running.pid, signal.SIGKILL)

    def shown(self):
        errors = pathlib.Path(f"{self.output}.err").read_text(errors="replace")
        return (f"{' '.join(map(str, self.words))}\nexit {self.running.returncode}\n--- output\n"
                f"{self.output.read_text(errors='replace')[-2000:]}--- errors\n{errors[-2000:]}---")


class World:
    """A state directory, targets, and what must stand in them."""

    def __init__(self, box, seed):
        self.box = box
        self.seed = seed
        self.names = 0
        targets = [f"own{i}" for i in range(8)] + [f"shared{i}" for i in range(SHARED)]
        for target in targets:
            box.write(target, "start\n")
        self.oracle = Oracle({target: "start\n" for target in targets})
        self.lock = box.folder / "one-at-a-time"
        self.overlaps = box.folder / "overlaps"
        self.exits = collections.Counter()
        self.pace = 0.02  # seconds that a small call takes here and now: what is chosen by chance is measured by it
        self.kills = self.recoveries = 0

    def manifest(self, targets, fails, slow):
        """Writes to each target; in between it holds a lock of its own, which nobody else may hold."""
        self.names += 1
        name = f"m{self.names}"
        values = {target: f"{name} {target}\n" for target in targets}
        self.oracle.will_write(name, values)
        actions = [write_action(self.box, target, value, id=f"w{i}")
                   for i, (target, value) in enumerate(values.items())]
        script = f"flock -n -E 9 {self.lock} sleep {slow} || echo {name} $? >> {self.overlaps}"
        actions.insert(1, {"id": "alone", "action": "command.run", "depends_on": ["w0"], "with": {
            "argv": ["sh", "-c", script], "undo": {"argv": ["sh", "-c", script]}, "touches": []}})
        if fails:
            actions.append({"id": "no", "action": "command.run", "depends_on": ["alone"], "with": {
                "argv": ["false"], "undo": {"argv": ["true"]}, "touches": []}})
        document = {"backout": 1, "name": name, "actions": actions}
        return self.box.text(f"{name}.json", json.dumps(document))

    def some_manifest(self, chance, place):
        targets = [f"own{place}"] if chance.random() < 0.4 else []
        targets += chance.sample([f"shared{i}" for i in range(SHARED)], chance.randint(1, 2))
        return self.manifest(targets, chance.random() < 0.15, chance.choice(["0", "0.02", "0.1"]))

    def process(self, chance, place, window, plan, newest):
        verb = chance.choices(["apply", "plan", "resume", "rollback", "prune", "status", "history", "log", "verify",
                               "doctor"], [30, 8 if plan else 0, 10, 14, 4, 7, 7, 7 if newest else 0, 6, 7])[0]
        words = {"apply": lambda: ["apply", "--yes", self.some_manifest(chance, place)],
                 "plan": lambda: ["apply", plan], "resume": lambda: ["resume", "--yes"],
                 "rollback": lambda: ["rollback", "--yes"], "prune": lambda: ["prune", "--keep", "30"],
                 "log": lambda: ["log", newest, "--json"]}.get(verb, lambda: [verb, "--json"])()
        if verb not in READERS:
            words += ["--lock-timeout", chance.choice(WAITS)]
        kill = 2 ** chance.uniform(-2, 2.5) * self.pace if chance.random() < 0.6 else None
        return Process(verb, words, chance.uniform(0, window) * self.pace, kill, chance.random() < 0.6)

    def round(self, number):
        chance = random.Random(f"{self.seed}-{number}")
        plan = self.saved_plan(chance) if chance.random() < 0.3 else None
        began = time.monotonic()
        newest = self.box.newest_run()
        self.pace = min(1.0, time.monotonic() - began)
        window = chance.choice([1, 5, 15])
        processes = [self.process(chance, i, window, plan, newest and newest["run"])
                     for i in range(chance.randint(2, 8))]
        self.play(processes)
        for process in processes:
            self.judge(process)
        self.settle(chance)
        self.compare()

    def saved_plan(self, chance):
        """One that several may want to apply: it must be used once only."""
        path = self.box.folder / f"plan-{self.names + 1}"
        self.box.run("plan", "-o", path, self.some_manifest(chance, 0)).expect(0)
        return str(path)

    def play(self, processes):
        """Everything in the order of its instants, then waits for all."""
        events = [(process.begin, 0, i) for i, process in enumerate(processes)]
        events += [(process.begin + process.kill, 1, i) for i, process in enumerate(processes) if process.kill]
        began = time.monotonic()
        for instant, what, i in sorted(events):
            time.sleep(max(0.0, began + instant - time.monotonic()))
            processes[i].strike() if what else processes[i].start(self.box, i)
        for process in processes:
            try:
                process.running.wait(timeout=BOUND)
            except subprocess.TimeoutExpired as error:
                process.strike()
                raise Failure(f"still running after {BOUND} s: {process.shown()}") from error

    def judge(self, process):
        code = process.running.returncode
        if code == KILLED and process.kill:
            self.kills += 1
            return
        self.exits[f"{process.verb} {code}"] += 1
        expect(code in HANDLED[process.verb], f"not foreseen: {process.shown()}")
        if process.verb in READERS and code in (0, 2):
            try:
                json.loads(process.output.read_text())
            except ValueError as error:
                raise Failure(f"no JSON document: {process.shown()}") from error

    def settle(self, chance):
        """Carries on what is unfinished. What a killed program had started may still be at work: that is waited for."""
        for _ in range(5):
            status = self.box.run("status", "--json").expect(0).json()
            if not status["unfinished"] and not status["orphan"]:
                return
            self.recoveries += bool(status["unfinished"])
            ran = self.box.run(chance.choice(["resume", "rollback"]), "--yes", "--lock-timeout", "20s")
            expect(ran.exit in (0, 1), f"the way out leads nowhere: {ran.shown()}")
        raise Failure(f"it stays unfinished: {status}")

    def compare(self):
        history = self.box.run("history", "--json").expect(0).json()
        self.oracle.take(history)
        found = {target: self.box.read(target) for target in self.oracle.world}
        expect_equal(found, self.oracle.world, f"the world after {self.oracle.seen} runs")
        expect_equal(sorted(os.listdir(self.box.target)), sorted(self.oracle.world), "names among the targets")
        if self.overlaps.exists():
            raise Failure(f"two runs were at work at once: {self.overlaps.read_text()}")
        if history:
            self.box.run("doctor", "--json").expect(0)


def play_rounds(arguments):
    """Returns the failures, and what came of the calls."""
    failures, exits, kills, recoveries, tried = [], collections.Counter(), 0, 0, 0
    while tried < arguments.rounds and not failures:
        with scratch(prefix="backout-many-", memory=True) as folder:
            box = Box(arguments.program, folder)
            if arguments.preload:
                box.environment["LD_PRELOAD"] = arguments.preload
            world = World(box, arguments.seed)
            for _ in range(min(ROUNDS_IN_A_WORLD, arguments.rounds - tried)):
                tried += 1
                try:
                    world.round(tried)
                except Failure as failure:
                    failures.append(f"round {tried} of seed {arguments.seed}: {failure}")
                    if arguments.keep:
                        os.rename(folder, arguments.keep)
                    break
            exits += world.exits
            kills += world.kills
            recoveries += world.recoveries
    return failures, exits, kills, recoveries, tried


def main():
    options = parser(__doc__)
    options.add_argument("--rounds", type=int, default=100)
    options.add_argument("--full", action="store_true", help="5,000 rounds")
    options.add_argument("--seed", type=int, default=None)
    options.add_argument("--preload", default="")
    options.add_argument("--self-test", default="")
    options.add_argument("--keep", default="", help="where the world of a failed round is put")
    arguments = options.parse_args()
    arguments.seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(10**9)
    arguments.rounds = 5000 if arguments.full else arguments.rounds
    arguments.preload = arguments.preload or arguments.self_test
    table = Table("concurrency_self_test" if arguments.self_test else "concurrency")
    failures, exits, kills, recoveries, tried = play_rounds(arguments)
    if not failures and not arguments.self_test and tried >= ENOUGH:
        for wanted in ("apply 0", "apply 75", "apply 5", "rollback 0", "resume 0", "status 0", "doctor 0"):
            if exits[wanted] == 0:
                failures.append(f"no call ended as '{wanted}': {dict(exits)}")
        if kills == 0 or recoveries == 0:
            failures.append(f"{kills} were killed, {recoveries} runs left unfinished")
    for failure in failures:
        print(f"FAIL {failure}", flush=True)
    print(f"seed {arguments.seed}; killed {kills}, recoveries {recoveries}; ends: " + ", ".join(f"{k}: {n}" for k, n in sorted(exits.items())))
    table.points = tried
    table.bad = len(failures) if not arguments.self_test else int(not failures)
    table.show()
    return 1 if table.bad else 0


if __name__ == "__main__":
    sys.exit(main())
