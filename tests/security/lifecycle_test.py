#!/usr/bin/env python3
"""Security checks 40 to 45: who else is at work, signals, clocks, and what a rollback leaves alone."""

import json
import os
import random
import signal
import subprocess
import sys
import time

from common import (NotHere, differences, expect, expect_equal, expect_in, expect_same_tree, main, snapshot,
                    wait_until, write_action)


def waiting(ground, name="wait", seconds=30):
    """A command that says that it began, and waits for `go`."""
    go, begun, done = (ground.folder / f"{name}.{what}" for what in ("go", "begun", "done"))
    script = f"touch {begun}; for i in $(seq {seconds * 50}); do [ -e {go} ] && break; sleep 0.02; done; touch {done}"
    return {"id": name, "action": "command.run", "with": {
        "argv": ["sh", "-c", script], "undo": {"argv": ["rm", "-f", str(done)]}, "touches": [str(done)],
        "probe": {"argv": ["test", "-e", str(done)]}}}


def security_40_a_second_executor(ground):
    """A second run is refused at once, with an exit code of its own and the first one's name, and touches nothing"""
    running = ground.start("apply", "--yes", ground.manifest([write_action(ground, "f", "x\n", id="a"), waiting(ground)]))
    wait_until((ground.folder / "wait.begun").exists, "the first run")
    other = ground.manifest([write_action(ground, "x", "x")], "other.json")
    before = snapshot(ground.folder)
    for words in (["apply", "--yes", other], ["rollback", "--yes"], ["resume", "--yes"], ["prune", "--keep", "0"],
                  ["resolve", "r-1", "a", "--as", "done", "--reason", "x"]):
        begun = time.monotonic()
        ran = ground.run(*words)
        expect_equal(ran.exit, 75, f"{words}: {ran.shown()}")
        expect_in(str(running.pid), ran.errors, "who is at work")
        expect(time.monotonic() - begun < 20, f"{words} waited")
        ground.tried()
    for words in (["status"], ["history"], ["log", "r-1"], ["show", "r-1"], ["plan", other]):
        ground.run(*words).expect(0)
        ground.tried()
    expect_same_tree(snapshot(ground.folder), before, "something was changed")
    for name in ("lease", "lock.mdb"):  # a lock is not a file: to delete it must not let a second one in
        (ground.state / name).unlink()
        ran = ground.run("apply", "--yes", other)
        expect(ran.exit in (74, 75, 5), f"{name} deleted: {ran.shown()}")
        expect(not os.path.exists(ground.path("x")), f"{name} deleted: a second run came in")
        ground.tried()
    (ground.folder / "wait.go").touch()
    ended = ground.ended(running)
    expect(ended.exit in (0, 1, 74), ended.shown())


def security_41_orphans(ground):
    """A program that outlives a killed run is named by status, and nothing goes on beside it"""
    running = ground.start("apply", "--yes", ground.manifest([waiting(ground)]))
    wait_until((ground.folder / "wait.begun").exists, "the command")
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    orphan = ground.run("status", "--json").expect(0).json()["orphan"]
    expect(orphan and os.path.exists(f"/proc/{orphan['pid']}"), f"status says of an orphan: {orphan}")
    for words in (["resume", "--yes"], ["rollback", "--yes"]):
        expect_equal(ground.run(*words).exit, 75, f"{words} beside the orphan")
        ground.tried()
    expect(not (ground.folder / "wait.done").exists(), "the orphan was not at work")
    (ground.folder / "wait.go").touch()
    wait_until(lambda: not os.path.exists(f"/proc/{orphan['pid']}"), "the orphan's end")
    ground.run("resume", "--yes", "--lock-timeout", "10s").expect(0)
    ground.run("rollback", "--yes").expect(0)
    ground.tried()


def several(ground):
    """Steps of several kinds. The command works in a folder of its own, whose time it changes, and its undo, too."""
    ground.write("conf", "former\n", 0o640)
    ground.write("edited", "a\n")
    os.makedirs(ground.path("theirs"), exist_ok=True)
    made = ground.path("theirs/made")
    return [write_action(ground, "conf", "new\n", id="a"), write_action(ground, "d/e/new", "n\n", id="b", make_parents=True),
            {"id": "c", "action": "command.run", "depends_on": ["b"], "with": {
                "argv": ["sh", "-c", f"sleep 0.02; echo x > {made}"], "undo": {"argv": ["rm", made]},
                "probe": {"argv": ["sh", "-c", f"test -e {made} || exit 1"]}, "touches": [made]}},
            {"id": "d", "action": "file.edit", "depends_on": ["c"], "with": {"path": ground.path("edited"), "edits": [{"line": "x"}]}}]


def times_of_theirs(name, attribute):
    return attribute == "mtime" and name == "theirs"


def new_times_too(name, attribute):
    return attribute == "mtime" and name in (".", "d", "d/e", "d/e/new", "conf", "edited", "theirs", "theirs/made")


def settle(ground, what):
    """Whatever is unfinished goes back; then everything is as it was."""
    if ground.run("status", "--json").json()["unfinished"]:
        back = ground.run("rollback", "--yes", "--lock-timeout", "20s")
        expect(back.exit == 0, f"{what}: {back.shown()}")


def security_42_signals_at_any_time(ground):
    """INT, TERM, HUP, PIPE, XFSZ at any time: all done, all back, or resumable, and the exit code says which"""
    manifest = ground.manifest(several(ground))
    before = snapshot(ground.target)
    ground.run("apply", "--yes", manifest).expect(0)
    after = snapshot(ground.target)
    ground.run("rollback", "--yes").expect(0)
    chance, ends = random.Random(42), {}
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE, signal.SIGXFSZ):
        for at in range(60 if ground.arguments.full else 5):
            running = ground.start("apply", "--yes", manifest)
            for _ in range(1 + at % 3):
                time.sleep(chance.random() * 0.12)
                if running.poll() is None:
                    running.send_signal(number)
            ended = ground.ended(running)
            what = f"{signal.Signals(number).name}: exit {ended.exit}"
            now = snapshot(ground.target)
            ends[ended.exit] = ends.get(ended.exit, 0) + 1
            if ended.exit == 0 and differences(now, after, new_times_too):
                ground.wrong(f"{what}: not as planned: {differences(now, after, new_times_too)[:3]}")
            if ended.exit == 1 and differences(now, before, times_of_theirs):
                ground.wrong(f"{what}: not everything is back: {differences(now, before, times_of_theirs)[:3]}")
            if ended.exit not in (0, 1, 128 + number):
                ground.wrong(f"{what}: {ended.shown()[:600]}")
            settle(ground, what)
            if ended.exit == 0:
                ground.run("rollback", "--yes").expect(0)
            lines = differences(snapshot(ground.target), before, times_of_theirs)
            if lines:
                ground.wrong(f"{what}: not back in the end: {lines[:3]}")
            ground.tried()
    expect(len(ends) > 1, f"every run ended alike: {ends}")


def preloaded(ground, **more):
    path = os.path.join(ground.arguments.helpers, "security_preload.so")
    if not os.path.exists(path):
        raise NotHere("needs the helper library security_preload (--helpers)")
    return {**ground.environment, "LD_PRELOAD": path, **more}


def security_43_clocks_that_jump(ground):
    """A wall clock that goes back or forth by years changes nothing but what is shown"""
    year = 365 * 24 * 3600
    shifts = [0, -10 * year, 20 * year, -40 * year, 5]
    before = snapshot(ground.target)
    for number, shift in enumerate(shifts):
        environment = preloaded(ground, BACKOUT_CLOCK_SHIFT=str(shift))
        ground.apply([write_action(ground, "f", f"{number}\n", id="a"),
                      {"id": "c", "action": "check", "depends_on": ["a"], "with": {"command": ["true"], "within": "3s"}}],
                     environment=environment).expect(0)
        ground.tried()
    runs = ground.run("history", "--json", environment=preloaded(ground, BACKOUT_CLOCK_SHIFT=str(-year))).expect(0).json()
    expect_equal([run["run"].split("-")[1] for run in runs], ["5", "4", "3", "2", "1"], "the order of runs")
    years = {run["started"][:4] for run in runs}
    expect(len(years) > 2, f"the clock wasn't shifted: {years}")
    for number, shift in enumerate(reversed(shifts)):
        ground.run("verify", environment=preloaded(ground, BACKOUT_CLOCK_SHIFT=str(shift))).expect(0)
        ground.run("rollback", "--yes", environment=preloaded(ground, BACKOUT_CLOCK_SHIFT=str(-shift))).expect(0)
        left = len(shifts) - 2 - number
        expect(left < 0 or ground.read("f") == f"{left}\n", f"after {number + 1} rollbacks: {left} was expected")
        ground.tried()
    expect_same_tree(snapshot(ground.target), before, "not as before")


def foreign_changes(ground):
    """(what, action, what somebody does then, what must be there after the rollback)."""
    def path(name):
        return ground.path(name)

    def put(name, text):
        return lambda: ground.write(name, text)
    write = {"action": "file.write", "with": {"path": path("f"), "content": "ours\n"}}
    yield "a written file", write, put("f", "theirs\n"), {"f": "theirs\n"}
    yield "a written file that is a folder now", write, lambda: (os.unlink(path("f")), put("f/theirs", "x")()), {"f/theirs": "x"}
    yield "a written file that is a link now", write, lambda: (os.unlink(path("f")), put("other", "o")(), os.symlink("other", path("f"))), {"other": "o"}
    yield "a written file with another mode", write, lambda: os.chmod(path("f"), 0o600), {"f": "ours\n"}
    yield "a folder", {"action": "dir.create", "with": {"path": path("d")}}, put("d/theirs", "x"), {"d/theirs": "x"}
    yield "made parents", {"action": "file.write", "with": {"path": path("a/b/f"), "content": "x", "make_parents": True}}, \
        put("a/theirs", "y"), {"a/theirs": "y"}
    yield "a deleted file", {"action": "file.delete", "with": {"path": path("old")}}, put("old", "theirs\n"), {"old": "theirs\n"}
    yield "a link", {"action": "file.link", "with": {"path": path("l"), "to": "x"}}, \
        lambda: (os.unlink(path("l")), put("l", "theirs\n")()), {"l": "theirs\n"}
    yield "an unpacked tree", {"action": "dir.sync", "with": {"source": str(ground.folder / "source"), "path": path("t")}}, \
        put("t/theirs", "x"), {"t/theirs": "x"}
    yield "a synced file", {"action": "dir.sync", "with": {"source": str(ground.folder / "source"), "path": path("t")}}, \
        put("t/f", "theirs\n"), {"t/f": "theirs\n"}
    yield "a moved file", {"action": "file.move", "with": {"from": path("old"), "to": path("new")}}, put("old", "theirs\n"), {"old": "theirs\n"}


def security_44_only_what_is_still_ours(ground):
    """A rollback deletes only what the run made and what is unchanged; what others changed since is kept and named"""
    ground.outside("source")
    for number, (what, action, foreign, kept) in enumerate(foreign_changes(ground)):
        ground.target = ground.folder / "target"
        state = ground.folder / f"state-{number}"
        ground.write("old", "old\n")
        ground.apply([{"id": "s", **action}], "--state-dir", state).expect(0)
        foreign()
        theirs = {name: entry for name, entry in snapshot(ground.target).items() if name in kept}
        ran = ground.run("rollback", "--yes", "--state-dir", state)
        for name, text in kept.items():
            path = ground.target / name
            if not path.is_file() or path.read_text() != text or theirs[name] != snapshot(ground.target).get(name):
                ground.wrong(f"{what}: {name} isn't what somebody made of it: {ran.shown()[:600]}")
        if ran.exit == 0 and what not in ("an unpacked tree", "a folder"):
            ground.wrong(f"{what}: nobody was told: {ran.shown()[:600]}")
        subprocess.run(["rm", "-rf", str(ground.target)], check=True)
        ground.target.mkdir()
        ground.tried()


def security_45_an_undo_that_fails(ground):
    """An undo that fails is reported, stays resumable, and nothing says that all is undone; once mended, it goes on"""
    block = ground.folder / "block"
    block.touch()
    made = ground.path("made")
    undo = ["sh", "-c", f"test ! -e {block} && rm {made}"]
    command = {"id": "c", "action": "command.run", "with": {
        "argv": ["touch", made], "undo": {"argv": undo}, "probe": {"argv": ["sh", "-c", f"test -e {made} || exit 1"]}, "touches": [made]}}
    fails = {"id": "z", "action": "check", "depends_on": ["c", "w"], "with": {"command": ["false"]}}
    actions = [write_action(ground, "w", "x\n", id="w"), command]
    ran = ground.apply([*actions, fails])
    for what, ended in (("a failed run", ran), ("a rollback", None)):
        if ended is None:
            ground.run("apply", "--yes", ground.manifest(actions)).expect(0)
            block.touch()
            ended = ground.run("rollback", "--yes")
        text = (ended.output + ended.errors).lower()
        expect_equal(ended.exit, 3, f"{what} whose undo fails: {ended.shown()}")
        expect("everything is as it was" not in text and "rolled_back (" not in text, f"{what}: it says that all is undone: {ended.shown()}")
        status = ground.run("status", "--json").json()
        open_ends = status["unfinished"] + status["incomplete"]
        expect(open_ends and open_ends[0]["ways_out"], f"{what}: no way out: {status}")
        block.unlink()
        ended = ground.run("rollback", "--yes") if status["unfinished"] else ground.run("rollback", "--yes", open_ends[0]["run"])
        expect(ended.exit == 0 and not os.path.exists(made), f"{what}: mended, and yet: {ended.shown()}")
        expect(json.loads(ground.run("status", "--json").output)["unfinished"] == [], "still unfinished")
        ground.tried(3)


if __name__ == "__main__":
    sys.exit(main(globals()))
