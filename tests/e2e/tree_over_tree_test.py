#!/usr/bin/env python3
"""Whole trees in the place of others that are nearly alike: of two trees one may be a part of the other, and is another
tree all the same. Taken back, the former one stands there; redone, the new one.

  tree_over_tree_test.py --program backout [--rounds N] [--seed S]
"""

import os
import random
import shutil
import stat
import sys
import tarfile

from harness import Box, Failure, expect, expect_in, expect_same_tree, parser, run_tests

LONG_AGO = 1_500_000_000_123_456_789


def make_tree(box, top, names, mtime=LONG_AGO):
    """Files by their names, one that ends with / is a folder; all of it is old."""
    os.makedirs(box.path(top), exist_ok=True)
    for name in names:
        if name.endswith("/"):
            os.makedirs(box.path(f"{top}/{name}"), exist_ok=True)
        else:
            box.write(f"{top}/{name}", f"in {name}\n", mtime=mtime)
    for base, _, _ in os.walk(box.path(top)):
        os.utime(base, ns=(mtime, mtime))


def archive(box, names, name="a.tar"):
    make_tree(box, "packed", names, LONG_AGO + 10**9)
    path = str(box.folder / name)
    with tarfile.open(path, "w") as tar:
        for one in sorted(os.listdir(box.path("packed"))):
            tar.add(box.path(f"packed/{one}"), arcname=one)
    shutil.rmtree(box.path("packed"))
    return path


def extract(box, source, top="t"):
    return {"id": "extract", "action": "archive.extract", "with": {"source": source, "path": box.path(top)}}


def there_and_back_and_there(box, actions):
    """Applied, taken back, redone, and that taken back."""
    before = box.snapshot()
    box.run("apply", "--yes", box.manifest(actions)).expect(0)
    after = box.snapshot()
    if after == before:
        return
    undone = box.run("rollback", "--yes").expect(0)
    expect_same_tree(box.snapshot(), before, f"taken back: {undone.output}")
    redone = box.run("rollback", box.newest_run()["run"], "--yes").expect(0)
    expect_same_tree(box.snapshot(), after, f"redone: {redone.output}",
                     lambda name, attribute: attribute == "mtime" and before.get(name) != after.get(name))
    box.run("rollback", "--yes").expect(0)
    # The times of folders are a courtesy: those that a redo set aren't told from anybody else's.
    expect_same_tree(box.snapshot(), before, "taken back again",
                     lambda name, attribute: attribute == "mtime" and stat.S_ISDIR(before[name]["type"]))


def tree_empty_before(box):
    """an archive into an empty folder: the folder is empty again"""
    make_tree(box, "t", [])
    there_and_back_and_there(box, [extract(box, archive(box, ["s/a"]))])


def tree_part_of_the_new(box):
    """an archive that adds to what stands there: only that stands there again, with its times"""
    make_tree(box, "t", ["a", "sub/b"])
    there_and_back_and_there(box, [extract(box, archive(box, ["a", "b", "sub/b", "sub/c"]))])


def tree_larger_than_the_new(box):
    """an archive that takes away: redone, that is gone again"""
    make_tree(box, "t", ["a", "b", "sub/b"])
    there_and_back_and_there(box, [extract(box, archive(box, ["a"]))])


def tree_into_a_folder_of_the_same_run(box):
    """a folder that is made, and an archive into it: both go, and nothing of them is called another's"""
    source = archive(box, ["s/a"])
    for more in ({}, {"mode": "0750"}):
        make = {"id": "make", "action": "dir.create", "with": {"path": box.path("t"), **more}}
        there_and_back_and_there(box, [make, {**extract(box, source), "depends_on": ["make"]}])


def tree_into_a_folder_of_another_run(box):
    """the same in two runs, each taken back by itself"""
    before = box.snapshot()
    make = {"id": "make", "action": "dir.create", "with": {"path": box.path("t")}}
    box.run("apply", "--yes", box.manifest([make])).expect(0)
    there_and_back_and_there(box, [extract(box, archive(box, ["s/a"]))])
    box.run("rollback", "--yes").expect(0)
    expect_same_tree(box.snapshot(), before, "the folder goes, too",
                     lambda name, attribute: (name, attribute) == (".", "mtime"))


def tree_made_again_by_somebody(box):
    """a folder that was deleted, and made anew by somebody with a file of their own: it isn't the former one"""
    make_tree(box, "t", ["a"])
    box.run("apply", "--yes", box.manifest([{"action": "dir.delete", "with": {"path": box.path("t")}}])).expect(0)
    make_tree(box, "t", ["a", "theirs"])
    found = box.snapshot()
    expect_in("in conflict", box.run("rollback", "--plan").output, "what is planned")
    ended = box.run("rollback", "--yes").expect(3)
    expect("as before already" not in ended.output, ended.shown())
    expect_same_tree(box.snapshot(), found, "what is theirs")


# ---- any trees ------------------------------------------------------------------------------------------------------

NAMES = ["a", "b", "c/", "c/a", "c/b", "d/", "d/e/", "d/e/f"]


def any_names(chance):
    return [name for name in NAMES if chance.random() < 0.5]


def any_step(box, chance, number):
    source = archive(box, any_names(chance), f"{number}.tar")
    make_tree(box, f"from{number}", any_names(chance))
    kind, arguments = chance.choice([
        ("archive.extract", {"source": source}), ("archive.extract", {"source": source}),
        ("dir.sync", {"source": box.path(f"from{number}"), "delete": chance.random() < 0.5}),
        ("dir.create", {"mode": chance.choice(["0755", "0700"])}), ("dir.delete", {})])
    return {"id": f"s{number}", "action": kind, "with": {"path": box.path("t"), **arguments}}


def tree_any(box, seed):
    chance = random.Random(seed)
    if chance.random() < 0.7:
        make_tree(box, "t", any_names(chance))
    actions = [any_step(box, chance, number) for number in range(chance.choice([1, 1, 2, 3]))]
    for former, action in zip(actions, actions[1:]):
        action["depends_on"] = [former["id"]]
    if box.run("plan", box.manifest(actions)).exit == 0:
        there_and_back_and_there(box, actions)
        return True
    return False


def over_any_tree(rounds):
    """Many small boxes in one."""
    def tree_over_any_tree(box):
        """whatever stands where, and whatever is put over it"""
        done = 0
        for seed in rounds:
            folder = box.folder / f"seed {seed}"
            folder.mkdir()
            try:
                done += tree_any(Box(box.program, folder), seed)
            except Failure as failure:
                raise Failure(f"seed {seed}: {failure}") from failure
        expect(done > 0, "none of the changes can be planned")
    return tree_over_any_tree


TESTS = [tree_empty_before, tree_part_of_the_new, tree_larger_than_the_new, tree_into_a_folder_of_the_same_run,
         tree_into_a_folder_of_another_run, tree_made_again_by_somebody]


def main():
    options = parser(__doc__)
    options.add_argument("--rounds", type=int, default=30)
    options.add_argument("--seed", type=int)
    arguments = options.parse_args()
    rounds = range(arguments.rounds) if arguments.seed is None else [arguments.seed]
    return run_tests([*TESTS, over_any_tree(rounds)], arguments, memory=True)


if __name__ == "__main__":
    sys.exit(main())
