#!/usr/bin/env python3
"""Taking finished runs back: only what the run changed, only while it still looks so, and nothing said that isn't so."""

import signal
import sys

from harness import (expect, expect_equal, expect_in, expect_same_tree, parser, run_tests, wait_until, waiting_action,
                     write_action)


def applied(box, actions, name="m.json", **more):
    box.run("apply", "--yes", box.manifest(actions, name, **more)).expect(0)
    return box.newest_run()["run"]


def shown(box, run):
    return box.run("show", run, "--json").expect(0).json()


def states_of(box, run):
    return {step["id"]: step["state"] for step in shown(box, run)["steps"]}


def expect_absent(part, text, what):
    expect(part not in text, f"{what}: {part!r} must not be in:\n{text}")


def back_a_foreign_file_in_a_made_folder_is_a_conflict(box):
    """a folder of ours in which only somebody else's file is left stays, and the preview says so before"""
    run = applied(box, [{"id": "folder", "action": "dir.create", "with": {"path": box.path("made")}},
                        write_action(box, "made/ours", "x\n", id="ours", depends_on=["folder"])])
    box.write("made/theirs", "theirs\n")
    preview = box.run("rollback", "--plan").expect(0)
    expect_in("'folder' was changed by somebody else", preview.output + preview.errors, "the preview")
    expect_absent("'ours' was changed", preview.output + preview.errors, "the preview")
    box.run("rollback", "--yes").expect(3)
    expect_equal(box.read("made/theirs"), "theirs\n", "the foreign file")
    expect(not (box.target / "made/ours").exists(), "our own file is still there")
    expect(shown(box, run)["state"] != "rolled_back", "the run is shown as taken back")
    (box.target / "made/ours").touch()  # only foreign things are left now
    box.run("rollback", run, "--yes").expect(3)
    expect_equal(box.read("made/theirs"), "theirs\n", "the foreign file, tried again")
    expect(shown(box, run)["state"] != "rolled_back", "the run is shown as taken back")


def back_a_folder_filled_by_its_own_run_is_foreseen_to_go(box):
    """what later steps of the run, and later runs, put into a made folder is no conflict in the preview"""
    first = applied(box, [{"id": "folder", "action": "dir.create", "with": {"path": box.path("made")}},
                          write_action(box, "made/deep/ours", "x\n", id="ours", make_parents=True,
                                       depends_on=["folder"])])
    applied(box, [write_action(box, "made/later", "y\n", id="later")], "later.json")
    preview = box.run("rollback", "--to", first, "--plan").expect(0)
    expect_absent("somebody else", preview.output + preview.errors, "the preview")
    box.run("rollback", "--to", first, "--yes").expect(0)
    expect(not (box.target / "made").exists(), "the folder is still there")


def two_files(box):
    box.write("conf", "former\n")
    return applied(box, [write_action(box, "other", "other\n", id="other"),
                         write_action(box, "conf", "ours\n", id="conf")])


def back_a_rollback_is_redone_without_what_one_before_it_did(box):
    """R2 left a conflict, R3 took back the rest: taking R3 back doesn't redo what R2 had undone"""
    run = two_files(box)
    box.write("conf", "theirs\n")
    box.run("rollback", "--yes").expect(3)
    box.write("conf", "ours\n")
    third = box.run("rollback", run, "--yes").expect(0)
    expect_absent("other", third.output, "what the second rollback did")
    expect_equal(shown(box, run)["state"], "rolled_back", "the run")
    box.run("rollback", box.newest_run()["run"], "--yes").expect(0)
    expect_equal(box.read("conf"), "ours\n", "what the second rollback had undone")
    expect(not (box.target / "other").exists(), "what the first rollback had undone came back")
    box.run("rollback", run, "--yes").expect(0)
    expect_equal(box.read("conf"), "former\n", "taken back again")


def back_what_a_person_put_back_is_not_the_rollbacks(box):
    """a step that a person took back is found as before: taking the rollback back leaves it so"""
    run = two_files(box)
    box.write("conf", "theirs\n")
    box.run("rollback", "--yes").expect(3)
    box.write("conf", "former\n")
    box.run("rollback", run, "--yes").expect(0)
    box.run("rollback", box.newest_run()["run"], "--yes").expect(0)
    expect_equal(box.read("conf"), "former\n", "what the person had put back")


def back_a_shared_file_that_is_back_already_is_no_conflict(box):
    """an edit that the first rollback took out: others may edit the file before the second one"""
    box.write("shared", "one\n")
    box.write("conf", "former\n")
    edit = {"id": "edit", "action": "file.edit",
            "with": {"path": box.path("shared"), "edits": [{"line": "ours", "state": "present"}]}}
    run = applied(box, [edit, write_action(box, "conf", "ours\n", id="conf")])
    box.write("conf", "theirs\n")
    box.run("rollback", "--yes").expect(3)
    box.write("conf", "ours\n")
    box.write("shared", "one\ntheirs\n")
    box.run("rollback", run, "--yes").expect(0)
    expect_equal(box.read("shared"), "one\ntheirs\n", "the shared file")
    box.run("rollback", box.newest_run()["run"], "--yes").expect(0)
    expect_equal(box.read("shared"), "one\ntheirs\n", "the shared file, after the redo")
    expect_equal(box.read("conf"), "ours\n", "redone")


def back_a_rollback_of_a_partial_rollback_makes_the_run_whole_again(box):
    """what a rollback of a rollback redid is taken back with the rest"""
    run = two_files(box)
    box.write("conf", "theirs\n")
    box.run("rollback", "--yes").expect(3)
    partial = box.newest_run()["run"]
    box.write("conf", "ours\n")
    box.run("rollback", partial, "--yes")
    expect_equal(box.read("other"), "other\n", "redone")
    box.run("rollback", run, "--yes").expect(0)
    expect(not (box.target / "other").exists(), "what was redone is still there")
    expect_equal(box.read("conf"), "former\n", "taken back")


def back_a_partial_rollback_is_shown(box):
    """a run of which a part was taken back claims no success, and says what stands"""
    run = two_files(box)
    box.write("conf", "theirs\n")
    box.run("rollback", "--yes").expect(3)
    partial = box.newest_run()["run"]
    expect_equal(states_of(box, run), {"other": "undone", "conf": "done"}, "the steps")
    expect_equal(shown(box, run)["state"], "rollback_incomplete", "the state")
    expect_equal(shown(box, run)["partly_undone_by"], partial, "by whom")
    history = box.run("history", "--json").expect(0).json()
    expect_equal([one["state"] for one in history if one["run"] == run], ["rollback_incomplete"], "in the history")
    text = box.run("show", run).expect(0).output
    expect_absent("Everything is as the plan says", text, "the last line")
    expect_in(f"taken back by {partial}", text, "the last line")


def back_a_redone_run_is_again_as_it_ended(box):
    """a run that left a conflict, was taken back and redone: it didn't become a success meanwhile"""
    bad = {"id": "bad", "action": "command.run", "depends_on": ["conf"],
           "with": {"argv": ["sh", "-c", f"echo theirs > {box.path('conf')}; false"], "undo": {"argv": ["true"]},
                    "probe": {"argv": ["false"]}}}
    box.run("apply", "--yes", box.manifest([write_action(box, "conf", "ours\n", id="conf"), bad])).expect(3)
    run = box.newest_run()["run"]
    box.write("conf", "ours\n")
    box.run("rollback", run, "--yes").expect(0)
    expect_equal(shown(box, run)["state"], "rolled_back", "taken back")
    box.run("rollback", box.newest_run()["run"], "--yes").expect(0)
    expect_equal(box.read("conf"), "ours\n", "redone")
    expect_equal(shown(box, run)["state"], "rollback_incomplete", "redone")


def back_to_foresees_no_false_conflict(box):
    """several runs on one file: the preview of --to finds what newer ones will bring back"""
    first = applied(box, [write_action(box, "out", "one\n", id="out")])
    applied(box, [write_action(box, "out", "two\n", id="out")])
    preview = box.run("rollback", "--to", first, "--plan").expect(0)
    expect_absent("somebody else", preview.output + preview.errors, "the preview")
    expect_absent("conflict", preview.output + preview.errors, "the preview")
    box.run("rollback", "--to", first, "--yes").expect(0)
    expect(not (box.target / "out").exists(), "the file is still there")


def back_a_command_that_cannot_tell_is_no_conflict(box):
    """a command without probe: nobody can look, and nobody claims a conflict"""
    command = {"id": "run", "action": "command.run",
               "with": {"argv": ["touch", box.path("made")], "undo": {"argv": ["rm", box.path("made")]}}}
    applied(box, [command])
    preview = box.run("rollback", "--plan").expect(0)
    expect_absent("somebody else", preview.output + preview.errors, "the preview")
    box.run("rollback", "--yes").expect(0)
    expect(not (box.target / "made").exists(), "it wasn't undone")


def back_a_run_of_checks_only_is_passed_by(box):
    """a run that only looked isn't the one that rollback means"""
    applied(box, [write_action(box, "out", "x\n", id="out")])
    applied(box, [{"id": "look", "action": "check", "with": {"file": box.path("out")}}], "checks.json")
    box.run("rollback", "--yes").expect(0)
    expect(not (box.target / "out").exists(), "the file is still there")


def back_checks_have_no_part_in_a_rollback(box):
    """a check changed nothing: its rollback is no step"""
    applied(box, [write_action(box, "out", "x\n", id="out"),
                  {"id": "look", "action": "check", "with": {"file": box.path("out")}, "depends_on": ["out"]}])
    plan = box.run("rollback", "--plan", "--json").expect(0).json()["plans"][0]
    expect_equal([step["id"] for step in plan["actions"]], ["out"], "the steps")


def back_a_failed_undo_after_a_signal_is_3(box):
    """3, not 128+n: the signal was obeyed, an undo failed, and a person is needed"""
    bad = {"id": "bad", "action": "command.run",
           "with": {"argv": ["true"], "undo": {"argv": ["false"]}, "touches": [box.path("none")]}}
    manifest = box.manifest([bad, waiting_action(box, "begun", "go", depends_on=["bad"])], "w.json")
    running = box.start("apply", manifest, "--yes")
    wait_until((box.folder / "begun").exists, "the command to begin")
    running.send_signal(signal.SIGINT)
    (box.folder / "go").touch()
    box.ended(running).expect(3)


def back_an_incomplete_run_is_named_before_an_older_one_is_taken(box):
    """a bare rollback passes over a run that left something, and says so with its way out"""
    first = applied(box, [write_action(box, "out", "x\n", id="out")])
    once = {"id": "once", "action": "command.run", "with": {"argv": ["touch", box.path("made")]}}
    failing = {"id": "no", "action": "check", "with": {"file": box.path("nowhere")}, "depends_on": ["once"]}
    box.run("apply", box.manifest([once, failing], "i.json"), "--yes", "--allow-irreversible", "once").expect(3)
    left = box.newest_run()["run"]
    for words in (["--plan"], ["--yes"]):
        ran = box.run("rollback", *words).expect(0)
        expect_in(f"run {left} (test) ended without everything undone", ran.errors, "the warning")
        expect_in(f"backout resolve {left} once", ran.errors, "the way out")
        expect_in(f"taken back now is {first}", ran.errors, "what is taken")
    expect(not (box.target / "out").exists(), "the older run still stands")
    nothing = box.run("rollback", "--yes").expect(0)
    expect_in(left, nothing.errors, "the warning, with nothing to take back")


def back_an_incomplete_rollback_is_tried_again_without_a_warning(box):
    """a bare rollback after one that left a conflict is the way out of it"""
    two_files(box)
    box.write("conf", "theirs\n")
    box.run("rollback", "--yes").expect(3)
    box.write("conf", "ours\n")
    ran = box.run("rollback", "--yes").expect(0)
    expect_absent("ended without everything undone", ran.errors, "the warning")
    expect_equal(box.read("conf"), "former\n", "taken back")


def back_what_a_person_left_is_not_tried_for_ever(box):
    """a conflict resolved as skipped: the next bare rollback goes on to the run before"""
    applied(box, [write_action(box, "older", "x\n", id="older")], "older.json")
    run = two_files(box)
    box.write("conf", "theirs\n")
    box.run("rollback", "--yes").expect(3)
    box.run("resolve", box.newest_run()["run"], "conf", "--as", "skipped", "--reason", "theirs is right").expect(0)
    box.run("rollback", "--yes").expect(0)
    expect(not (box.target / "older").exists(), "the older run still stands")
    expect_equal(box.read("conf"), "theirs\n", "what the person left")
    box.run("rollback", run, "--yes", "--overwrite-conflict", "conf").expect(0)
    expect_equal(box.read("conf"), "former\n", "taken back by name")


def back_what_an_unfinished_run_would_undo_is_shown_in_order(box):
    """rollback --plan and resume say what comes next, and rollback --plan changes nothing"""
    manifest = box.manifest([write_action(box, "one", "1\n", id="one"),
                             write_action(box, "two", "2\n", id="two", depends_on=["one"]),
                             waiting_action(box, "begun", "go", depends_on=["two"]),
                             write_action(box, "last", "3\n", id="last", depends_on=["wait"])], "w.json")
    running = box.start("apply", manifest, "--yes")
    wait_until((box.folder / "begun").exists, "the command to begin")
    running.kill()
    running.wait()
    (box.folder / "go").touch()
    before = box.snapshot()
    document = box.run("rollback", "--plan", "--json").expect(0).json()["unfinished"]
    expect_equal([(step["id"], step["does"]) for step in document["next"]],
                 [("wait", "settle"), ("two", "undo"), ("one", "undo")], "what comes next")
    text = box.run("rollback", "--plan").expect(0).output
    expect(text.index("3 wait: in doubt") < text.index("2 two: ") < text.index("1 one: "), text)
    expect_same_tree(box.snapshot(), before, "after --plan")
    events = box.run("resume", "--yes", "--json", "--lock-timeout", "20s").expect(0).events()
    following = [event for event in events if event["type"] == "next"]
    expect_equal([step["id"] for step in following[0]["next"]], ["wait", "last"], "what resume does next")


def back_the_report_has_null_for_nothing(box):
    """--json: nothing is null, attempts count from 1, and what changed something says so"""
    manifest = box.manifest([write_action(box, "out", "x\n", id="out"),
                             {"id": "no", "action": "check", "with": {"file": box.path("out"), "absent": True},
                              "after": ["out"], "when": "1 == 2"}])
    events = box.run("apply", manifest, "--yes", "--json").expect(0).events()
    report = events[-1]["report"]
    expect_equal(report["changed"], True, "changed")
    expect_equal([step["attempts"] for step in report["steps"]], [1, 0], "attempts")

    def empty_texts(value, path):
        if isinstance(value, dict):
            return [name for key, one in value.items() for name in empty_texts(one, f"{path}.{key}")]
        if isinstance(value, list):
            return [name for one in value for name in empty_texts(one, path + "[]")]
        return [path] if value == "" else []

    for event in events:
        if event["type"] != "plan":
            expect_equal(empty_texts(event, event["type"]), [], "empty texts")


TESTS = [value for name, value in list(globals().items()) if name.startswith("back_")]

if __name__ == "__main__":
    sys.exit(run_tests(TESTS, parser(__doc__).parse_args()))
