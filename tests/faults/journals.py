"""Real journals to be damaged: made by the program itself, with runs that ended in every way."""

import json
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))

from harness import (expect_equal, kill_group, waiting_action, wait_until, write_action)  # noqa: E402


def copy(source, target):
    """With times and links, as it is; holes stay holes."""
    target.parent.mkdir(exist_ok=True)
    subprocess.run(["cp", "-a", "--sparse=always", str(source), str(target)], check=True)


class Journal:
    """A box whose state directory holds runs, and copies of the journal's files as they were in between."""

    def __init__(self, box):
        self.box = box
        self.copies = []
        box.write("shared.conf", "first\n")
        box.write("big.txt", "line\n" * 4000)

    def keep_copy(self):
        """data.mdb as it is now: what a person, or a disk, may put back later."""
        path = self.box.folder / f"older-{len(self.copies)}.mdb"
        shutil.copyfile(self.box.journal_file(), path)
        self.copies.append(path)

    def change(self, name, *actions, **more):
        document = {"backout": 1, "name": name, "actions": list(actions), **more}
        return self.box.text(f"{name}.json", json.dumps(document, indent=1))

    def done(self, *words, code=0):
        self.box.run(*words).expect(code)
        self.keep_copy()

    def finished_runs(self):
        """Committed, taken back and redone, failed and undone, by a saved plan, with a long plan, removed."""
        box = self.box
        self.done("apply", "--yes", self.change("first", write_action(box, "one", "1\n"),
                                                write_action(box, "two", "2\n")))
        self.done("apply", "--yes", self.change("edits", write_action(box, "shared.conf", "second\n"),
                                                write_action(box, "long", "x" * 30000)))
        self.done("rollback", "--yes")
        self.done("apply", "--yes", self.change("fails", write_action(box, "three", "3\n"), {
            "id": "no", "action": "command.run", "after": [f"file.write:{box.path('three')}"],
            "with": {"argv": ["sh", "-c", "echo said something; exit 7"], "undo": {"argv": ["true"]},
                     "touches": [box.path("none")]}}), code=1)
        box.run("plan", "-o", box.folder / "saved.plan", self.change("saved", *[
            write_action(box, f"many/{i}", f"{i}\n", make_parents=True) for i in range(4)])).expect(0)
        self.done("apply", box.folder / "saved.plan")
        self.done("prune", "--keep", "4")
        self.done("apply", "--yes", self.change("last", write_action(box, "one", "one\n")))

    def unfinished_run(self):
        """Killed in its second step; its world is half changed."""
        box = self.box
        manifest = self.change("cut", write_action(box, "two", "zwei\n"),
                               waiting_action(box, "begun", "go", depends_on=[f"file.write:{box.path('two')}"]),
                               write_action(box, "four", "4\n", depends_on=["wait"]))
        running = box.start("apply", "--yes", manifest)
        wait_until((box.folder / "begun").exists, "the command to begin")
        self.keep_copy()
        kill_group(running)
        (box.folder / "go").touch()
        status = box.run("status", "--json").expect(0).json()
        expect_equal(len(status["unfinished"]), 1, "unfinished runs")
