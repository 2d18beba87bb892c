#!/usr/bin/env python3
"""Random worlds and random changes, of which must hold: what was planned is what is run; rolled back, the tree is the
former one; applied twice, there is nothing to do; killed at a random moment, resume and rollback lead to one of the two
ends. Each round prints its seed, and --seed gives that round again.

  property_test.py --program backout [--rounds N] [--seed S]      (environment: BACKOUT_TEST_SEED)
"""

import json
import os
import random
import signal
import subprocess
import sys
import tarfile
import time

from harness import (Box, Failure, expect, expect_equal, expect_same_tree, new_times, parser, scratch)
from scenarios import LONG_AGO, age_directories, decorate

WORDS = ["a", "b", "c", "d e", "é", "-f", ".g", "h'i"]


class Round:
    def __init__(self, seed, program, folder):
        self.random = random.Random(seed)
        self.box = Box(program, folder)
        self.files, self.folders, self.links = [], [""], []
        self.taken = set()

    # ---- a world

    def new_name(self):
        for _ in range(100):
            folder = self.random.choice(self.folders)
            name = f"{folder}/{self.random.choice(WORDS)}{self.random.randint(0, 9)}".lstrip("/")
            if name not in self.taken:
                self.taken.add(name)
                return name
        raise Failure("no free name")

    def text(self):
        return "".join(f"{self.random.choice(WORDS)} = {self.random.randint(0, 99)}\n"
                       for _ in range(self.random.randint(0, 20)))

    def make_world(self):
        for _ in range(self.random.randint(3, 15)):
            name = self.new_name()
            what = self.random.choice(["file", "file", "json", "folder", "link", "hard link"])
            if what == "folder":
                os.mkdir(self.box.path(name), self.random.choice([0o755, 0o700, 0o2775]))
                self.folders.append(name)
            elif what == "link":
                os.symlink(self.random.choice(["nowhere", "a1", "/etc/hostname"]), self.box.path(name))
                self.links.append(name)
            elif what == "hard link" and self.files:
                os.link(self.box.path(self.random.choice(self.files)), self.box.path(name))
                self.files.append(name)
            else:
                self.make_file(name, what == "json")
        age_directories(self.box)

    def make_file(self, name, is_json):
        text = json.dumps({"a": 1, "b": {"c": [1, 2]}}, indent=self.random.choice([None, 2])) if is_json else self.text()
        self.box.write(name, text, self.random.choice([0o644, 0o600, 0o755, 0o444]),
                       LONG_AGO + self.random.randint(0, 10**15))
        if self.random.random() < 0.3:
            decorate(self.box, name)
        if not is_json:
            self.files.append(name)

    # ---- a change

    def action(self):
        box, pick = self.box, self.random.choice
        makers = [self.write_new, self.write_new, self.create_folder, self.create_link, self.copy, self.merge_new]
        free = [name for name in self.files if name not in self.used]
        if free:
            makers += [lambda: self.change_file(pick(free))] * 5
        links = [name for name in self.links if name not in self.used]
        if links:
            makers.append(lambda: self.use(pick(links), "file.link", {"to": "elsewhere"}))
        return pick(makers)()

    def change_file(self, name):
        kind, arguments = self.random.choice([
            ("file.write", {"content": self.text()}), ("file.delete", {}), ("file.attributes", {"mode": "0640"}),
            ("file.move", {"to": self.box.path(self.new_name())}),
            ("file.edit", {"edits": [{"line": f"ours {self.random.randint(0, 9)}", "state": "present"}]})])
        return self.use(name, kind, arguments)

    def use(self, name, kind, arguments):
        # Names of one inode: a change of attributes through one is seen through the others.
        inode = os.lstat(self.box.path(name)).st_ino
        for other in self.files + self.links:
            if os.lstat(self.box.path(other)).st_ino == inode:
                self.used.add(other)
        return {"action": kind, "with": {"from" if kind == "file.move" else "path": self.box.path(name), **arguments}}

    def write_new(self):
        arguments = {"path": self.box.path(self.new_name() + self.random.choice(["", "/deep/down"])),
                     "content": self.text(), "make_parents": True}
        if self.random.random() < 0.5:
            arguments["mode"] = self.random.choice(["0600", "0644", "4755"])
        return {"action": "file.write", "with": arguments}

    def create_folder(self):
        return {"action": "dir.create", "with": {"path": self.box.path(self.new_name()), "mode": "0750"}}

    def create_link(self):
        return {"action": "file.link", "with": {"path": self.box.path(self.new_name()), "to": self.text()[:30] or "x"}}

    def merge_new(self):
        return {"action": "json.merge", "with": {"path": self.box.path(self.new_name()), "create": True,
                                                 "merge": {"k": self.random.randint(0, 9)}}}

    def copy(self):
        name = self.new_name()
        to = self.box.path(name)
        # A command changes the time of the folder that it works in, and so does its undo: that is theirs.
        self.theirs.add(os.path.dirname(name) or ".")
        return {"action": "command.run",
                "with": {"argv": ["cp", "/etc/hostname", to], "undo": {"argv": ["rm", "-f", to]}, "touches": [to],
                         "probe": {"argv": ["sh", "-c", 'test -e "$1" || exit 1; cmp -s /etc/hostname "$1" || exit 2',
                                            "sh", to]}}}

    # ---- several ordered steps on one file or tree: the end of the chain decides whether there is anything to do

    def chain(self):
        makers = [self.chain_edit, self.chain_merge, self.chain_move, self.chain_aside, self.chain_made_and_removed,
                  self.chain_attributes, self.chain_sync, self.chain_archive]
        return self.random.choice(makers)()

    def chain_edit(self):
        path = self.box.path(self.new_name())
        return [("file.write", {"path": path, "content": "port = 80\n" + self.text()}),
                ("file.edit", {"path": path, "edits": [{"regex": "^port = 80$", "replace": "port = 22", "count": 1}]}),
                ("file.edit", {"path": path, "edits": [{"line": "more", "state": "present"}]})]

    def chain_merge(self):
        path = self.box.path(self.new_name())
        return [("file.write", {"path": path, "content": '{"k": 0, "l": [1]}\n'}),
                ("json.merge", {"path": path, "merge": {"k": self.random.randint(1, 9), "n": None}})]

    def chain_move(self):
        first, second = self.box.path(self.new_name()), self.box.path(self.new_name())
        steps = [("file.write", {"path": first, "content": self.text()}), ("file.move", {"from": first, "to": second})]
        if self.random.random() < 0.5:
            steps.append(("file.edit", {"path": second, "edits": [{"line": "moved", "state": "present"}]}))
        return steps

    def chain_aside(self):
        name = self.new_name()
        self.make_file(name, True)
        path, aside = self.box.path(name), self.box.path(self.new_name())
        return [("file.move", {"from": path, "to": aside}), ("file.write", {"path": path, "content": "new\n"})]

    def chain_made_and_removed(self):
        path = self.box.path(self.new_name())
        return [("dir.create", {"path": path}), ("file.write", {"path": path + "/f", "content": "x"}),
                ("dir.delete", {"path": path})]

    def chain_attributes(self):
        path = self.box.path(self.new_name())
        return [("file.write", {"path": path, "content": self.text(), "mode": "0644"}),
                ("file.attributes", {"path": path, "mode": self.random.choice(["0600", "0644", "4755"])})]

    def chain_in_tree(self, maker, arguments):
        path = arguments["path"]
        steps = [(maker, arguments),
                 ("file.edit", {"path": path + "/conf", "edits": [{"line": "ours", "state": "present"}]})]
        if self.random.random() < 0.5:
            steps.append(("file.write", {"path": path + "/sub/added", "content": "added\n"}))
        return steps

    def make_source(self):
        source = self.new_name()
        os.makedirs(self.box.path(source + "/sub"))
        self.box.write(source + "/conf", self.text(), 0o640)
        self.box.write(source + "/sub/other", self.text())
        return source

    def chain_sync(self):
        source = self.box.path(self.make_source())
        return self.chain_in_tree("dir.sync", {"source": source, "path": self.box.path(self.new_name()),
                                               "delete": self.random.random() < 0.5})

    def chain_archive(self):
        source = self.make_source()
        archive = self.box.path(self.new_name() + ".tar")
        with tarfile.open(archive, "w") as tar:
            tar.add(self.box.path(source), arcname="top")
        return self.chain_in_tree("archive.extract", {"source": archive, "path": self.box.path(self.new_name()),
                                                      "strip": 1})

    def chained_actions(self, number):
        actions = []
        for kind, arguments in self.chain():
            action = {"id": f"c{number}-{len(actions)}", "action": kind, "with": arguments}
            if actions:
                action["depends_on"] = [actions[-1]["id"]]
            actions.append(action)
        return actions

    def make_manifest(self):
        self.used, self.theirs = set(), set()
        actions = []
        for number in range(self.random.randint(1, 8)):
            action = {"id": f"s{number}", **self.action()}
            if actions and self.random.random() < 0.4:
                action["depends_on"] = [self.random.choice(actions)["id"]]
            actions.append(action)
        for number in range(self.random.choice([0, 0, 1, 2])):
            actions += self.chained_actions(number)
        age_directories(self.box)
        self.random.shuffle(actions)
        return self.box.manifest(actions)

    # ---- what must hold

    def run(self):
        box = self.box
        self.make_world()
        manifest = self.make_manifest()
        before = box.snapshot()
        planned = box.run("plan", manifest, "--json").expect(0).json()
        again = box.run("plan", manifest, "--json").expect(0).json()
        expect_equal(again["digest"], planned["digest"], "the digest of the same change on the same world")
        expect_same_tree(box.snapshot(), before, "planning changed something")
        box.run("apply", "--yes", manifest, "--require-digest", planned["digest"]).expect(0)
        after = box.snapshot()
        self.compare_with_plan(planned)
        box.run("plan", manifest, "--detailed-exitcode").expect(0)
        box.run("verify").expect(0)
        box.run("rollback", "--yes").expect(0)
        expect_same_tree(box.snapshot(), before, "rolled back", self.ignore)
        self.kill_somewhere(manifest, before, after)

    def ignore(self, name, attribute):
        return attribute == "mtime" and name in self.theirs

    def compare_with_plan(self, planned):
        report = self.box.run("show", self.box.newest_run()["run"], "--json").expect(0).json()
        kept = {"keep": "kept", "skip": "skipped"}
        for step, ran in zip(planned["actions"], report["steps"]):
            expect_equal((ran["id"], ran["operation"], ran["target"], ran["state"]),
                         (step["id"], step["operation"], step["target"], kept.get(step["operation"], "done")),
                         "planned and run")

    def kill_somewhere(self, manifest, before, after):
        box = self.box
        running = subprocess.Popen(box.argv(["apply", "--yes", manifest]), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=box.environment,
                                   start_new_session=True)
        time.sleep(self.random.random() * 0.08)
        running.send_signal(signal.SIGKILL)
        running.wait()
        way = self.random.choice(["resume", "rollback"])
        ran = box.run(way, "--yes", "--lock-timeout", "20s")
        expect(ran.exit == 0, ran.shown())
        newest = box.newest_run()
        committed = newest["state"] == "committed" and not newest["undoes"]
        forward = committed and way == "resume"
        times = new_times(before, after)
        expect_same_tree(box.snapshot(), after if forward else before, f"killed, then {way}: {ran.shown()}",
                         lambda name, attribute: self.ignore(name, attribute) or (forward and times(name, attribute)))


def main():
    options = parser(__doc__)
    options.add_argument("--rounds", type=int, default=25)
    options.add_argument("--seed", type=int)
    arguments = options.parse_args()
    given = arguments.seed if arguments.seed is not None else os.environ.get("BACKOUT_TEST_SEED")
    first = int(given) if given is not None else random.SystemRandom().randrange(1 << 32)
    rounds = 1 if arguments.seed is not None else arguments.rounds
    failed = []
    for seed in range(first, first + rounds):
        try:
            with scratch(memory=True) as folder:
                Round(seed, arguments.program, folder).run()
        except Failure as failure:
            failed.append(seed)
            print(f"FAIL seed {seed}: {failure}", flush=True)
            if len(failed) == 5:
                break
    print(f"{rounds} rounds from seed {first}, {len(failed)} failed")
    if failed:
        print("again: --seed " + " or ".join(map(str, failed)))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
