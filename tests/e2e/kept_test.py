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


# ---- what can't be known yet --------------------------------------------------------------------------------------


def build(box, content, **more):
    """`out` is made of `src`: the probe says whether it is up to date."""
    src, out = box.path("src"), box.path("out")
    command = {"argv": ["cp", src, out], "probe": {"argv": ["cmp", "-s", src, out]},
               "undo": {"argv": ["rm", "-f", out]}, "touches": [out]}
    return [write_action(box, "src", content, id="src"),
            {"id": "build", "action": "command.run", "with": command, **({"depends_on": ["src"]} | more)}]


def planned(box, manifest):
    document = box.run("plan", manifest, "--json").expect(0).json()
    return {step["id"]: (step["operation"], step["known_after"]) for step in document["actions"]}


def kept_a_probe_isnt_asked_before_what_it_looks_at_is_changed(box):
    """an earlier step changes what the probe looks at: known after that step, and run when its turn comes"""
    box.run("apply", "--yes", box.manifest(build(box, "v1\n"))).expect(0)
    changed = box.manifest(build(box, "v2\n"))
    expect_equal(planned(box, changed), {"src": ("update", []), "build": ("run", ["src"])}, "the plan")
    expect_in("its probe is asked then (known after src)", box.run("plan", changed).output, "the plan in words")
    box.run("apply", "--yes", changed).expect(0)
    expect_equal(box.read("out"), "v2\n", "what was built")
    expect_equal(planned(box, changed), {"src": ("keep", []), "build": ("keep", [])}, "planned again")


def kept_a_probe_isnt_asked_behind_kept_steps_either(box):
    """what changes stands two steps before, or only before it in order"""
    between = {"id": "between", "action": "dir.create", "with": {"path": str(box.target)}, "depends_on": ["src"]}
    box.run("apply", "--yes", box.manifest(build(box, "v1\n"))).expect(0)
    behind = [*build(box, "v2\n", depends_on=["between"]), between]
    expect_equal(planned(box, box.manifest(behind))["build"], ("run", ["src"]), "behind a kept step")
    ordered = box.manifest(build(box, "v2\n", depends_on=[], after=["src"]))
    expect_equal(planned(box, ordered)["build"], ("run", ["src"]), "in order only")
    box.run("apply", "--yes", ordered).expect(0)
    expect_equal(box.read("out"), "v2\n", "what was built")


def kept_a_command_that_is_applied_when_its_turn_comes_isnt_run(box):
    """the probe becomes 0 through an earlier step: nothing is run, and nothing of it is taken back"""
    marker, log = box.path("marker"), box.path("log")
    command = {"id": "late", "action": "command.run", "depends_on": ["src"],
               "with": {"argv": ["sh", "-c", f"echo run >> {log}; touch {marker}"], "touches": [log, marker],
                        "probe": {"argv": ["grep", "-q", "v1", box.path("src")]}, "undo": {"argv": ["rm", marker]}}}
    actions = [write_action(box, "src", "v1\n", id="src"), command]
    box.run("apply", "--yes", box.manifest(actions)).expect(0)
    expect(not (box.target / "log").exists(), "the command was run")
    box.run("rollback", "--yes").expect(0)
    expect_equal(list(box.target.iterdir()), [], "what is there after the rollback")
    box.run("apply", "--yes", box.manifest([*actions, failing_check(box, "late")])).expect(1)
    expect_equal(list(box.target.iterdir()), [], "what is there after the failure")


def kept_outputs_of_the_last_run_are_those_of_a_command_that_isnt_run(box):
    """it could only be asked late, and had nothing to do: who refers to its outputs gets those of its last run"""
    command = {"id": "made", "action": "command.run", "depends_on": ["src"],
               "with": {"argv": ["sh", "-c", f"touch {box.path('marker')}; echo number-7"], "outputs": {"id": ""},
                        "touches": [box.path("marker")], "probe": {"argv": ["test", "-e", box.path("marker")]},
                        "undo": {"argv": ["rm", box.path("marker")]}}}

    def actions(content):
        return [write_action(box, "src", content, id="src"), command,
                write_action(box, "id", "${actions.made.id}\n", id="id")]

    box.run("apply", "--yes", box.manifest(actions("v1\n"))).expect(0)
    box.run("apply", "--yes", box.manifest(actions("v2\n"))).expect(0)
    expect_equal(box.read("id"), "number-7\n", "what refers to the output")
    expect_equal({one[0] for one in planned(box, box.manifest(actions("v2\n"))).values()}, {"keep"}, "planned again")


def kept_what_wasnt_run_is_watched_like_a_kept_step(box):
    """a command had nothing to do, and a later step spoils it: drift"""
    box.write("out", "v2\n")
    spoil = {"id": "spoil", "action": "command.run", "depends_on": ["build"],
             "with": {"argv": ["sh", "-c", f"echo spoilt > {box.path('out')}"], "undo": {"argv": ["true"]},
                      "probe": {"argv": ["grep", "-q", "spoilt", box.path("out")]}, "touches": [box.path("none")]}}
    ran = box.run("apply", "--yes", box.manifest([*build(box, "v2\n"), spoil])).expect(3)
    expect_in("(build)", ran.output + ran.errors, "the conflict")


def kept_a_chain_that_is_settled_keeps_the_command_behind_it(box):
    """write and edit of one file end in what is there: nothing changes, and the probe behind them can be asked"""
    edit = {"id": "edit", "action": "file.edit", "depends_on": ["src"],
            "with": {"path": box.path("src"), "edits": [{"line": "more", "state": "present"}]}}
    manifest = box.manifest([*build(box, "v1\n", depends_on=["edit"]), edit])
    box.run("apply", "--yes", manifest).expect(0)
    expect_equal({one[0] for one in planned(box, manifest).values()}, {"keep"}, "planned again")


# ---- a saved plan ---------------------------------------------------------------------------------------------------


def saved(box):
    probe = {"argv": ["test", "-e", box.path("cc")]}
    command = {"id": "cc", "action": "command.run",
               "with": {"argv": ["touch", box.path("cc")], "undo": {"argv": ["rm", box.path("cc")]}, "probe": probe,
                        "touches": [box.path("cc")]}}
    box.run("plan", "-o", box.folder / "p.plan", box.manifest([write_action(box, "a", "a\n", id="a"), command])).expect(0)
    return box.folder / "p.plan"


def expect_refused(box, plan, then, now):
    for verb in ("check", "apply"):
        ran = box.run(verb, plan).expect(6)
        expect_in(f"step cc: touch {box.path('cc')}: what its probe says was {then}, is now {now}",
                  ran.output + ran.errors, verb)
    expect(not (box.target / "a").exists(), "a step was executed")


def kept_a_saved_plan_is_refused_when_its_probe_says_otherwise(box):
    """it was kept, and is gone; it was to be run, and is there"""
    box.write("cc", "")
    plan = saved(box)
    (box.target / "cc").unlink()
    expect_refused(box, plan, "applied", "not applied (exit 1)")
    plan = saved(box)
    box.run("check", plan).expect(0)
    box.write("cc", "")
    expect_refused(box, plan, "not applied", "applied (exit 0)")


TESTS = [value for name, value in list(globals().items()) if name.startswith("kept_")]

if __name__ == "__main__":
    sys.exit(run_tests(TESTS, parser(__doc__).parse_args()))
