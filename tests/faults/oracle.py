"""What the world must be after a sequence of runs, told by the journal's order alone: a value for each target."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))

from harness import Failure, expect, expect_equal  # noqa: E402


def number_of(run):
    return int(run["run"].split("-")[1])


class Oracle:
    """`changes`: by name of a manifest, what its run writes. A run that takes another back restores what that one had
    found, and takes over what it had left."""

    def __init__(self, world):
        self.world = dict(world)
        self.changes = {}
        self.effects = {}  # of each run that had one: target → (before, after)
        self.seen = 0
        self.last_end = ""

    def will_write(self, name, values):
        self.changes[name] = values

    def take(self, history):
        """Follows the runs that are new in a history, newest first as the program prints it."""
        new = [run for run in reversed(history) if number_of(run) > self.seen]
        for run in new:
            expect_equal(number_of(run), self.seen + 1, "number of the next run")
            self.seen = number_of(run)
            self.follow(run)
        return new

    def follow(self, run):
        expect(run["finished"], f"unfinished: {run}")
        expect(run["started"] >= self.last_end, f"{run['run']} began before the run before it had ended: {run}")
        self.last_end = run["finished"]
        expect(run["state"] in ("committed", "rolled_back"), f"a run needs a person: {run}")
        if run["state"] == "rolled_back" and not run["undone_by"]:
            return
        values = self.values_of(run)
        self.effects[run["run"]] = {target: (self.world[target], value) for target, value in values.items()}
        self.world.update(values)

    def values_of(self, run):
        if not run["undoes"]:
            expect(run["name"] in self.changes, f"nobody asked for {run}")
            return self.changes[run["name"]]
        undone = self.effects.get(run["undoes"])
        if undone is None:
            raise Failure(f"{run['run']} takes back a run that had no effect: {run}")
        for target, (_, after) in undone.items():
            expect_equal(self.world[target], after, f"{target} when {run['run']} took back {run['undoes']}")
        return {target: before for target, (before, _) in undone.items()}
