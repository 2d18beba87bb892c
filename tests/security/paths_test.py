#!/usr/bin/env python3
"""Security checks 1 to 6: paths, links, what stands at the end of them. The race itself is in race_test.py."""

import io
import os
import socket
import stat
import sys
import tarfile

from common import (ATTACKER, AS_NOBODY, NOBODY, OTHER, REFUSALS, differences, main, needs, no_signal, refused, snapshot, touched)

STRANGE = ["", ".", "..", "/", "//", "/.", "/..", "../outside/f", "../../../../../../../../etc/backout-escape",
           "a/../../outside/f", "./../outside/new", "/proc/self/root/tmp/backout-escape", "a\0b", "\0",
           "two\nlines", "tab\there", "\x1b[31mred", "n" * 256, "d/" * 3000 + "f", "x/" * 40 + "f", "slash/", "dot/.",
           "double//slash", "-rf", "--help", "~root/f", "$HOME/f", "*", "a b", "\u202etxt", "caf\u0065\u0301", "link/f",
           "link/../outside/f", "hop/f"]


def action_on(kind, path, ground):
    arguments = {"file.write": {"content": "new\n"}, "file.edit": {"edits": [{"line": "x"}]},
                 "json.merge": {"merge": {"a": 1}, "create": True}, "file.link": {"to": "nowhere"},
                 "dir.sync": {"source": str(ground.folder / "source")}, "file.attributes": {"mode": "0600"},
                 "archive.extract": {"source": str(ground.folder / "source.tar")}}.get(kind, {})
    if kind == "file.move":
        return {"action": kind, "with": {"from": str(ground.folder / "source/f"), "to": path}}
    return {"action": kind, "with": {"path": path, **arguments}}


def furnish(ground):
    outside = ground.outside()
    ground.outside("source")
    with tarfile.open(ground.folder / "source.tar", "w") as tar:
        info = tarfile.TarInfo("new")
        info.size = 4
        tar.addfile(info, io.BytesIO(b"new\n"))
    for name, to in (("link", outside), ("hop", "link2"), ("link2", "../outside")):
        os.symlink(to, ground.path(name))
        if os.geteuid() == 0:
            os.chown(ground.path(name), ATTACKER, ATTACKER, follow_symlinks=False)
    return outside


def one_strange(ground, kind, text, root):
    """Refused, and nothing changed; or done inside the root only, and undone."""
    where = ["--root", ground.target] if root else []
    path = text if root else (str(ground.target / text) if text and not text.startswith("/") else text)
    if not root and path.startswith("/") and not os.path.normpath(path).startswith(str(ground.folder)):
        where = ["--root", ground.target]  # never at the machine itself
    before = snapshot(ground.folder)
    manifest = ground.manifest([action_on(kind, path, ground)])
    before = ground.everything_but_state()
    planned = ground.run("plan", manifest, *where)
    ran = ground.run("apply", "--yes", manifest, *where)
    what = f"{kind} {text[:40]!r}" + (" in a root" if root else "")
    no_signal(ran, what)
    if (planned.exit == 0) != (ran.exit in (0, 1)):
        ground.wrong(f"{what}: plan says {planned.exit}, apply {ran.exit}")
    now = ground.everything_but_state()
    changed = [name for name in set(before) | set(now) if before.get(name) != now.get(name)]
    escaped = [name for name in changed if not name.startswith(("target", "source"))]
    if escaped or (ran.exit not in (0, 1) and changed):
        ground.wrong(f"{what}: escaped: exit {ran.exit}, changed {changed[:3]}")
    if ran.exit == 0:
        back = ground.run("rollback", "--yes", *where)
        lines = differences(ground.everything_but_state(), before)
        if lines or back.exit != 0:
            ground.wrong(f"{what}: rollback exit {back.exit}, {lines[:3]}")
    ground.tried()


def security_01_strange_paths(ground):
    """Strange paths are refused or stay inside, at plan and at run time alike, and go back"""
    furnish(ground)
    kinds = ["file.write", "json.merge", "dir.create", "file.link"]
    more = ["file.delete", "file.move", "file.attributes", "dir.sync", "archive.extract", "dir.delete", "file.edit"]
    for at, text in enumerate(STRANGE):
        chosen = kinds + more if ground.arguments.full else [kinds[at % len(kinds)], more[at % len(more)]]
        for kind in chosen:
            one_strange(ground, kind, text, root=at % 2 == 1)
            if ground.arguments.full:
                one_strange(ground, kind, text, root=at % 2 == 0)
    raw = b'{"backout": 1, "name": "t", "actions": [{"action": "file.write", "with": {"path": "/\xff", "content": ""}}]}'
    ran = ground.run("apply", "--yes", ground.text("raw.json", raw))
    refused(ran, "a path that isn't UTF-8", (65,))
    ground.tried()


def links_of(ground, link_owner, target_owner):
    """A folder of the attacker's with a link to somebody's folder."""
    for name in ("theirs", "there"):
        os.makedirs(ground.path(name), exist_ok=True)
    os.chown(ground.path("theirs"), ATTACKER, ATTACKER)
    (ground.target / "there/f").write_text("former\n")
    for name in ("there", "there/f"):
        os.chown(ground.path(name), target_owner, target_owner)
    for name, to in (("theirs/link", "../there"), ("theirs/file", "../there/f")):
        if os.path.lexists(ground.path(name)):
            os.unlink(ground.path(name))
        os.symlink(to, ground.path(name))
        os.chown(ground.path(name), link_owner, link_owner, follow_symlinks=False)


def security_03_links_only_of_root_or_the_owner_of_what_they_lead_to(ground):
    """A link above a target, or followed at its end, counts if root, the user, or who owns what it leads to made it"""
    needs("setpriv", root=True)
    nobody_state = ground.folder / "nobody"
    nobody_state.mkdir(mode=0o700)
    os.chown(nobody_state, NOBODY, NOBODY)
    for runner, link, target, trusted in ((0, 0, 0, True), (0, 0, ATTACKER, True), (0, ATTACKER, ATTACKER, True),
                                          (0, ATTACKER, 0, False), (0, ATTACKER, OTHER, False),
                                          (NOBODY, NOBODY, NOBODY, True), (NOBODY, 0, NOBODY, True),
                                          (NOBODY, OTHER, NOBODY, False)):
        links_of(ground, link, target)
        before = snapshot(ground.target / "there")
        more = {"before": AS_NOBODY} if runner == NOBODY else {}
        state = ["--state-dir", nobody_state] if runner == NOBODY else []
        for path, follow in (("theirs/link/f", False), ("theirs/link/new", False), ("theirs/file", True)):
            what = f"as {runner}: {path}, the link of {link}, what it leads to of {target}"
            arguments = {"path": ground.path(path), "content": "new\n", **({"follow": True} if follow else {})}
            ran = ground.apply([{"action": "file.write", "with": arguments}], *state, **more)
            if trusted and ran.exit != 0:
                ground.wrong(f"{what}: {ran.shown()}")
            if not trusted and (ran.exit != 77 or snapshot(ground.target / "there") != before):
                ground.wrong(f"{what}: was not refused: {ran.shown()}")
            if ran.exit == 0:
                ground.run("rollback", "--yes", *state, **more).expect(0)
            ground.tried()


def undone_after_a_swap(ground, kind, prepare, actions):
    """Applied in a folder that is then swapped for a link to what looks the same."""
    victim = ground.path(f"{kind}/dir")
    os.makedirs(victim)
    prepare(victim)
    outside = ground.folder / f"outside-{kind}"
    ground.apply(actions(victim)).expect(0)
    os.system(f"cp -a '{victim}' '{outside}'")
    before = touched(outside)
    os.rename(victim, victim + ".away")
    os.symlink(outside, victim)
    ran = ground.run("rollback", "--yes")
    if ran.exit != 3 or differences(touched(outside), before):
        ground.wrong(f"{kind}: exit {ran.exit}; escaped: {differences(touched(outside), before)[:3]}")
    os.unlink(victim)
    os.rename(victim + ".away", victim)
    ran = ground.run("rollback", "--yes", ground.run("history", "--json").json()[-1]["run"])
    if ran.exit != 0:
        ground.wrong(f"{kind}: doesn't go back when all is as it was: {ran.shown()}")
    ground.run("prune", "--keep", "0", "--yes")
    ground.tried()


def security_04_undo_after_a_swap(ground):
    """Undo takes the same way: after a swap of the parent for a link nothing outside is written or deleted"""
    ground.outside("source")
    cases = {
        "write": (lambda at: None, lambda at: [{"action": "file.write", "with": {"path": at + "/f", "content": "x"}}]),
        "delete": (lambda at: open(at + "/f", "w").close(), lambda at: [{"action": "file.delete", "with": {"path": at + "/f"}}]),
        "create": (lambda at: None, lambda at: [{"action": "dir.create", "with": {"path": at + "/d"}}]),
        "parents": (lambda at: None, lambda at: [{"action": "file.write", "with": {
            "path": at + "/a/b/f", "content": "x", "make_parents": True}}]),
        "sync": (lambda at: os.mkdir(at + "/t"), lambda at: [{"action": "dir.sync", "with": {
            "path": at + "/t", "source": str(ground.folder / "source"), "delete": True}}]),
        "link": (lambda at: None, lambda at: [{"action": "file.link", "with": {"path": at + "/l", "to": "f"}}]),
        "attributes": (lambda at: open(at + "/f", "w").close(), lambda at: [{"action": "file.attributes", "with": {
            "path": at + "/f", "mode": "0600"}}]),
        "edit": (lambda at: open(at + "/f", "w").close(), lambda at: [{"action": "file.edit", "with": {
            "path": at + "/f", "edits": [{"line": "x"}]}}])}
    for kind, (prepare, actions) in cases.items():
        ground.state = ground.folder / f"state-{kind}"
        ground.environment["BACKOUT_STATE_DIR"] = str(ground.state)
        undone_after_a_swap(ground, kind, prepare, actions)


def strange_ends(ground):
    """One of each type. Devices need root."""
    os.symlink("../outside/f", ground.path("symlink"))
    os.symlink("nowhere", ground.path("dangling"))
    os.mkfifo(ground.path("fifo"))
    os.mkdir(ground.path("directory"))
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()
        os.chdir(ground.target)  # the name of a socket must be short
        server.bind("socket")
        os.chdir(here)
    names = ["symlink", "dangling", "fifo", "directory", "socket"]
    if os.geteuid() == 0:
        os.mknod(ground.path("device"), stat.S_IFCHR | 0o600, os.makedev(1, 3))
        names.append("device")
    return names


def security_05_what_stands_at_the_end(ground):
    """Links, fifos, devices, sockets, folders as targets and as sources: an answer each, and nothing hangs"""
    ground.outside()
    (ground.folder / "source").mkdir()
    names = strange_ends(ground)
    before = ground.everything_but_state()
    actions = []
    for name in names:
        path = ground.path(name)
        actions += [action_on(kind, path, ground) for kind in ("file.write", "json.merge", "file.edit", "file.delete",
                                                              "file.attributes", "dir.delete", "dir.create")]
        actions += [{"action": "file.write", "with": {"path": ground.path("new"), part: path}}
                    for part in ("source", "template")]
        actions += [{"action": "archive.extract", "with": {"path": ground.path("new"), "source": path}},
                    {"action": "dir.sync", "with": {"path": ground.path("new"), "source": path}},
                    {"action": "check", "with": {"file": path, "sha256": "0" * 64, "timeout": "2s"}}]
    for action in actions:
        ran = ground.apply([action], timeout=20)
        no_signal(ran, str(action))
        if ran.exit == 0 and ground.run("rollback", "--yes", timeout=20).exit != 0:
            ground.wrong(f"{action}: doesn't go back")
        if ran.exit not in (0, 1, *REFUSALS):
            ground.wrong(f"{action}: {ran.shown()}")
        lines = differences(ground.everything_but_state(), before,
                            lambda name, attribute: attribute == "mtime" and name.startswith("manifest"))
        lines = [line for line in lines if not line.startswith("manifest")]
        if lines:
            ground.wrong(f"{action}: escaped or not undone: {lines[:3]}")
            before = ground.everything_but_state()
        ground.tried()


if __name__ == "__main__":
    sys.exit(main(globals()))
