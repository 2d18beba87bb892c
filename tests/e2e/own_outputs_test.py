#!/usr/bin/env python3
"""An undo that names what its own command gave out: a command that makes something under a name that it chooses, as
remote services do. What is taken back is what was made, whatever came in between."""

import json
import sys

from harness import expect, expect_equal, expect_in, parser, run_tests, write_action

WAIT = ["--lock-timeout", "20s"]

# Makes items/N with the next free N, never used twice, and says so; with `cut`, kills the program that runs it first.
MAKE = """n=$(($(cat "$1/count" 2>/dev/null || echo 0) + 1)); echo $n > "$1/count"; mkdir -p "$1/items"
touch "$1/items/$n"
if [ -e "$1/cut" ]; then rm "$1/cut"; kill -9 $PPID; sleep 0.2; fi
if [ -e "$1/dumb" ]; then exit 3; fi
echo "{\\"id\\": $n, \\"where\\": {\\"name\\": \\"item-$n\\"}}"
"""
DROP = """test "$2" = "item-$3" && rm "$1/items/$3"
if [ -e "$1/cut-undo" ]; then rm "$1/cut-undo"; kill -9 $PPID; sleep 0.2; fi
"""


def maker(box, **more):
    box.text("make", MAKE)
    box.text("drop", DROP)
    (box.folder / "items").mkdir(exist_ok=True)
    folder = str(box.folder)
    return {"id": "mk", "action": "command.run",
            "with": {"argv": ["sh", f"{folder}/make", folder], "outputs": {"id": "/id", "where": "/where"},
                     "undo": {"argv": ["sh", f"{folder}/drop", folder, "${actions.mk.where.name}", "${actions.mk.id}"]},
                     "touches": [f"{folder}/items"], **more.pop("add", {})}, **more}


def killer(box):
    """A later command that kills the program that runs it, once."""
    mark, path = box.folder / "killed", box.path("k")
    return {"id": "k", "action": "command.run", "depends_on": ["mk"],
            "with": {"argv": ["sh", "-c", f"touch {path}; [ -e {mark} ] || {{ touch {mark}; kill -9 $PPID; }}"],
                     "undo": {"argv": ["rm", "-f", path]}, "probe": {"argv": ["test", "-e", path]},
                     "touches": [path]}}


def items(box):
    folder = box.folder / "items"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def foreign_item(box):
    (box.folder / "items").mkdir(exist_ok=True)
    box.text("items/foreign", "")


def taken_back_by_its_name(box):
    """apply and rollback: what it made goes, by the name that it gave; redo makes another one, which goes in its turn"""
    foreign_item(box)
    plan = box.run("apply", "--yes", box.manifest([maker(box)])).expect(0)
    expect_in("(known after mk)", plan.output, "the undo in the plan")
    expect_equal(items(box), ["1", "foreign"], "made")
    box.run("rollback", "--yes").expect(0)
    expect_equal(items(box), ["foreign"], "taken back")
    box.run("rollback", box.newest_run()["run"], "--yes").expect(0)
    expect_equal(items(box), ["2", "foreign"], "redone")
    box.text("items/1", "somebody else's by now")
    box.run("rollback", box.newest_run()["run"], "--yes").expect(0)
    expect_equal(items(box), ["1", "foreign"], "the redo taken back")


def goes_back_with_its_run(box):
    """A later step fails, or its own verification: what it made goes"""
    later = {"id": "no", "action": "command.run", "depends_on": ["mk"],
             "with": {"argv": ["false"], "undo": {"argv": ["true"]}, "probe": {"argv": ["false"]}}}
    box.run("apply", "--yes", box.manifest([maker(box), later])).expect(1)
    expect_equal(items(box), [], "after a later failure")
    unlike = maker(box, verify=[{"command": ["test", "n${actions.mk.id}", "=", "n77"]}])
    failed = box.run("apply", "--yes", box.manifest([unlike])).expect(1)
    expect_in("test n2 = n77", failed.output, "its own output in its verification")
    expect_equal(items(box), [], "after its verification")


def killed_later(box):
    """kill -9 after it: rollback takes back what it made, and so does a rollback after resume"""
    manifest = box.manifest([maker(box), killer(box)])
    expect_equal(box.run("apply", "--yes", manifest).exit, 137, "killed")
    box.run("rollback", "--yes", *WAIT).expect(0)
    expect_equal(items(box), [], "taken back")
    (box.folder / "killed").unlink()
    expect_equal(box.run("apply", "--yes", manifest).exit, 137, "killed")
    box.run("resume", "--yes", *WAIT).expect(0)
    expect_equal(items(box), ["2"], "resumed")
    box.run("rollback", "--yes").expect(0)
    expect_equal(items(box), [], "taken back after resume")


def killed_in_its_undo(box):
    """kill -9 in the undo: carried on either way; what is made again has another name, and goes by that"""
    probe = {"probe": {"argv": ["sh", "-c", f"ls {box.folder}/items/? >/dev/null 2>&1 || exit 1"]}}
    box.run("apply", "--yes", box.manifest([maker(box, add=probe)])).expect(0)
    box.text("cut-undo", "")
    expect_equal(box.run("rollback", "--yes").exit, 137, "killed")
    box.run("resume", "--yes", "--back", *WAIT).expect(1)
    expect_equal(items(box), ["2"], "made again")
    box.run("rollback", "--yes").expect(0)
    expect_equal(items(box), [], "taken back")
    box.run("apply", "--yes", box.manifest([maker(box, add=probe)])).expect(0)
    box.text("cut-undo", "")
    expect_equal(box.run("rollback", "--yes").exit, 137, "killed")
    box.run("resume", "--yes", *WAIT).expect(0)
    expect_equal(items(box), [], "carried on")


def unknown_stays_and_is_named(box):
    """It fails, or is killed, before it says what it made: that stays, by name, and the rest goes back (exit 3)"""
    manifest = box.manifest([write_action(box, "f", "ours\n", id="f"), maker(box, depends_on=["f"])])
    for how, code in (("dumb", 3), ("cut", 137)):
        box.text(how, "")
        ended = box.run("apply", "--yes", manifest)
        expect_equal(ended.exit, code, f"{how}: {ended.shown()}")
        if how == "cut":
            ended = box.run("rollback", "--yes", *WAIT).expect(3)
        expect_in("what it gave out isn't known", ended.output, how)
        run = box.newest_run()["run"]
        states = {step["id"]: step["state"] for step in box.run("show", run, "--json").expect(0).json()["steps"]}
        expect_equal(states, {"f": "undone", "mk": "residue"}, how)
        expect(not (box.target / "f").exists(), f"{how}: the file")
        again = box.run("rollback", run, "--yes").expect(3)
        expect_in("isn't known", again.output, f"{how}, again")
        box.run("resolve", run, "mk", "--as", "undone", "--reason", "removed by hand").expect(0)
        expect_equal(box.run("status", "--json").expect(0).json()["incomplete"], [], f"{how}: resolved")
        (box.folder / "dumb").unlink(missing_ok=True)


def unknown_but_not_applied(box):
    """Where the probe says that nothing was made, nothing has to be undone"""
    probe = {"probe": {"argv": ["false"]}}
    box.text("dumb", "")
    box.run("apply", "--yes", box.manifest([maker(box, add=probe)])).expect(1)
    (box.folder / "dumb").unlink()
    box.text("cut", "")
    expect_equal(box.run("apply", "--yes", box.manifest([maker(box, add=probe)])).exit, 137, "killed")
    box.run("rollback", "--yes", *WAIT).expect(0)


def unknown_but_applied_is_told(box):
    """Resumed where the probe says that it is done: it stands, and it is told at once that it can't be taken back"""
    box.text("cut", "")
    probe = {"probe": {"argv": ["sh", "-c", f"test -e {box.folder}/items/1 || exit 1"]}}
    expect_equal(box.run("apply", "--yes", box.manifest([maker(box, add=probe)])).exit, 137, "killed")
    preview = box.run("rollback", "--plan", *WAIT).expect(0)
    expect_in("what is there of it stays", preview.output, "the preview")
    resumed = box.run("resume", "--yes", *WAIT).expect(0)
    expect_in("can't be taken back", resumed.errors, "the warning")
    box.run("rollback", "--yes").expect(3)
    expect_equal(items(box), ["1"], "what stays")


def refused_elsewhere(box):
    """Only in the undo, and only outputs that are declared"""
    own = "${actions.mk.id}"
    for add in ({"argv": ["echo", own]}, {"env": {"A": own}}, {"stdin": own}, {"cwd": own},
                {"probe": {"argv": ["echo", own]}}):
        refused = box.run("plan", box.manifest([maker(box, add=add)])).expect(65)
        expect_in("its own output but in 'undo'", refused.errors, json.dumps(add))
    refused = box.run("plan", box.manifest([maker(box, add={"outputs": {"other": "/id"}})])).expect(65)
    expect_in("has no output 'where'", refused.errors, "an output that isn't declared")
    action = maker(box)
    del action["with"]["outputs"]
    refused = box.run("plan", box.manifest([action])).expect(65)
    expect_in("declare it under 'outputs'", refused.errors, "no outputs at all")


def others_outputs_are_not_guessed(box):
    """What a file will hold after a command is not shown as nothing, in text or JSON"""
    box.write("a", "old")
    manifest = box.manifest([
        {"id": "c", "action": "command.run", "with": {"argv": ["echo", "x"], "undo": {"argv": ["true"]},
                                                      "outputs": {"o": ""}}},
        write_action(box, "a", "${actions.c.o}", id="A")])
    shown = box.run("plan", manifest).expect(0).output
    expect_in("(known after c)", shown, "the plan")
    expect("0 bytes" not in shown, shown)
    step = next(one for one in box.run("plan", "--json", manifest).json()["actions"] if one["id"] == "A")
    expect_equal(step["after"]["content"], None, "content")
    expect("0 bytes" not in json.dumps(step), json.dumps(step))
    run = box.run("plan", "--json", box.manifest([write_action(box, "a", "${backout.run}", id="A")])).json()
    expect("0 bytes" not in json.dumps(run), json.dumps(run))


TESTS = [others_outputs_are_not_guessed, taken_back_by_its_name, goes_back_with_its_run, killed_later, killed_in_its_undo, unknown_stays_and_is_named,
         unknown_but_not_applied, unknown_but_applied_is_told, refused_elsewhere]

if __name__ == "__main__":
    sys.exit(run_tests(TESTS, parser(__doc__).parse_args()))
