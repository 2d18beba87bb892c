#!/usr/bin/env python3
"""Chains of undo and redo, several runs taken back at once, and what keeps a run from going back."""

import random
import sys

from harness import expect, expect_equal, expect_in, parser, run_tests, write_action


def applied(box, actions, name="m.json"):
    box.run("apply", "--yes", box.manifest(actions, name)).expect(0)
    return box.newest_run()["run"]


def write_out(box, value):
    return applied(box, [write_action(box, "out", value, id="out")])


def undo_redo_works_all_the_way_back(box):
    """three runs, three rollbacks, three redos, newest rollback first: each brings back its value"""
    for value in ("1", "2", "3"):
        write_out(box, value)
    rollbacks = []
    for _ in range(3):
        box.run("rollback", "--yes").expect(0)
        rollbacks.append(box.newest_run()["run"])
    expect(not (box.target / "out").exists(), "the file is still there")
    for rollback, value in zip(reversed(rollbacks), ("1", "2", "3")):
        box.run("rollback", rollback, "--yes").expect(0)
        expect_equal(box.read("out"), value, f"after the redo of {rollback}")
    box.run("rollback", "--yes").expect(0)
    expect_equal(box.read("out"), "2", "taken back once more")


def undo_redo_of_a_redo_leaves_the_first_run_undone(box):
    """taking a redo back: the run stands no more, and can be redone"""
    first = write_out(box, "1")
    box.run("rollback", "--yes").expect(0)
    undo = box.newest_run()["run"]
    box.run("rollback", undo, "--yes").expect(0)
    redo = box.newest_run()["run"]
    box.run("rollback", redo, "--yes").expect(0)
    history = {run["run"]: run for run in box.run("history", "--json").expect(0).json()}
    expect_equal(history[first]["undone_by"], undo, "what took the first run back")
    expect_equal(history[first]["state"], "rolled_back", "the first run")
    expect_in("Nothing to take back", box.run("rollback", "--yes").expect(0).errors, "a bare rollback")
    box.run("rollback", undo, "--yes").expect(0)
    expect_equal(box.read("out"), "1", "redone once more")


def undo_random_chains_give_the_value_of_the_history(box):
    """whatever was undone and redone before, a rollback is refused, or leaves what its run had found"""
    chance = random.Random(7)
    values = {}  # by run: (found, left)
    now = None
    for turn in range(24):
        if not values or chance.random() < 0.35:
            found, now = now, f"v{turn}"
            values[write_out(box, now)] = (found, now)
            continue
        target = chance.choice(list(values))
        before = box.newest_run()["run"]
        result = box.run("rollback", target, "--yes")
        newest = box.newest_run()["run"]
        if newest == before:
            expect(result.exit in (0, 1), f"exit {result.exit} without a run: {result.errors}")
            continue
        result.expect(0)
        found, left = values[target]
        expect_equal(now, left, f"turn {turn}: what lay there when {target} went back")
        values[newest] = (now, found)
        now = found
        exists = (box.target / "out").exists()
        expect_equal(box.read("out") if exists else None, now, f"turn {turn}: after {target}")


def two_runs(box):
    box.write("a", "a")
    box.write("b", "b")
    first = applied(box, [write_action(box, "a", "A", id="A")], "one.json")
    second = applied(box, [write_action(box, "b", "B", id="B")], "two.json")
    return first, second


def undo_to_goes_on_past_a_conflict(box):
    """--to: a conflict in a newer run is left, and what it doesn't lie upon goes back"""
    first, _ = two_runs(box)
    box.write("b", "theirs")
    box.run("rollback", "--yes", "--to", first).expect(3)
    expect_equal((box.read("a"), box.read("b")), ("a", "theirs"), "the files")


def undo_to_leaves_what_lies_below_a_conflict(box):
    """--to: what is left of a newer run keeps those back that it lies upon, and says so before"""
    box.write("b", "b")
    first = applied(box, [write_action(box, "b", "1", id="low")], "one.json")
    second = applied(box, [write_action(box, "b", "2", id="high"), write_action(box, "c", "c", id="C")], "two.json")
    box.write("b", "theirs")
    preview = box.run("rollback", "--to", first, "--plan", "--json").expect(0).json()
    expect_equal([one["run"] for one in preview["left_alone"]], [first], "left alone")
    result = box.run("rollback", "--yes", "--to", first).expect(3)
    expect_in(f"{first} can't be taken back: the later run {second}", result.errors, "the reason")
    expect_equal(box.read("b"), "theirs", "the file in conflict")
    expect(not (box.target / "c").exists(), "the rest of the newer run is still there")


def undo_to_takes_ids_of_any_of_its_runs(box):
    """--to with --overwrite-conflict and --skip: an id need only be in one of the runs"""
    first, _ = two_runs(box)
    box.write("b", "theirs")
    wrong = box.run("rollback", "--yes", "--to", first, "--overwrite-conflict", "X").expect(65)
    expect_in(f"no run since {first} has a step 'X'", wrong.errors, "the error")
    box.run("rollback", "--yes", "--to", first, "--overwrite-conflict", "B").expect(0)
    expect_equal((box.read("a"), box.read("b")), ("a", "b"), "the files")


def undo_to_skips_a_step_of_one_run(box):
    """--to with --skip: that step stays, the others go back"""
    first, _ = two_runs(box)
    box.run("rollback", "--yes", "--to", first, "--skip", "B").expect(3)
    expect_equal((box.read("a"), box.read("b")), ("a", "B"), "the files")


def undo_a_folder_that_a_later_run_filled_is_refused(box):
    """a run that made a folder, and a later one that wrote into it"""
    first = applied(box, [{"id": "d", "action": "dir.create", "with": {"path": box.path("d")}}], "one.json")
    second = applied(box, [write_action(box, "d/f", "x", id="f")], "two.json")
    refused = box.run("rollback", "--yes", first).expect(1)
    expect_in(second, refused.errors, "the error")
    expect_equal(box.newest_run()["run"], second, "the newest run")
    box.run("rollback", "--yes", "--to", first).expect(0)
    expect(not (box.target / "d").exists(), "the folder is still there")


def undo_files_beside_each_other_dont_overlap(box):
    """two runs that write other files in a folder that was there before"""
    box.write("d/old", "old")
    first = applied(box, [write_action(box, "d/one", "1", id="one")], "one.json")
    applied(box, [write_action(box, "d/two", "2", id="two")], "two.json")
    box.run("rollback", "--yes", first).expect(0)
    expect_equal(sorted(path.name for path in (box.target / "d").iterdir()), ["old", "two"], "the folder")


def grouped(box):
    box.write("a", "a")
    box.write("b", "b")
    return applied(box, [write_action(box, "a", "A", id="A", group="g"), write_action(box, "b", "B", id="B", group="g"),
                         write_action(box, "c", "C", id="C")])


def undo_a_group_goes_back_together_or_not_at_all(box):
    """one member in conflict: the others stay and say why; what is in no group goes back"""
    grouped(box)
    box.write("b", "theirs")
    result = box.run("rollback", "--yes").expect(3)
    expect_equal((box.read("a"), box.read("b")), ("A", "theirs"), "the group")
    expect(not (box.target / "c").exists(), "the step outside is still there")
    expect_in("its group 'g' goes back together, and 'B' was changed by somebody else", result.output, "the reason")


def undo_skip_leaves_the_whole_group(box):
    """--skip of one member leaves all"""
    grouped(box)
    box.run("rollback", "--yes", "--skip", "A").expect(3)
    expect_equal((box.read("a"), box.read("b")), ("A", "B"), "the group")


def spoiler(box, name):
    """A command that changes what another step wrote, and fails."""
    return {"id": "spoil", "action": "command.run", "depends_on": ["A", "B", "C"],
            "with": {"argv": ["sh", "-c", f"echo theirs > '{box.path(name)}'; exit 1"], "undo": {"argv": ["true"]}}}


def fails_with_group(box, name, **more):
    """A run with two members in a group, and a step between that is in none; it fails once `name` is another's."""
    box.write("a", "a")
    box.write("b", "b")
    actions = [write_action(box, "a", "A", id="A", group="g"),
               write_action(box, "c", "C", id="C", depends_on=["A"]),
               write_action(box, "b", "B", id="B", group="g", depends_on=["C"]), spoiler(box, name)]
    return box.run("apply", "--yes", box.manifest(actions))


def undo_of_a_failing_run_keeps_a_group_together(box):
    """a run that fails: one member is another's by now, whichever, and both stay; what is in no group goes back"""
    for name, left in (("b", ("A", "theirs\n")), ("a", ("theirs\n", "B"))):
        result = fails_with_group(box, name).expect(3)
        expect_equal((box.read("a"), box.read("b")), left, f"the group, {name} changed")
        expect(not (box.target / "c").exists(), "the step outside is still there")
        expect_in("its group goes back together, and a member stays", result.output, "the reason")


TESTS = [value for name, value in list(globals().items()) if name.startswith("undo_")]

if __name__ == "__main__":
    sys.exit(run_tests(TESTS, parser(__doc__).parse_args()))
