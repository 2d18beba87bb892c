#!/usr/bin/env python3
"""Security checks 2 and 6: an attacker exchanges folders and files for links that lead elsewhere, as fast as the machine
can, while changes are applied there and taken back. Nothing may ever be written, deleted or chmodded outside."""

import collections
import io
import itertools
import os
import shutil
import subprocess
import sys
import tarfile
import time

from common import ATTACKER, AS_NOBODY, OTHER, NotHere, differences, expect, main, needs, touched

SWAPS, SWAPS_FULL = 100_000, 3_000_000
AS_OTHER = ["setpriv", f"--reuid={OTHER}", f"--regid={OTHER}", "--clear-groups"]


def swapper(ground):
    path = os.path.join(ground.arguments.helpers, "security_swapper")
    if not os.access(path, os.X_OK):
        raise NotHere("needs the helper program security_swapper (--helpers)")
    return path


def battlefield(ground, mode):
    """The attacker's folder: `dir` and `link` (to a tree outside that looks the same), `file` and `flink`."""
    arena = ground.target / "arena"
    shutil.rmtree(arena, ignore_errors=True)
    (arena / "dir/sub").mkdir(parents=True)
    for name in ("dir/f", "dir/g", "dir/sub/f", "file"):
        (arena / name).write_text("mine\n")
    os.symlink(ground.folder / "outside", arena / "link")
    os.symlink(ground.folder / "outside/f", arena / "flink")
    for base, folders, files in os.walk(arena):
        for path in [base, *(os.path.join(base, name) for name in folders + files)]:
            os.chown(path, ATTACKER, ATTACKER, follow_symlinks=False)
    if mode == "shared":  # the user may write there, too; the links are still the attacker's
        for path in (arena, arena / "dir", arena / "dir/sub"):
            path.chmod(0o777)
        for path in (arena / "dir", arena / "dir/sub", arena / "dir/f", arena / "dir/g", arena / "dir/sub/f", arena / "file"):
            os.chown(path, OTHER, OTHER)
    return arena


def source_of(ground):
    tree = ground.outside("source")
    (tree / "new").write_text("new\n")
    with tarfile.open(ground.folder / "source.tar", "w") as tar:
        info = tarfile.TarInfo("f")
        info.size = 4
        tar.addfile(info, io.BytesIO(b"new\n"))
    for base, _, files in os.walk(tree):
        os.chmod(base, 0o755)
        for name in files:
            os.chmod(os.path.join(base, name), 0o644)
    return tree


def changes(ground, arena):
    """What a run may do in the attacker's folder."""
    def one(kind, path, **more):
        return [{"action": kind, "with": {"path": str(arena / path), **more}}]
    tree, sink = str(ground.folder / "source"), str(ground.target / "sink/copy")
    return {"write": one("file.write", "dir/f", content="new\n"), "new": one("file.write", "dir/new", content="new\n"),
            "parents": one("file.write", "dir/a/b", content="new\n", make_parents=True),
            "delete": one("file.delete", "dir/f"), "mkdir": one("dir.create", "dir/d", mode="0777"),
            "modes": one("file.attributes", "dir", mode="0606", directory_mode="0707", recurse=True),
            "mode": one("file.attributes", "dir/sub/f", mode="0666"),
            "last mode": one("file.attributes", "file", mode="0666"),
            "last write": one("file.write", "file", content="new\n"),
            "edit": one("file.edit", "dir/sub/f", edits=[{"line": "x"}]),
            "sync": one("dir.sync", "dir", source=tree, delete=True), "rmdir": one("dir.delete", "dir/sub"),
            "extract": one("archive.extract", "dir/sub", source=str(ground.folder / "source.tar")),
            "symlink": one("file.link", "dir/f", to="nowhere", replace=True),
            "read tree": [{"action": "dir.sync", "with": {"source": str(arena / "dir"), "path": sink, "make_parents": True}}],
            "read file": [{"action": "file.write", "with": {"source": str(arena / "dir/f"), "path": sink}}],
            "read last": [{"action": "file.write", "with": {"source": str(arena / "file"), "path": sink}}],
            "move": [{"action": "file.move", "with": {"from": str(arena / "dir/f"), "to": str(arena / "dir/moved")}}]}


def one_round(ground, name, actions, ends, more):
    """Applied and taken back; what came of it is counted. A run that is stuck is left behind with its state."""
    manifest = ground.manifest(actions)
    applied = ground.run("apply", "--yes", manifest, **more)
    expect(applied.exit < 128 and applied.exit != 70, f"{name}: {applied.shown()}")
    ends["apply " + str(applied.exit)] += 1
    back = None
    if applied.exit == 0:
        copied = ground.target / "sink/copy"
        for path in [copied, *copied.rglob("*")]:
            expect(not path.is_file() or "canary" not in path.read_text(), f"{name}: read outside: {path}")
    if applied.exit in (0, 3, 5):
        back = ground.run("rollback", "--yes", **more)
        expect(back.exit < 128, f"{name}: {back.shown()}")
        ends["rollback " + str(back.exit)] += 1
    return applied.exit in (0, 1, 65, 77) and (back is None or back.exit == 0)


def fight(ground, mode, attacker, user, share=1.0):
    needs("setpriv", root=True)
    outside = ground.outside()
    source_of(ground)
    if mode == "shared":
        for path in [outside, *outside.rglob("*")]:
            os.chown(path, OTHER, OTHER)
    arena = battlefield(ground, mode)
    (ground.target / "sink").mkdir()
    if user:
        os.chown(ground.target / "sink", OTHER, OTHER)
    wanted = int((SWAPS_FULL if ground.arguments.full else SWAPS) * share)
    stop = ground.folder / "stop"
    running = subprocess.Popen([*attacker, swapper(ground), str(arena), str(stop), str(wanted), "dir", "link", "file",
                                "flink"], stdout=subprocess.PIPE, text=True)
    before, ends = touched(outside), collections.Counter()
    try:
        rounds(ground, mode, arena, outside, before, ends, user, stop)
    finally:
        stop.touch()
        output = running.communicate(timeout=600)[0]
    expect(running.returncode == 0, f"the attacker gave up: {running.returncode} {output}")
    swaps = int(output.split()[0])
    print(f"{mode}: {output.strip()}, {sum(ends.values())} calls: {dict(sorted(ends.items()))}")
    expect(swaps >= wanted, f"only {swaps} of {wanted} swaps")
    expect(ends["apply 0"] > 5, f"no run came through: {ends}")
    expect(ends["apply 65"] + ends["apply 77"] + ends["apply 1"] > 5, f"no run met the attacker: {ends}")
    ground.tried(swaps)


def fresh_state(ground, number):
    ground.state = ground.folder / f"state-{number}"
    ground.state.mkdir(mode=0o700)
    ground.environment["BACKOUT_STATE_DIR"] = str(ground.state)
    return ground.state


def rounds(ground, mode, arena, outside, before, ends, user, stop):
    number, begun = 0, time.monotonic()
    seconds = 600 if ground.arguments.full else 22
    more = {"before": user} if user else {}
    for count, (name, actions) in enumerate(itertools.cycle(changes(ground, arena).items())):
        if count % 60 == 0 or not going_on:
            number += 1
            state = fresh_state(ground, number)
            if user:
                os.chown(state, OTHER, OTHER)
        going_on = one_round(ground, name, actions, ends, more)
        lines = differences(touched(outside), before)
        expect(not lines, f"{mode}, {name}: escaped: {lines}")
        if time.monotonic() - begun > seconds * (1 if mode == "owned" else 0.6):
            stop.touch()
            return


def security_02_a_racing_swapper_against_root(ground):
    """Root works in a folder whose owner swaps folders and files for links, 100,000 times: nothing outside is touched or read"""
    fight(ground, "owned", AS_NOBODY, [])


def security_02_a_racing_swapper_against_a_user(ground):
    """A user works in a folder that others may write, one of whom swaps: nothing of the user's elsewhere is touched or read"""
    fight(ground, "shared", AS_NOBODY, AS_OTHER, 0.3)


security_02_a_racing_swapper_against_root.in_memory = True
security_02_a_racing_swapper_against_a_user.in_memory = True

if __name__ == "__main__":
    sys.exit(main(globals()))
