#!/usr/bin/env python3
"""Security checks 18 to 22: the state directory, and what is kept in it."""

import os
import stat
import subprocess
import sys

from common import (ATTACKER, AS_NOBODY, OTHER, differences, expect, expect_equal, main, needs, refused, snapshot,
                    write_action)

PEEPER = """
import os, sys
folder, stop = sys.argv[1:]
seen = looks = 0
while not os.path.exists(stop):
    for base, folders, files in os.walk(folder):
        for name in files:
            looks += 1
            try:
                with open(os.path.join(base, name), "rb") as file:
                    seen += b"CANARY" in file.read(65536)
            except OSError:
                pass
print(seen, looks)
"""


def one_write(ground):
    return ground.manifest([write_action(ground, "new", "x\n", id="a")])


def places(ground):
    """(what, state directory, whether it may be used)."""
    def folder(name, mode, owner=0, parent=None):
        path = (parent or ground.folder) / name
        path.mkdir()
        os.chown(path, owner, owner)
        path.chmod(mode)
        return path
    yield "a parent that the group may write", folder("group", 0o775) / "state", False
    yield "a parent that all may write", folder("all", 0o777) / "state", False
    yield "a sticky parent that all may write", folder("sticky", 0o1777) / "state", True
    yield "a parent of another user's", folder("theirs", 0o755, ATTACKER) / "state", False
    yield "a grandparent of another user's", folder("below", 0o755, 0, folder("grand", 0o755, ATTACKER)) / "state", False
    yield "a grandparent that all may write", folder("below", 0o755, 0, folder("open", 0o777)) / "state", False
    yield "a directory of another user's", folder("others", 0o700, ATTACKER), False
    yield "a directory that the group may write", folder("g", 0o770), False
    yield "a directory that all may write", folder("o", 0o707), False
    yield "an own directory", folder("own", 0o700), True
    link = ground.folder / "link"
    link.symlink_to(folder("real", 0o700))
    yield "a link", link, False
    way = ground.folder / "way"
    way.symlink_to(folder("way-to", 0o755))
    os.chown(way, ATTACKER, ATTACKER, follow_symlinks=False)
    yield "a way through another user's link", way / "state", False


def security_18_owner_and_parents(ground):
    """The state directory is 0700 and ours, on a way that nobody else can change; else it is refused"""
    needs(root=True)
    manifest = one_write(ground)
    for what, state, good in places(ground):
        ran = ground.run("apply", "--yes", manifest, "--state-dir", state)
        if good:
            ran.expect(0)
            ground.run("rollback", "--yes", "--state-dir", state).expect(0)
            expect_equal(stat.S_IMODE(state.stat().st_mode), 0o700, f"{what}: mode")
        elif ran.exit not in (65, 77) or os.path.exists(ground.path("new")):
            ground.wrong(f"{what} was not refused: {ran.shown()[:800]}")
        ground.tried()


def security_19_modes_whatever_the_umask(ground):
    """Files 0600, folders 0700, whatever the umask"""
    ground.write("conf", "former\n")
    for umask in ("000", "777", "027", "077"):
        state = ground.folder / f"state-{umask}"
        manifest = ground.manifest([write_action(ground, "conf", f"{umask}\n", id="a"), write_action(ground, "new", "n\n", id="b")])
        ground.run("apply", "--yes", manifest, "--state-dir", state,
                   before=["sh", "-c", f"umask {umask} && exec \"$@\"", "sh"]).expect(0)
        for path in [state, *state.rglob("*")]:
            mode = stat.S_IMODE(path.lstat().st_mode)
            image = state / "images" in path.parents  # keeps its own mode, behind a folder that is 0700
            if path.is_dir() and mode != 0o700 or path.is_file() and not image and mode != 0o600:
                ground.wrong(f"umask {umask}: {path.relative_to(ground.folder)} has {mode:o}")
            ground.tried()
        expect_equal(stat.S_IMODE(os.stat(ground.path("new")).st_mode), 0o644, f"umask {umask}: a new file's mode")
        ground.run("rollback", "--yes", "--state-dir", state).expect(0)
        ground.run("plan", "-o", ground.folder / f"plan-{umask}", manifest,
                   before=["sh", "-c", f"umask {umask} && exec \"$@\"", "sh"]).expect(0)
        expect_equal(stat.S_IMODE((ground.folder / f"plan-{umask}").stat().st_mode), 0o600, "a saved plan's mode")


def security_20_links_in_the_state_directory(ground):
    """A journal file that is a link, has a second name, another owner or is open to others is refused, and not written"""
    ground.apply([write_action(ground, "f", "x\n", id="a")]).expect(0)
    manifest = one_write(ground)
    names = [path.name for path in ground.state.iterdir() if path.is_file()]
    expect({"data.mdb", "lock.mdb", "lease", "marker", "head"} <= set(names), f"files: {names}")
    aside = ground.folder / "aside"
    for name in names:
        path = ground.state / name
        for what in ("symbolic link", "hard link", "mode", "owner", "fifo"):
            if what == "owner" and os.geteuid() != 0:
                continue
            whole = path.read_bytes()
            if what in ("symbolic link", "fifo"):
                os.rename(path, aside)
                os.symlink(aside, path) if what == "symbolic link" else os.mkfifo(path, 0o600)
            elif what == "hard link":
                os.link(path, aside)
            elif what == "mode":
                path.chmod(0o644)
            else:
                os.chown(path, ATTACKER, ATTACKER)
            ran = ground.run("apply", "--yes", manifest, timeout=20)
            if ran.exit not in (74, 77) or os.path.exists(ground.path("new")):
                ground.wrong(f"{name}, {what}: was not refused: {ran.shown()[:800]}")
                ground.run("rollback", "--yes")
            if what in ("symbolic link", "fifo"):
                path.unlink()
                os.rename(aside, path)
            elif what == "hard link":
                aside.unlink()
            path.chmod(0o600)
            if os.geteuid() == 0:
                os.chown(path, 0, 0)
            if name != "lease" and path.read_bytes() != whole:
                ground.wrong(f"{name}, {what}: it was written to")
            ground.tried()
    ground.run("rollback", "--yes").expect(0)


def watched(ground, rounds, mount):
    """Rounds of changes of private files while somebody reads whatever he can."""
    stop = ground.folder / "stop"
    peeper = subprocess.Popen([*AS_NOBODY, sys.executable, "-c", PEEPER, str(ground.folder), str(stop)],
                              stdout=subprocess.PIPE, text=True)
    try:
        rounds()
    finally:
        stop.touch()
        output = peeper.communicate(timeout=60)[0]
        stop.unlink()
    expect(peeper.returncode == 0 and output, f"{mount}: the onlooker failed")
    seen, looks = map(int, output.split())
    expect_equal(seen, 0, f"{mount}: times that somebody else could read a private file or its image")
    expect(looks > 50, f"{mount}: only {looks} looks")
    ground.tried(looks)


def security_21_images_are_never_open(ground):
    """A private file's image and its new content can't be read by others, not for an instant, on its own mount or another"""
    needs("setpriv", root=True)
    manifest = ground.text("private.json", '{"backout": 1, "name": "x", "actions": ['
                           f'{{"action": "file.write", "with": {{"path": "{ground.path("conf")}", "content": "CANARY 2", "mode": "0600"}}}},'
                           f'{{"action": "file.write", "with": {{"path": "{ground.path("new")}", "content": "CANARY 3", "mode": "0600"}}}},'
                           f'{{"action": "file.edit", "with": {{"path": "{ground.path("edited")}", "edits": [{{"line": "x"}}]}}}},'
                           f'{{"action": "file.move", "with": {{"from": "{ground.path("a")}", "to": "{ground.path("b")}"}}}}]}}')
    os.chmod(manifest, 0o600)
    for name in ("conf", "edited", "a"):
        ground.write(name, "CANARY 1\n", 0o600)
    before = snapshot(ground.target)

    def rounds():
        for _ in range(60 if ground.arguments.full else 4):
            ground.run("apply", "--yes", manifest).expect(0)
            ground.run("rollback", "--yes").expect(0)
    watched(ground, rounds, "one mount")
    expect(not differences(snapshot(ground.target), before), "not as before")
    if os.access("/dev/shm", os.W_OK):
        ground.state = ground.folder / "state-2"
        state = subprocess.run(["mktemp", "-d", "/dev/shm/backout-security-XXXXXX"], capture_output=True, text=True, check=True)
        ground.environment["BACKOUT_STATE_DIR"] = state.stdout.strip() + "/state"
        try:
            watched(ground, rounds, "another mount than the state directory")
        finally:
            subprocess.run(["rm", "-rf", state.stdout.strip()], check=False)


def security_22_images_of_somebody_else(ground):
    """Rollback data that belongs to another user, or that he could change, is never written back"""
    needs("setpriv", root=True)
    ground.write("conf", "former\n", 0o644)
    ground.apply([write_action(ground, "conf", "new\n", id="a")]).expect(0)
    slots = [path for path in (ground.state / "images").rglob("*") if path.is_file()]
    expect(slots, "there is no image")
    def change_owner(path, owner):
        return lambda: os.chown(path, owner, owner), lambda: os.chown(path, 0, 0)
    def change_mode(path, mode):
        former = stat.S_IMODE(path.stat().st_mode)
        return lambda: path.chmod(mode), lambda: path.chmod(former)
    images = ground.state / "images"
    cases = {"the state directory's owner": change_owner(ground.state, ATTACKER), "the images' folder's owner": change_owner(images, ATTACKER),
             "an image's owner": change_owner(slots[0], ATTACKER), "the images' folder open to all": change_mode(images, 0o777),
             "the journal's owner": change_owner(ground.state / "data.mdb", OTHER), "an image's mode": change_mode(slots[0], 0o4777)}
    for what, (do, undo) in cases.items():
        do()
        ran = ground.run("rollback", "--yes")
        if ran.exit not in (3, 74, 77, 1) or ground.read("conf") != "new\n":
            ground.wrong(f"{what} changed: was not refused: {ran.shown()[:800]}")
            break
        undo()
        ground.tried()
    ran = ground.run("rollback", "--yes", before=AS_NOBODY)
    refused(ran, "another user's rollback", (74, 77))
    latest = ground.run("history", "--json").json()[-1]["run"]
    ground.run("rollback", "--yes", latest).expect(0)
    expect_equal(ground.read("conf"), "former\n", "the target")


if __name__ == "__main__":
    sys.exit(main(globals()))
