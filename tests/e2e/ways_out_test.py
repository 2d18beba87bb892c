#!/usr/bin/env python3
"""A person's word in an unfinished run: --overwrite-conflict and resolve lead out of it, and what is said then is true."""

import sys

from harness import expect, expect_equal, expect_in, parser, run_tests, write_action

KILL = "kill -9 $PPID"


def killer(box):
    """A command that kills the program; being started again it does nothing."""
    again = box.folder / "again"
    script = f"[ -e {again} ] || {{ touch {again}; {KILL}; }}"
    return {"id": "kill", "action": "command.run", "depends_on": ["a"],
            "with": {"argv": ["sh", "-c", script], "undo": {"argv": ["true"]}, "touches": [box.path("none")]}}


def cut_off(box, action, theirs):
    """A run that was killed after its step `a`, whose file somebody else has written since."""
    box.run("apply", "--yes", box.manifest([{**action, "id": "a"}, killer(box)])).expect(137)
    box.write("a", theirs)


def overwritten(box, *words):
    box.write("a", "former\n")
    cut_off(box, write_action(box, "a", "ours\n"), "theirs\n")
    box.run(*words, "--yes", "--overwrite-conflict", "b").expect(65)
    return box.run(*words, "--yes", "--overwrite-conflict", "a", "--lock-timeout", "20s")


def way_overwrite_conflict_holds_in_rollback(box):
    """rollback of an unfinished run takes back what a person says, whatever stands there"""
    overwritten(box, "rollback").expect(0)
    expect_equal(box.read("a"), "former\n", "the file")
    expect_equal(box.newest_run()["state"], "rolled_back", "the run")


def way_overwrite_conflict_holds_in_resume_back(box):
    """resume --back, too"""
    overwritten(box, "resume", "--back").expect(1)
    expect_equal(box.read("a"), "former\n", "the file")


def way_overwrite_conflict_holds_where_a_resumed_run_turns_back(box):
    """a run that goes on, sees the foreign change at its end, and turns back"""
    overwritten(box, "resume").expect(1)
    expect_equal(box.read("a"), "former\n", "the file")


def way_overwrite_conflict_holds_for_entries(box):
    """json.merge: the entry that somebody changed goes back"""
    box.write("a", '{"k": 1}\n')
    merge = {"action": "json.merge", "with": {"path": box.path("a"), "merge": {"k": 2}}}
    cut_off(box, merge, '{"k": 3, "other": 4}\n')
    box.run("rollback", "--yes", "--overwrite-conflict", "a", "--lock-timeout", "20s").expect(0)
    expect_equal(box.read("a"), '{"k": 1}\n', "the file, as of a finished run")


def way_a_conflict_without_a_word_stays(box):
    """without the flag it is left alone: exit 3"""
    box.write("a", "former\n")
    cut_off(box, write_action(box, "a", "ours\n"), "theirs\n")
    box.run("rollback", "--yes", "--lock-timeout", "20s").expect(3)
    expect_equal(box.read("a"), "theirs\n", "the file")


def failing_undo(box):
    """A rollback whose undo command fails: the name of the rollback."""
    made = box.path("c")
    box.run("apply", "--yes", box.manifest([
        write_action(box, "a", "ours\n", id="a"),
        {"id": "cmd", "action": "command.run", "depends_on": ["a"],
         "with": {"argv": ["touch", made], "undo": {"argv": ["sh", "-c", f"echo >> {box.folder / 'tries'}; false"]},
                  "probe": {"argv": ["test", "-e", made]}}}])
            ).expect(0)
    box.run("rollback", "--yes").expect(3)
    return box.newest_run()["run"]


def way_a_failed_undo_of_a_rollback_names_resolve(box):
    """the step is undone by a failed undo, and each way out is named and can be typed"""
    rollback = failing_undo(box)
    steps = {step["id"]: step["state"] for step in box.run("show", rollback, "--json").expect(0).json()["steps"]}
    expect_equal(steps, {"a": "done", "cmd": "undo_failed"}, "the steps")
    open_run = box.run("status", "--json").expect(0).json()["unfinished"][0]
    expect_equal(open_run["ways_out"], ["resume", "rollback", "resolve"], "the ways out")
    expect_in(f"resolve {rollback} cmd", box.run("status").expect(0).output, "status")


def resolved(box, word, code):
    """What `resume` says, and the states of the rollback and of the run that it takes back."""
    rollback = failing_undo(box)
    box.run("resolve", rollback, "cmd", "--as", word, "--reason", "seen").expect(0)
    tries = (box.folder / "tries").read_text()
    ran = box.run("resume", "--yes").expect(code)
    expect_equal((box.folder / "tries").read_text(), tries, "how often the undo was run")
    status = box.run("status", "--json").expect(0).json()
    expect_equal((status["unfinished"], status["incomplete"]), ([], []), "what is left")
    expect(not (box.target / "a").exists(), "the other step wasn't taken back")
    return ran.output, [one["state"] for one in box.run("history", "--json").expect(0).json()]


def way_resolve_as_undone_ends_a_rollback(box):
    """undone: it is as it was before: the rollback has done all"""
    said, states = resolved(box, "undone", 0)
    expect_in("everything is as it was before it", said, "resume")
    expect_equal(states, ["committed", "rolled_back"], "the runs")


def way_resolve_as_done_ends_a_rollback(box):
    """done: the step of the rollback is done, which says the same"""
    said, states = resolved(box, "done", 0)
    expect_in("everything is as it was before it", said, "resume")
    expect_equal(states, ["committed", "rolled_back"], "the runs")


def way_resolve_as_skipped_ends_a_rollback(box):
    """skipped: it stays; exit 3, and what is said of it is listed"""
    said, states = resolved(box, "skipped", 3)
    expect_in("skipped was left as it is", said, "resume")
    expect_equal(states, ["rollback_incomplete", "rollback_incomplete"], "the runs")


def way_a_conflict_of_a_rollback_may_be_put_right_by_hand(box):
    """undone, said of a conflict of a finished rollback: the run is taken back, and another rollback leaves it alone"""
    box.run("apply", "--yes", box.manifest([write_action(box, "a", "ours\n", id="a")])).expect(0)
    run = box.newest_run()["run"]
    box.write("a", "theirs\n")
    box.run("rollback", "--yes").expect(3)
    (box.target / "a").unlink()
    box.run("resolve", box.newest_run()["run"], "a", "--as", "undone", "--reason", "removed by hand").expect(0)
    expect_equal(box.run("status", "--json").expect(0).json()["incomplete"], [], "incomplete")
    box.write("a", "mine\n")
    box.run("rollback", run, "--yes").expect(0)
    expect_equal(box.read("a"), "mine\n", "the file of another")


def way_residue_of_a_rollback_is_closed_by_a_word(box):
    """an irreversible step: status names the rollback and its way out, which works"""
    command = {"id": "sent", "action": "command.run", "irreversible": True, "with": {"argv": ["true"]}}
    box.run("apply", "--yes", "--allow-irreversible", "sent",
            box.manifest([command, write_action(box, "a", "ours\n", id="a")])).expect(0)
    box.run("rollback", "--yes").expect(3)
    rollback = box.newest_run()["run"]
    incomplete = box.run("status", "--json").expect(0).json()["incomplete"]
    expect_equal([(one["run"], one["ways_out"]) for one in incomplete], [(rollback, ["resolve"])], "incomplete")
    box.run("resolve", rollback, "sent", "--as", "skipped", "--reason", "it was sent").expect(0)
    expect_equal(box.run("status", "--json").expect(0).json()["incomplete"], [], "incomplete, resolved")


TESTS = [value for name, value in list(globals().items()) if name.startswith("way_")]

if __name__ == "__main__":
    sys.exit(run_tests(TESTS, parser(__doc__).parse_args()))
