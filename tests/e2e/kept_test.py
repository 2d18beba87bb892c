#!/usr/bin/env python3
"""Steps that are kept: what is said of them holds, before the run and at its end, whichever way it goes."""

import signal
import sys

from harness import expect, expect_equal, expect_in, kill_group, parser, run_tests, wait_until, write_action


def spoiler(box, *more):
    """k is to be kept; a command makes cc, and appends to k, which it doesn't declare."""
    script = f"echo x >> {box.path('k')}; touch {box.path('cc')}"
    command = {"id": "cc", "action": "command.run",
               "with": {"argv": ["sh", "-c", script], "undo": {"argv": ["rm", "-f", box.path("cc")]},
                        "probe": {"argv": ["test", "-e", box.path("cc")]}, "touches": [box.path("cc")]}}
    box.write("k", "k\n")
    return [write_action(box, "k", "k\n", id="k"), {**command, "after": ["k"]}, *more]


def waiting(box):
    script = f"touch {box.folder / 'begun'}; while [ ! -e {box.folder / 'go'} ]; do sleep 0.02; done"
    return {"id": "wait", "action": "command.run", "depends_on": ["cc"],
            "with": {"argv": ["sh", "-c", script], "undo": {"argv": ["true"]}, "touches": [box.path("none")]}}


def failing_check(box, after):
    return {"id": "no", "action": "check", "with": {"file": box.path("nowhere")}, "depends_on": [after]}


def expect_named(box, ran):
    expect_in("k: content", ran.output + ran.errors, "the conflict")
    expect("verything is as it was before" not in ran.output + ran.errors, ran.shown())
    run = box.newest_run()
    expect_equal(run["state"], "rollback_incomplete", "the run")
    steps = box.run("show", run["run"], "--json").expect(0).json()["steps"]
    expect_equal({step["id"]: step["state"] for step in steps}["k"], "conflict", "the kept step")
    expect(not (box.target / "cc").exists(), "what the run made is still there")
    expect_equal(box.read("k"), "k\nx\n", "the kept file")


def kept_drift_is_seen_when_a_step_fails(box):
    """a later step fails, everything is undone, and what was to be kept has changed: a conflict"""
    manifest = box.manifest(spoiler(box, failing_check(box, "cc")))
    expect_named(box, box.run("apply", "--yes", manifest).expect(3))


def kept_drift_is_seen_after_a_signal(box):
    """TERM: the run goes back, and looks at what was to be kept"""
    running = box.start("apply", box.manifest(spoiler(box, waiting(box))), "--yes")
    wait_until((box.folder / "begun").exists, "the command to begin")
    running.send_signal(signal.SIGTERM)
    (box.folder / "go").touch()
    expect_named(box, box.ended(running).expect(3))


def kept_drift_is_seen_after_a_kill(box):
    """kill -9, then rollback: what was to be kept is looked at, too"""
    running = box.start("apply", box.manifest(spoiler(box, waiting(box))), "--yes")
    wait_until((box.folder / "begun").exists, "the command to begin")
    kill_group(running)
    (box.folder / "go").touch()
    expect_named(box, box.run("rollback", "--yes", "--lock-timeout", "20s").expect(3))


def kept_drift_that_stopped_a_run_is_seen_when_it_goes_back(box):
    """on_drift: stop names the drift, and so does the rollback after it"""
    ran = box.run("apply", "--yes", box.manifest(spoiler(box), on_drift="stop")).expect(3)
    expect_in("drift: step 1 (k)", ran.output + ran.errors, "why it stopped")
    expect_named(box, box.run("rollback", "--yes").expect(3))


def kept_what_an_own_step_changed_and_took_back_is_as_it_was(box):
    """an own step changes what was to be kept, which is drift; its undo puts it back, and nothing is left"""
    box.write("k", "k\n")
    command = {"id": "cc", "action": "command.run", "after": ["k"],
               "with": {"argv": ["sh", "-c", f"echo x >> {box.path('k')}"], "probe": {"argv": ["grep", "-q", "x", "k"]},
                        "undo": {"argv": ["sh", "-c", "echo k > k"]}, "cwd": str(box.target),
                        "touches": [box.path("none")]}}
    ran = box.run("apply", "--yes", box.manifest([write_action(box, "k", "k\n", id="k"), command])).expect(1)
    expect_in("drift: step 1 (k)", ran.output + ran.errors, "why it went back")
    expect_equal(box.read("k"), "k\n", "the kept file")


def kept_of_what_an_earlier_step_makes_goes_back_with_it(box):
    """the second of two alike steps is kept, for the first makes it so; both are gone, which is no conflict"""
    actions = [write_action(box, "f", "new\n", id="one"), write_action(box, "f", "new\n", id="two", depends_on=["one"])]
    box.run("apply", "--yes", box.manifest([*actions, failing_check(box, "two")])).expect(1)
    expect(not (box.target / "f").exists(), "the file is still there")


def kept_is_not_looked_at_by_a_later_rollback(box):
    """a finished run is taken back: what it had kept is nobody's business any more"""
    box.write("k", "k\n")
    box.run("apply", "--yes", box.manifest([write_action(box, "k", "k\n", id="k"),
                                            write_action(box, "f", "f\n", id="f")])).expect(0)
    box.write("k", "theirs\n")
    box.run("rollback", "--yes").expect(0)


TESTS = [value for name, value in list(globals().items()) if name.startswith("kept_")]

if __name__ == "__main__":
    sys.exit(run_tests(TESTS, parser(__doc__).parse_args()))
