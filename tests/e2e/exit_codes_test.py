#!/usr/bin/env python3
"""Every exit status that the documentation names, reached by calling the program."""

import os
import signal
import sys
import time

from harness import (expect, expect_equal, expect_in, expect_same_tree, kill_group, needs_root, parser, run_tests,
                     wait_until, waiting_action, write_action)


def begun(box, *words, name="begun"):
    running = box.start(*words)
    wait_until((box.folder / name).exists, "the command to begin")
    return running


def exit_0_done_as_planned(box):
    """0: done as planned, nothing to do, in step; nothing to resume or to take back"""
    manifest = box.manifest([write_action(box, "out", "hello\n")])
    box.run("resume", "--yes").expect(0)
    box.run("rollback", "--yes").expect(0)
    box.run("apply", manifest, "--yes").expect(0)
    box.run("apply", manifest, "--yes").expect(0)
    box.run("plan", manifest, "--detailed-exitcode").expect(0)
    box.run("verify").expect(0)
    box.run("rollback", "--yes").expect(0)
    box.run("rollback", "--yes").expect(0)


def exit_1_everything_was_undone(box):
    """1: failed or drifted, and everything was undone"""
    box.write("out", "former\n", 0o600)
    before = box.snapshot()
    failing = {"id": "no", "action": "check", "with": {"file": box.path("nowhere")}, "depends_on": ["conf"]}
    manifest = box.manifest([write_action(box, "out", "hello\n", id="conf"), failing])
    box.run("apply", manifest, "--yes").expect(1)
    expect_same_tree(box.snapshot(), before, "after a failed step")
    drifting = {"id": "drift", "action": "command.run", "depends_on": ["conf"],
                "with": {"argv": ["sh", "-c", f"echo drift > {box.path('out')}"], "undo": {"argv": ["true"]}}}
    ran = box.run("apply", box.manifest([write_action(box, "out", "hello\n", id="conf"), drifting]), "--yes")
    expect(ran.exit in (1, 3), f"drift: {ran.shown()}")


def exit_1_verification_fails(box):
    """1: the verification of the whole plan says no, and everything was undone"""
    before = box.snapshot()
    manifest = box.manifest([write_action(box, "out", "hello\n")], verify=[{"command": ["false"]}])
    box.run("apply", manifest, "--yes").expect(1)
    expect_same_tree(box.snapshot(), before, "after a failed verification")
    expect_equal(box.newest_run()["state"], "rolled_back", "the run's state")


def reloading(box, **more):
    """A configuration, and a program that takes it in: its undo is to take it in again, once the former one is back."""
    take_in = {"argv": ["cp", box.path("conf"), box.path("running")]}
    return box.manifest([write_action(box, "conf", "new\n", id="conf"),
                         {"id": "reload", "action": "command.run", "depends_on": ["conf"],
                          "with": {**take_in, "undo": take_in, "touches": [box.path("running")],
                                   "probe": {"argv": ["grep", "-q", "new", box.path("running")]}}}], **more)


def exit_1_a_reload_is_undone_after_its_files(box):
    """1 and 0: an undo that needs the former files succeeds once they are back"""
    for name in ("conf", "running"):
        box.write(name, "old\n")
    box.run("apply", "--yes", reloading(box, verify=[{"command": ["false"]}])).expect(1)
    expect_equal((box.read("conf"), box.read("running")), ("old\n", "old\n"), "gone back")
    box.run("apply", "--yes", reloading(box)).expect(0)
    expect_equal((box.read("conf"), box.read("running")), ("new\n", "new\n"), "applied")
    box.run("rollback", "--yes").expect(0)
    expect_equal((box.read("conf"), box.read("running")), ("old\n", "old\n"), "rolled back")


def exit_2_there_are_differences(box):
    """2: plan --detailed-exitcode has changes, verify found drift, status --detailed-exitcode has an unfinished run"""
    manifest = box.manifest([write_action(box, "out", "hello\n")])
    box.run("plan", manifest, "--detailed-exitcode").expect(2)
    box.run("plan", manifest).expect(0)
    box.run("apply", manifest, "--yes").expect(0)
    box.write("out", "somebody else\n")
    box.run("verify").expect(2)
    box.run("verify", manifest).expect(2)
    kill_group(begun(box, "apply", box.manifest([waiting_action(box, "begun", "go")], "w.json"), "--yes"))
    box.run("status").expect(0)
    box.run("status", "--detailed-exitcode").expect(2)


def exit_3_a_person_is_needed(box):
    """3: a conflict is left alone; drift under on_drift: stop; a residue stays"""
    manifest = box.manifest([write_action(box, "out", "hello\n")])
    box.run("apply", manifest, "--yes").expect(0)
    box.write("out", "somebody else\n")
    ran = box.run("rollback", "--yes").expect(3)
    expect_in("conflict", ran.output, "the report")
    expect_equal(box.read("out"), "somebody else\n", "the foreign content")


def exit_3_residue_stays(box):
    """3: a step that can't be taken back had run when a later one failed"""
    once = {"id": "once", "action": "command.run", "with": {"argv": ["touch", box.path("made")]}}
    failing = {"id": "no", "action": "check", "with": {"file": box.path("nowhere")}, "depends_on": ["once"]}
    manifest = box.manifest([once, failing])
    box.run("apply", manifest, "--yes").expect(64)
    ran = box.run("apply", manifest, "--yes", "--allow-irreversible", "once").expect(3)
    expect_in("residue", ran.output, "the report")


def exit_3_on_drift_stop(box):
    """3: with on_drift: stop the run is left for a person, and both ways out work"""
    manifest = box.manifest([write_action(box, "out", "hello\n")], verify=[{"file": box.path("go")}], on_drift="stop")
    before = box.snapshot()
    box.run("apply", manifest, "--yes").expect(3)
    ways = box.run("status", "--json").expect(0).json()["unfinished"][0]["ways_out"]
    expect("rollback" in " ".join(ways) and "resume" in " ".join(ways), f"ways out: {ways}")
    box.run("rollback", "--yes").expect(0)
    expect_same_tree(box.snapshot(), before, "rolled back")


def exit_5_an_unfinished_run_is_in_the_way(box):
    """5: refused, an unfinished run is in the way; resume leads out"""
    waiting = box.manifest([write_action(box, "out", "hello\n", id="out"),
                            waiting_action(box, "begun", "go", depends_on=["out"])], "w.json")
    kill_group(begun(box, "apply", waiting, "--yes"))
    other = box.manifest([write_action(box, "other", "x\n")], "o.json")
    refused = box.run("apply", other, "--yes").expect(5)
    expect_in("resume", refused.errors, "the way out")
    (box.folder / "go").touch()
    box.run("resume", "--yes", "--lock-timeout", "20s").expect(0)
    box.run("apply", other, "--yes").expect(0)


def exit_6_the_plan_is_stale_or_used(box):
    """6: refused, the plan is used, stale, or its digest is wrong"""
    manifest = box.manifest([write_action(box, "out", "hello\n")])
    for name in ("used", "stale"):
        box.run("plan", manifest, "-o", box.folder / name).expect(0)
    box.run("apply", box.folder / "used").expect(0)
    box.run("apply", box.folder / "used").expect(6)
    stale = box.run("apply", box.folder / "stale").expect(6)
    expect_in(box.path("out"), stale.errors, "what is stale")
    box.run("rollback", "--yes").expect(0)
    box.run("check", box.folder / "stale").expect(0)
    used = box.run("check", box.folder / "used").expect(6)  # the world is as it saw it again
    expect_in(box.run("history", "--json").expect(0).json()[-1]["run"], used.output, "by whom it was used")
    box.run("apply", box.folder / "used").expect(6)
    box.write("out", "somebody else\n")
    forged = (box.folder / "stale").read_text().replace("hello", "hallo")
    box.run("apply", box.text("forged", forged)).expect(6)
    box.run("check", box.folder / "stale").expect(6)
    box.run("show", box.folder / "stale").expect(0)
    box.run("apply", box.manifest([write_action(box, "x", "x\n")], "x.json"), "--yes", "--require-digest",
            "00").expect(6)


def exit_64_usage_or_missing_consent(box):
    """64: wrong usage, or consent that nobody gave"""
    manifest = box.manifest([write_action(box, "out", "hello\n")])
    box.run().expect(64)
    expect_in("apply", box.run("aply", manifest).expect(64).errors, "the nearest verb")
    expect_in("--yes", box.run("apply", manifest, "--yess").expect(64).errors, "the nearest flag")
    box.run("apply", manifest).expect(64)
    box.run("apply", manifest, "--show", "nonsense").expect(64)
    box.run("apply", manifest, "--yes", "--force").expect(64)
    box.run("rollback").expect(0)  # nothing to take back needs no consent
    box.run("apply", manifest, "--yes").expect(0)
    box.run("rollback").expect(64)


def exit_65_malformed(box):
    """65: the manifest, the plan or an input is malformed or missing"""
    box.run("apply", box.text("broken.json", "{"), "--yes").expect(65)
    box.run("apply", box.folder / "missing.json", "--yes").expect(65)
    box.run("apply", box.text("p", '{"format": "backout-plan/1"}')).expect(65)
    box.run("plan", box.manifest([write_action(box, "out", "${inputs.x}")], inputs={"x": {}})).expect(65)


def exit_74_the_journal_is_damaged(box):
    """74: the journal is damaged: every verb stops, and nothing replaces it"""
    box.run("apply", box.manifest([write_action(box, "out", "hello\n")]), "--yes").expect(0)
    data = box.journal_file()
    data.write_bytes(b"x" * 8192)
    for words in (["status"], ["history"], ["doctor"], ["rollback", "--yes"], ["resume", "--yes"],
                  ["apply", box.folder / "manifest.json", "--yes"]):
        ran = box.run(*words)
        expect(ran.exit == 74, ran.shown())
    expect(data.read_bytes() == b"x" * 8192, "the damaged journal was replaced")


def exit_75_the_lock_is_held(box):
    """75: another run holds the lock: who it is, since when; readers work"""
    running = begun(box, "apply", box.manifest([waiting_action(box, "begun", "go")], "w.json"), "--yes")
    other = box.manifest([write_action(box, "other", "x\n")], "o.json")
    before = box.snapshot()
    refused = box.run("apply", other, "--yes").expect(75)
    expect_in(str(running.pid), refused.errors, "who holds the lock")
    box.run("rollback", "--yes").expect(75)
    expect_equal(box.run("status", "--json").expect(0).json()["lease"]["pid"], running.pid, "the holder")
    expect_same_tree(box.snapshot(), before, "the refused run")
    (box.folder / "go").touch()
    box.ended(running).expect(0)
    box.run("apply", other, "--yes").expect(0)


def exit_0_who_waited_for_the_lock_plans_then(box):
    """--lock-timeout: what the other run changes is seen by the plan of the one that waits for it"""
    wait = waiting_action(box, "begun", "go")
    first = box.manifest([wait, write_action(box, "z", "one\n", id="z", depends_on=["wait"])], "w.json")
    running = begun(box, "apply", first, "--yes")
    waits = box.start("apply", "--yes", "--lock-timeout", "60s", "--json",
                      box.manifest([write_action(box, "z", "two\n", id="z")], "z.json"))
    time.sleep(1)  # nobody can see from outside that it waits; it must come to the right end however long it had
    (box.folder / "go").touch()
    box.ended(running).expect(0)
    plans = [event["plan"] for event in box.ended(waits).expect(0).events() if event["type"] == "plan"]
    expect_equal([step["operation"] for step in plans[-1]["actions"]], ["update"], "the plan that was executed")
    expect_equal(box.read("z"), "two\n", "the file")
    held = begun_again(box, first)
    box.run("apply", "--yes", "--lock-timeout", "1s", box.folder / "z.json").expect(75)
    kill_group(held)


def begun_again(box, manifest):
    for name in ("begun", "go"):
        (box.folder / name).unlink()
    return begun(box, "apply", manifest, "--yes")


@needs_root
def exit_77_not_permitted(box):
    """77: a target that can't be written is found before the first step"""
    manifest = box.manifest([write_action(box, "one", "1\n"),
                             {"action": "file.write", "with": {"path": "/etc/backout-e2e", "content": "x"}}])
    box.folder.chmod(0o755)
    box.target.chmod(0o777)
    state = box.folder / "theirs"
    state.mkdir()
    os.chown(state, 65534, 65534)
    before = box.snapshot()
    drop = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    ran = box.run("apply", manifest, "--yes", "--state-dir", state / "state", before=drop).expect(77)
    expect_in("/etc", ran.errors, "where")
    expect_same_tree(box.snapshot(), before, "nothing was done")


def exit_128_ended_by_a_signal(box):
    """128+n: a second signal, or --on-signal stop: journaled and resumable"""
    before = box.snapshot()
    manifest = box.manifest([write_action(box, "out", "hello\n", id="out"),
                             waiting_action(box, "begun", "go", depends_on=["out"])])
    running = begun(box, "apply", manifest, "--yes")
    running.send_signal(signal.SIGTERM)
    running.send_signal(signal.SIGINT)  # two of one number could arrive as one
    ran = box.ended(running)
    expect(ran.exit in (128 + signal.SIGTERM, 128 + signal.SIGINT), ran.shown())
    box.run("rollback", "--yes", "--lock-timeout", "20s").expect(0)
    expect_same_tree(box.snapshot(), before, "rolled back")
    (box.folder / "begun").unlink()
    running = begun(box, "apply", manifest, "--yes", "--on-signal", "stop")
    running.send_signal(signal.SIGINT)
    (box.folder / "go").touch()
    box.ended(running).expect(128 + signal.SIGINT)
    box.run("resume", "--yes").expect(0)
    expect_equal(box.read("out"), "hello\n", "carried on")


def exit_1_first_signal_rolls_back(box):
    """1: the first signal ends the step in hand and rolls back"""
    before = box.snapshot()
    manifest = box.manifest([write_action(box, "out", "hello\n", id="out"),
                             waiting_action(box, "begun", "go", depends_on=["out"])])
    running = begun(box, "apply", manifest, "--yes")
    running.send_signal(signal.SIGINT)
    (box.folder / "go").touch()
    ran = box.ended(running).expect(1)
    expect_in("second", ran.errors, "what a second signal does")
    expect_same_tree(box.snapshot(), before, "rolled back")


TESTS = [value for name, value in list(globals().items()) if name.startswith("exit_")]

if __name__ == "__main__":
    sys.exit(run_tests(TESTS, parser(__doc__).parse_args()))
