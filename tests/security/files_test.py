#!/usr/bin/env python3
"""Security checks 6 to 8 and 10: attributes, other names of a file, temporary files, and other file systems."""

import os
import re
import shutil
import subprocess
import sys

from common import (ATTACKER, AS_NOBODY, REFUSALS, differences, expect, expect_equal, main, needs, snapshot, touched)

CHANGING = "chmod,fchmodat,chown,lchown,fchownat,setxattr,lsetxattr,removexattr,lremovexattr,utime,utimes,futimesat," \
           "utimensat,truncate"
MAKING = "open,openat,openat2,creat,mkdir,mkdirat,symlink,symlinkat,link,linkat,mknod,mknodat,rename,renameat,renameat2"


def traced(ground, calls, *words):
    """The lines of strace for the program itself (not of what it starts)."""
    trace = ground.folder / "trace"
    ran = ground.run(*words, before=["strace", "-f", "-y", "-qq", "-s", "4096", "-o", str(trace), "-e", f"trace={calls}"])
    return ran, trace.read_text("utf-8", "replace").splitlines()


def all_sorts(ground):
    """Steps that set modes, owners, times and extended attributes on the way."""
    for name in ("tree/sub", "source/sub"):
        os.makedirs(ground.path(name))
    for name in ("tree/f", "tree/sub/f", "source/f", "source/sub/f", "conf"):
        ground.write(name, "former\n", 0o640)
        if os.geteuid() == 0:
            os.chown(ground.path(name), ATTACKER, ATTACKER)
    return [{"id": "a", "action": "file.attributes", "with": {"path": ground.path("tree"), "mode": "0600", "owner": "4711",
                                                              "directory_mode": "0700", "recurse": True}},
            {"id": "b", "action": "file.write", "with": {"path": ground.path("conf"), "content": "new\n", "mode": "0755",
                                                         "owner": "4711"}},
            {"id": "c", "action": "dir.sync", "with": {"source": ground.path("source"), "path": ground.path("copy")}},
            {"id": "d", "action": "dir.create", "with": {"path": ground.path("d"), "mode": "1777", "owner": "4711"}},
            {"id": "e", "action": "file.edit", "with": {"path": ground.path("source/f"), "edits": [{"line": "x"}]},
             "after": ["c"]}]


def by_descriptor(line):
    """Of the entry itself: by its own descriptor, or by a name that isn't followed."""
    return bool(re.search(r'\d+<[^>]*>, "", |AT_SYMLINK_NOFOLLOW|AT_EMPTY_PATH|/proc/self/fd/\d+|, NULL, |\("/proc/', line)) or \
        bool(re.search(r"\b(lchown|lsetxattr|lremovexattr)\(\"/proc", line))


def security_06_attributes_by_descriptor(ground):
    """Modes, owners, times and extended attributes are set by descriptor, never through a path"""
    needs("strace", root=True)
    manifest = ground.manifest(all_sorts(ground))
    for words in (["apply", "--yes", manifest], ["rollback", "--yes"]):
        ran, lines = traced(ground, CHANGING, *words)
        ran.expect(0)
        paths = [line for line in lines if str(ground.target) in line or "(AT_FDCWD, " in line]
        for line in paths:
            if not by_descriptor(line) and str(ground.state) not in line:
                ground.wrong(f"by path: {line[:200]}")
        ground.tried(len(lines))


def reachable(folder, user):
    """Regular files that the user can read below `folder`."""
    find = subprocess.run([*user, "find", str(folder), "-type", "f", "-readable"], capture_output=True, text=True, check=False)
    return find.stdout.splitlines()


def security_07_other_names_and_setuid(ground):
    """A file with two names is replaced, never written in place; a setuid image is out of everybody's reach"""
    needs("setpriv", root=True)
    theirs = ground.write("theirs", "former\n", 0o4755)
    os.link(theirs, ground.folder / "second")
    before = snapshot(ground.target)
    for kind, more in (("file.write", {"content": "new\n"}), ("file.edit", {"edits": [{"line": "x"}]})):
        ground.apply([{"action": kind, "with": {"path": theirs, **more}}]).expect(0)
        expect_equal((ground.folder / "second").read_text(), "former\n", f"{kind}: the second name")
        expect(os.stat(theirs).st_ino != os.stat(ground.folder / "second").st_ino, f"{kind}: written in place")
        setuid = [path for path in ground.folder.rglob("*") if path.is_file() and path.stat().st_mode & 0o6000]
        kept = [path for path in setuid if path != ground.folder / "second" and ground.target not in path.parents]
        expect(kept, f"{kind}: no image with its bits: {setuid}")  # or this looks at nothing
        for path in kept:
            ran = subprocess.run([*AS_NOBODY, "test", "-e", str(path)], check=False)
            expect(ran.returncode != 0, f"a setuid image is within reach: {path}")
        ground.run("rollback", "--yes").expect(0)
        lines = differences(snapshot(ground.target), before)
        expect(not lines, f"{kind}: {lines}")
        ground.tried(2)


def made_names(lines):
    """(call, path, whole line) of what was made: names after O_CREAT, mkdir and so on that succeeded."""
    for line in lines:
        if " = -1 " in line or "resumed" in line:
            continue
        call = re.search(r"\b(\w+)\(", line)
        if call and ("O_CREAT" in line or call[1].startswith(("mkdir", "symlink", "link", "mknod"))):
            yield call[1], line


def security_08_temporary_files(ground):
    """New files are made exclusively, 0600 until they are whole, in folders of ours; nothing in /tmp"""
    needs("strace")
    stat_it = ["sh", "-c", f"stat -c '%a %n' \"$1\" \"$(dirname \"$1\")\" >> {ground.folder}/seen", "sh", "${file}"]
    for name in ("a", "b"):
        ground.write(name, "former\n", 0o666)
    manifest = ground.manifest([
        {"id": "a", "action": "file.write", "with": {"path": ground.path("a"), "content": "n\n", "mode": "0600", "validate": stat_it}},
        {"id": "b", "action": "file.edit", "with": {"path": ground.path("b"), "edits": [{"line": "x"}], "validate": stat_it}}])
    ran, lines = traced(ground, MAKING, "apply", "--yes", manifest)
    ran.expect(0)
    mine = [(call, line) for call, line in made_names(lines) if "/seen" not in line and "/dev/null" not in line]
    for call, line in mine:
        by_lmdb = re.search(r"/(data|lock)\.mdb\"", line) and str(ground.state) in line  # in a folder of ours alone
        if call.startswith("open") and "O_EXCL" not in line and not by_lmdb:
            ground.wrong(f"not exclusive: {line[:200]}")
        if str(ground.folder) not in line:
            ground.wrong(f"made elsewhere: {line[:200]}")
    ground.tried(len(mine))
    modes = [line.split(" ", 1) for line in (ground.folder / "seen").read_text().splitlines()]
    expect_equal(len(modes), 4, "what validate saw")
    for (mode, _), (above, folder) in zip(modes[::2], modes[1::2]):
        private = int(above, 8) & 0o077 == 0 or int(mode, 8) & 0o077 == 0
        expect(private and folder != str(ground.target), f"{mode} in {above} {folder}")
        ground.tried()


SQUAT = ("mount -t tmpfs -o mode=1777 none {mount} && echo former > {mount}/f && chmod 600 {mount}/f && "
         "setpriv --reuid=65534 --regid=65534 --clear-groups sh -c '{attack}' && \"$@\"; code=$?; cat {mount}/f; exit $code")


def security_08_squatters(ground):
    """Somebody made the place of the image store first, as a folder or a link: it isn't used, or nothing is done"""
    needs("setpriv", "unshare", root=True)
    mount = ground.target / "mount"
    mount.mkdir()
    outside = ground.outside()
    outside.chmod(0o777)
    before = touched(outside)
    manifest = ground.manifest([{"action": "file.write", "with": {"path": str(mount / "f"), "content": "new\n"}}])
    for attack in (f"mkdir -m 0777 {mount}/.backout-0", f"ln -s {outside} {mount}/.backout-0",
                   f"mkdir {mount}/.backout-0 {mount}/.backout-0/x", f"touch {mount}/.backout-0",
                   f"mkfifo {mount}/.backout-0"):
        ran = ground.in_private_mounts(SQUAT.format(mount=mount, attack=attack), "apply", "--yes", manifest, timeout=30)
        lines = differences(touched(outside), before)
        if lines:
            ground.wrong(f"{attack}: escaped: {lines}")
        if ran.exit not in (0, 1, *REFUSALS) or (ran.exit != 0 and "former\n" not in ran.output):
            ground.wrong(f"{attack}: was not refused: {ran.shown()}")
        ground.tried()
        shutil.rmtree(ground.state, ignore_errors=True)


TWO_MOUNTS = ("mount -t tmpfs none {m} && mkdir {m}/t && echo former > {m}/t/f && mkdir -p {o} && mount -t tmpfs none {o} && "
              "echo theirs > {o}/f && {more} && \"$@\"; code=$?; echo \"LEFT $(cat {m}/t/f 2>&1) $(cat {o}/f 2>&1)\"; exit $code")


def security_10_other_file_systems(ground):
    """Moves across file systems, mounts below a target, read-only binds: done and undone, or refused before anything"""
    needs("unshare", root=True)
    one, two = ground.target / "one", ground.target / "two"
    for path in (one, two):
        path.mkdir()
    source = ground.outside("source")
    for more, other, action, codes, left in (
            ("true", two, {"action": "file.move", "with": {"from": f"{one}/t/f", "to": f"{two}/new"}}, (0,), "former theirs"),
            ("true", two, {"action": "file.write", "with": {"path": f"{two}/f", "content": "new"}}, (0,), "former theirs"),
            ("true", two, {"action": "archive.extract", "with": {"path": f"{two}/a", "source": f"{source}/a.tar"}}, (0, 65), "former theirs"),
            ("true", f"{one}/t/in", {"action": "dir.delete", "with": {"path": f"{one}/t"}}, (65,), "former theirs"),
            ("true", f"{one}/t/in", {"action": "file.move", "with": {"from": f"{one}/t", "to": f"{two}/t"}}, (65,), "former theirs"),
            ("true", f"{one}/t/in", {"action": "dir.sync", "with": {"source": str(source), "path": f"{one}/t", "delete": True}},
             (0, 65), "former theirs"),
            ("mount -o remount,ro {o}", two, {"action": "file.write", "with": {"path": f"{two}/f", "content": "new"}}, (65, 74, 77),
             "former theirs"),
            ("mount --bind {o} {o} && mount -o remount,ro,bind {o}", two,
             {"action": "file.delete", "with": {"path": f"{two}/f"}}, (65, 74, 77), "former theirs")):
        script = TWO_MOUNTS.format(m=one, o=other, more=more.format(o=other))
        script = script.replace('"$@"', '"$@" && "$1" rollback --yes')
        ran = ground.in_private_mounts(script, "apply", "--yes", ground.manifest([action]))
        what = f"{action} with {other}"
        if ran.exit not in codes:
            ground.wrong(f"{what}: was not refused: {ran.shown()}")
        if f"LEFT {left}" not in ran.output:
            ground.wrong(f"{what}: left is not {left}: {ran.shown()}")
        ground.tried()
        shutil.rmtree(ground.state, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(globals()))
