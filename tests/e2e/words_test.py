#!/usr/bin/env python3
"""What the program says and accepts, verb by verb, where it had said something else than it did."""

import json
import os
import signal
import sys

from harness import (expect, expect_equal, expect_in, needs_root, parser, run_tests, wait_until, waiting_action,
                     write_action)


def one_file(box, **more):
    return box.manifest([write_action(box, "out", "x\n", id="out")], **more)


def words_jobs_is_a_limit_between_1_and_64(box):
    """apply --jobs N is accepted, and help says that steps go one after the other"""
    for bad in ("0", "65", "x", "-1"):
        box.run("apply", "--yes", "--jobs", bad, one_file(box)).expect(64)
    expect(not (box.target / "out").exists(), "something was written")
    box.run("apply", "--yes", "--jobs", "64", one_file(box)).expect(0)
    expect_in("one after the other", box.run("apply", "--help").expect(0).output, "the help")


@needs_root
def words_a_read_only_state_directory_is_74(box):
    """a state directory that can't be written: the journal is what stands in the way"""
    read_only = ["unshare", "-m", "sh", "-c",
                 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"']
    box.state.mkdir(mode=0o700)
    empty = box.run("apply", "--yes", one_file(box), before=[*read_only, box.state]).expect(74)
    expect_in("mounted read-only", empty.errors, "without a journal")
    expect(not (box.target / "out").exists(), "something was written")
    box.run("apply", "--yes", one_file(box)).expect(0)
    for words in (["apply", "--yes", box.manifest([write_action(box, "b", "b")], "b.json")], ["rollback", "--yes"]):
        expect_in("mounted read-only", box.run(*words, before=[*read_only, box.state]).expect(74).errors, words[0])
    expect_equal(box.read("out"), "x\n", "the file")
    more = box.manifest([write_action(box, "c", "c")], "c.json")
    below = box.folder / "ro"
    below.mkdir()
    box.run("--state-dir", below / "state", "apply", "--yes", more, before=[*read_only, below]).expect(74)


@needs_root
def words_a_full_state_directory_is_74(box):
    """no room for a journal: what is full, how much is needed, and what to do"""
    box.state.mkdir(mode=0o700)
    for size in ("4k", "64k", "1m"):
        script = f"mount -t tmpfs -o size={size},mode=700 none {box.state} && exec \"$@\""
        ran = box.run("apply", "--yes", one_file(box), before=["unshare", "-m", "sh", "-c", script, "sh"]).expect(74)
        expect_in(f"the file system of the state directory {box.state} is full: ", ran.errors, size)
        expect_in("10.0 MiB", ran.errors, size)
        expect("posix_fallocate" not in ran.errors, ran.shown())
        expect(not (box.target / "out").exists(), "something was written")


def words_a_retried_undo_says_what_is_undone(box):
    """every line of progress names operation and target, also when an undo is tried again"""
    failing = {"id": "c", "action": "command.run", "retry": {"attempts": 3, "backoff": "1ms"},
               "with": {"argv": ["true"], "undo": {"argv": ["false"]}}}
    last = {"id": "d", "action": "command.run", "depends_on": ["c"],
            "with": {"argv": ["false"], "undo": {"argv": ["true"]}}}
    ran = box.run("apply", "--yes", box.manifest([failing, last])).expect(3)
    expect_in("  retry       run true: undo: false: exit 1\n", ran.errors, "the progress")


def words_a_cut_journal_is_74(box):
    """data.mdb cut in the part that is allocated and not used yet"""
    box.run("apply", "--yes", one_file(box)).expect(0)
    data = box.state / "data.mdb"
    os.truncate(data, data.stat().st_size - 8192)
    for words in (["status"], ["rollback", "--yes"], ["doctor"]):
        expect_in("it was cut", "".join([(ran := box.run(*words).expect(74)).output, ran.errors]), words[0])
    expect_equal(box.read("out"), "x\n", "the file")


def words_a_truncated_plan_is_65(box):
    """apply of a part of a plan says what is wrong with it, whether anybody could be asked or not"""
    plan = box.path("saved.plan")
    box.run("plan", one_file(box), "-o", plan).expect(0)
    cut = box.text("cut.plan", open(plan, "rb").read()[:300])
    for words in (["apply", cut], ["apply", "--yes", cut], ["check", cut]):
        expect_in("cut.plan:", box.run(*words).expect(65).errors, " ".join(words[:2]))
    box.run("apply", one_file(box)).expect(64)


def waiting_undo(box):
    script = f"touch {box.folder / 'undoing'}; while [ ! -e {box.folder / 'go'} ]; do sleep 0.02; done"
    return {"id": "wait", "action": "command.run", "depends_on": ["out"],
            "with": {"argv": ["true"], "undo": {"argv": ["sh", "-c", script]}, "touches": [box.path("none")]}}


def interrupted(box, *words):
    """Stopped by INT while the undo is at work."""
    running = box.start(*words)
    wait_until(lambda: (box.folder / "undoing").exists(), "the undo to begin")
    running.send_signal(signal.SIGINT)
    wait_until(lambda: open(f"/proc/{running.pid}/status").read().find("SigPnd:\t0000000000000000") > 0, "the signal")
    (box.folder / "go").touch()
    return box.ended(running)


def words_a_signal_in_a_rollback_says_what_it_does(box):
    """a rollback that is stopped is left for resume, and says so"""
    box.run("apply", "--yes", box.manifest([write_action(box, "out", "x\n", id="out"), waiting_undo(box)])).expect(0)
    ran = interrupted(box, "rollback", "--yes").expect(128 + signal.SIGINT)
    expect_in("the run is left for 'backout resume'", ran.errors, "the first signal")
    expect_in("a second signal", ran.errors, "the first signal")
    expect("rolled back" not in ran.errors.split("stopping")[1].split("\n")[0], ran.errors)
    box.run("resume", "--yes").expect(0)
    expect(not (box.target / "out").exists(), "the file is still there")


def words_a_signal_while_an_unfinished_run_goes_back(box):
    """what goes back already goes on, and says so"""
    running = box.start("apply", "--yes", "--on-signal", "stop",
                        box.manifest([write_action(box, "out", "x\n", id="out"), waiting_undo(box),
                                      waiting_action(box, "begun", "ahead", depends_on=["wait"]) | {"id": "last"}]))
    wait_until(lambda: (box.folder / "begun").exists(), "the last step to begin")
    running.send_signal(signal.SIGINT)
    (box.folder / "ahead").touch()
    box.ended(running).expect(128 + signal.SIGINT)
    ran = interrupted(box, "rollback", "--yes").expect(0)
    expect_in("going on until everything is undone", ran.errors, "the first signal")
    expect(not (box.target / "out").exists(), "the file is still there")


def words_graph_json_is_a_document(box):
    """graph --json: nodes and edges, of a plan and of a run"""
    manifest = box.manifest([write_action(box, "a", "a", id="A"), write_action(box, "b", "b", id="B", depends_on=["A"]),
                             write_action(box, "c", "c", id="C", after=["B"])])
    graph = box.run("graph", manifest, "--json").expect(0).json()
    expect_equal(graph["format"], "backout-graph/1", "the format")
    expect_equal([node["id"] for node in graph["nodes"]], ["A", "B", "C"], "the nodes")
    expect_equal(graph["edges"], [{"from": 1, "to": 2, "kind": "dependency"}, {"from": 2, "to": 3, "kind": "order"}],
                 "the edges")
    box.run("apply", "--yes", manifest).expect(0)
    run = box.run("graph", box.newest_run()["run"], "--json").expect(0).json()
    expect_equal([node["state"] for node in run["nodes"]], ["done"] * 3, "the states")
    box.run("graph", manifest, "--json", "--format", "dot").expect(64)
    file = box.path("graph.json")
    box.run("graph", manifest, "--json", "-o", file).expect(0)
    expect_equal(len(json.load(open(file))["nodes"]), 3, "in a file")


def words_an_action_after_itself_is_named(box):
    """a dependency on itself names the action"""
    for key in ("depends_on", "after"):
        manifest = box.manifest([write_action(box, "a", "a", id="alone", **{key: ["alone"]})])
        expect_in("'alone'", box.run("plan", manifest).expect(65).errors, key)


def words_attempts_are_counted(box):
    """retry with three attempts that all fail: show says 3"""
    failing = {"id": "no", "action": "command.run", "retry": {"attempts": 3, "backoff": "1ms"},
               "with": {"argv": ["false"], "undo": {"argv": ["true"]}, "touches": [box.path("none")]}}
    box.run("apply", "--yes", box.manifest([failing])).expect(1)
    run = box.newest_run()["run"]
    expect_equal(box.run("show", run, "--json").expect(0).json()["steps"][0]["attempts"], 3, "attempts")


def words_doctor_finds_images_that_are_gone_or_changed(box):
    """doctor: a before-image that is missing, or not of the size and time that it had"""
    for name in "abc":
        box.write(name, f"former {name}\n")
    box.run("apply", "--yes", box.manifest([write_action(box, name, "new\n", id=name) for name in "abc"])).expect(0)
    sound = box.run("doctor").expect(0).output
    expect_in("every before-image that a run needs is there", sound, "a sound state")
    expect_in("the lease is free", sound, "a sound state")
    slots = {path.read_text().split()[1]: path for path in (box.state / "images").iterdir()}
    slots["a"].unlink()
    slots["b"].write_text("short\n")
    os.utime(slots["c"], ns=(1, 1))
    ran = box.run("doctor").expect(74)
    for part in ("step 'a': it is missing", "step 'b': its size is 6 bytes, and was 9", "step 'c': it was written to"):
        expect_in(part, ran.output, "the findings")
    found = [one for one in box.run("doctor", "--json").expect(74).json() if one["severity"] == "error"]
    expect_equal(len(found), 3, "errors")


def words_doctor_follows_images_through_undo_and_redo(box):
    """doctor: what an undo displaced is the image of its redo; nothing is missing after either"""
    box.write("out", "former\n")
    box.run("apply", "--yes", one_file(box)).expect(0)
    box.run("rollback", "--yes").expect(0)
    box.run("doctor").expect(0)
    box.run("rollback", box.newest_run()["run"], "--yes").expect(0)
    box.run("doctor").expect(0)
    for path in (box.state / "images").iterdir():
        path.unlink()
    box.run("doctor").expect(74)


def words_doctor_knows_that_a_move_leaves_nothing_aside(box):
    """doctor: what was moved on its file system isn't missing from the images"""
    box.write("from", "moved\n")
    box.run("apply", "--yes", box.manifest([{"id": "m", "action": "file.move", "with": {
        "from": box.path("from"), "to": box.path("new/to"), "make_parents": True}}])).expect(0)
    box.run("doctor").expect(0)
    proposed = box.run("rollback", "--plan").expect(0).output
    expect("conflict" not in proposed, f"nobody changed it: {proposed}")
    box.run("rollback", "--yes").expect(0)
    expect_equal(box.read("from"), "moved\n", "what was moved")


def words_doctor_names_what_belongs_to_nobody(box):
    """doctor: a slot that no run names is a warning"""
    box.write("out", "former\n")
    box.run("apply", "--yes", one_file(box)).expect(0)
    (box.state / "images" / "r99-s1-q1").write_text("left")
    ran = box.run("doctor").expect(0)
    expect_in("r99-s1-q1 belongs to no run", ran.output, "the findings")


def words_prune_says_what_went_and_keeps_what_is_needed(box):
    """prune: dropped runs and freed bytes are told; what stays can be taken back"""
    box.write("out", "former\n")
    runs = []
    for value in ("one\n", "two\n", "three\n"):
        box.run("apply", "--yes", box.manifest([write_action(box, "out", value, id="out")])).expect(0)
        runs.append(box.newest_run()["run"])
    ran = box.run("prune", "--keep", "1").expect(0)
    expect_in(runs[0], ran.output, "what was dropped")
    expect_in("Images freed: ", ran.output, "what was freed")
    box.run("rollback", "--yes").expect(0)
    expect_equal(box.read("out"), "two\n", "taken back")
    undo = box.newest_run()["run"]
    kept = box.run("prune", "--keep", "1", "--json").expect(0).json()
    expect_equal(kept["runs"], [], "the run that was taken back shares its images with the rollback")
    box.run("rollback", undo, "--yes").expect(0)
    expect_equal(box.read("out"), "three\n", "redone")
    box.run("doctor").expect(0)


TESTS = [value for name, value in list(globals().items()) if name.startswith("words_")]

if __name__ == "__main__":
    sys.exit(run_tests(TESTS, parser(__doc__).parse_args()))
