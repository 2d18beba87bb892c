#!/usr/bin/env python3
"""Runs that stopped in the middle or left something: what is said of them, and whether the ways out work as printed."""

import os
import shlex
import signal
import sys

from harness import (expect, expect_equal, expect_in, kill_group, parser, run_tests, wait_until, waiting_action,
                     write_action)


def begun(box, manifest, *flags):
    running = box.start("apply", manifest, "--yes", *flags)
    wait_until((box.folder / "begun").exists, "the command to begin")
    return running


def state_of(box, run):
    return box.run("show", run, "--json").expect(0).json()["state"]


def conflict_left(box, name="conf"):
    """A rollback that left the one step of its run: the names of the run and of the rollback."""
    box.run("apply", "--yes", box.manifest([write_action(box, name, "ours\n")])).expect(0)
    run = box.newest_run()["run"]
    box.write(name, "theirs\n")
    box.run("rollback", "--yes").expect(3)
    return run, box.newest_run()["run"]


def left_resolve_takes_ids_and_numbers(box):
    """resolve: by id, with spaces too, and by number; a wrong one names what there is"""
    _, rollback = conflict_left(box, "two words")
    word = ["--as", "skipped", "--reason", "as we want it"]
    name = "file.write:" + box.path("two words")
    near = box.run("resolve", rollback, name + "x", *word).expect(65)
    expect_in(f"did you mean '{name}'", near.errors, "the nearest step")
    far = box.run("resolve", rollback, "9", *word).expect(65)
    expect_in(f"1 {name}", far.errors, "what there is")
    box.run("resolve", rollback, name, *word).expect(0)
    box.run("resolve", rollback, "1", *word).expect(0)


def left_ways_out_work_as_printed(box):
    """status --json names what is incomplete, and what status prints can be typed"""
    run, rollback = conflict_left(box)
    incomplete = box.run("status", "--json").expect(0).json()["incomplete"]
    expect_equal([(one["run"], one["ways_out"]) for one in incomplete], [(rollback, ["rollback", "resolve"])],
                 "incomplete")
    lines = box.run("status").expect(0).output.splitlines()
    ways = [shlex.split(line)[1:] for line in lines if line.startswith("    backout ")]
    expect_equal([way[0] for way in ways], ["rollback", "resolve"], "the ways out")
    box.write("conf", "ours\n")
    box.run(*ways[0], "--yes").expect(0)
    expect(not (box.target / "conf").exists(), "it wasn't taken back")
    expect_equal(box.run("status", "--json").expect(0).json()["incomplete"], [], "incomplete, mended")
    expect_equal(state_of(box, run), "rolled_back", "the run")


def left_resolve_works_as_printed(box):
    """the printed resolve names run and step"""
    conflict_left(box)
    lines = box.run("status").expect(0).output.splitlines()
    way = next(shlex.split(line)[1:] for line in lines if line.startswith("    backout resolve"))
    box.run(*[{"done|undone|skipped": "skipped", "TEXT": "so be it"}.get(word, word) for word in way]).expect(0)
    expect_equal(box.run("status", "--json").expect(0).json()["incomplete"], [], "incomplete, resolved")


def left_by_a_killed_rollback_doctor_calls_nothing_missing(box):
    """what a killed rollback has moved already isn't called missing: there is a way out, and it works"""
    box.write("conf", "the former one\n")
    script = f"touch {box.folder / 'begun'}; while [ ! -e {box.folder / 'go'} ]; do sleep 0.02; done"
    box.run("apply", "--yes", box.manifest([
        {"id": "slow", "action": "command.run",
         "with": {"argv": ["true"], "undo": {"argv": ["sh", "-c", script]}, "touches": [box.path("none")]}},
        write_action(box, "conf", "ours\n", depends_on=["slow"])])).expect(0)
    running = box.start("rollback", "--yes")
    wait_until((box.folder / "begun").exists, "the undo to begin")
    kill_group(running)
    expect_equal(box.read("conf"), "the former one\n", "what is back already")
    findings = box.run("doctor", "--json").expect(0).json()
    expect_in("is unfinished", str(findings), "doctor")
    (box.folder / "go").touch()
    box.run("rollback", "--yes", "--lock-timeout", "20s").expect(0)  # what was killed, and its child, may be going still
    box.run("doctor").expect(0)


def drifting(box, **more):
    box.write("out", "former\n")
    return box.manifest([write_action(box, "out", "ours\n", id="out"),
                         waiting_action(box, "begun", "go", depends_on=["out"])], **more)


def resumed_into_drift(box, manifest, *flags):
    kill_group(begun(box, manifest, *flags))
    box.write("out", "theirs\n")
    (box.folder / "go").touch()
    box.run("resume", "--yes", "--lock-timeout", "20s").expect(3)
    expect_equal(state_of(box, box.newest_run()["run"]), "interrupted", "the run")


def left_on_drift_of_the_manifest_holds_at_resume(box):
    """on_drift: stop in the manifest: a resumed run that drifts waits for a person"""
    resumed_into_drift(box, drifting(box, on_drift="stop"))


def left_on_drift_of_the_call_holds_at_resume(box):
    """apply --on-drift stop is remembered by the run"""
    resumed_into_drift(box, drifting(box), "--on-drift", "stop")


def left_a_missing_secret_is_found_before_the_run(box):
    """65: a saved plan whose secret isn't at hand is refused, and no run is recorded"""
    use = {"id": "use", "action": "command.run", "depends_on": ["out"],
           "with": {"argv": ["true"], "stdin": "${inputs.token}", "undo": {"argv": ["true"]}}}
    manifest = box.manifest([write_action(box, "out", "x\n", id="out"), use],
                            inputs={"token": {"secret": True, "env": "TOKEN"}})
    with_secret = {**box.environment, "TOKEN": "very-secret"}
    box.run("plan", manifest, "-o", box.folder / "p", environment=with_secret).expect(0)
    refused = box.run("apply", box.folder / "p").expect(65)
    expect_in("token", refused.errors, "what is missing")
    expect_equal(box.run("history", "--json").expect(0).json(), [], "the runs")
    expect(not (box.target / "out").exists(), "something was done")
    box.run("apply", box.folder / "p", environment=with_secret).expect(0)


def left_images_in_the_state_directory_are_counted(box):
    """doctor and status -v know of the images beside the journal"""
    box.write("out", "x" * 5000)
    box.run("apply", "--yes", box.manifest([write_action(box, "out", "y\n")])).expect(0)
    held = box.run("status", "-v", "--json").expect(0).json()["image_bytes"]
    expect(held >= 5000, f"status -v counts {held} bytes")
    findings = box.run("doctor").expect(0)
    expect_in("images: 1 slot", findings.output + findings.errors, "doctor")


def left_a_command_that_could_not_be_started_touched_nothing(box):
    """a program that isn't there has done nothing: its undo isn't run"""
    command = {"id": "run", "action": "command.run",
               "with": {"argv": ["/nowhere/program"], "undo": {"argv": ["touch", box.path("undone")]}}}
    box.run("apply", "--yes", box.manifest([command])).expect(1)
    expect(not (box.target / "undone").exists(), "its undo was run")


def left_a_command_ended_by_a_signal_is_in_doubt(box):
    """its probe says whether it was done: what was done isn't tried again, and stays if it can't be undone"""
    script = f"echo x >> {box.path('made')}; [ -e {box.path('twice')} ] || kill -9 $$"
    command = {"id": "run", "action": "command.run", "retry": {"attempts": 2, "backoff": "1ms"},
               "with": {"argv": ["sh", "-c", script], "probe": {"argv": ["test", "-e", box.path("made")]}}}
    box.run("apply", "--yes", "--allow-irreversible", "run", box.manifest([command])).expect(3)
    expect_equal(box.read("made"), "x\n", "how often it ran")
    command["with"]["undo"] = {"argv": ["rm", box.path("made")]}
    (box.target / "made").unlink()
    box.run("apply", "--yes", box.manifest([command])).expect(1)
    expect(not (box.target / "made").exists(), "what was done before the signal stayed")


def left_a_step_at_work_is_no_failure(box):
    """at work: running; killed: in doubt; an orphan is named"""
    manifest = box.manifest([waiting_action(box, "begun", "go")], "w.json")
    running = begun(box, manifest)

    def step():
        return box.run("show", "1", "--json").expect(0).json()["steps"][0]

    expect_equal(step()["state"], "running", "while it is at work")
    expect_equal(box.run("status", "--json").expect(0).json()["unfinished"][0]["steps"], {"running": 1}, "status")
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    expect_equal(step()["state"], "in_doubt", "killed")
    status = box.run("status", "--json").expect(0).json()
    expect_equal(status["unfinished"][0]["steps"], {"in_doubt": 1}, "status")
    expect(status["orphan"]["pid"] > 0, "the orphan")
    text = box.run("status").expect(0).output
    expect_in(f"Still at work: pid {status['orphan']['pid']}", text, "status")
    expect_in("step 1 wait: in doubt", text, "status")
    doctor = box.run("doctor").expect(0).output
    expect_in(f"pid {status['orphan']['pid']}, a program that a killed run had started", doctor, "doctor")
    expect("nobody is at work" not in doctor, "doctor")
    (box.folder / "go").touch()
    box.run("resume", "--yes", "--lock-timeout", "20s").expect(0)
    expect_equal(box.run("status", "--json").expect(0).json()["orphan"], None, "the orphan, ended")


def left_nothing_to_do_is_no_run_but_verified(box):
    """0: nothing to do and in step; 1: the verification of the whole fails, and nothing was changed; no run in either"""
    box.write("needed", "x\n")
    manifest = box.manifest([write_action(box, "out", "x\n")], verify=[{"file": box.path("needed")}])
    box.run("apply", manifest, "--yes").expect(0)
    run = box.newest_run()["run"]
    box.run("apply", manifest, "--yes").expect(0)
    expect_equal(box.newest_run()["run"], run, "the newest run")
    (box.target / "needed").unlink()
    failed = box.run("apply", manifest, "--yes").expect(1)
    expect_in(box.path("needed"), failed.errors, "what failed")
    expect_equal(box.newest_run()["run"], run, "the newest run, the verification having failed")
    expect_equal(box.read("out"), "x\n", "the step's file")


TESTS = [value for name, value in list(globals().items()) if name.startswith("left_")]

if __name__ == "__main__":
    sys.exit(run_tests(TESTS, parser(__doc__).parse_args()))
