#!/usr/bin/env python3
"""Security checks 46 to 50: errors of the system, hostile targets, reading verbs, and how the program is built."""

import errno
import os
import re
import subprocess
import sys
import time

from common import (Failure, NotHere, differences, expect, main, needs, no_signal, peak_memory, snapshot, write_action)

AFTER = ("fsync", "fdatasync", "syncfs", "close")
ELSE = ("write", "pwrite", "renameat2", "rename", "unlinkat", "mkdirat", "fchmod", "openat")
MOST_MEMORY = 400  # MiB


def change(ground):
    ground.write("conf", "former\n", 0o640)
    ground.write("old", "old\n")
    os.makedirs(ground.path("theirs"), exist_ok=True)
    made = ground.path("theirs/made")
    return ground.manifest([
        write_action(ground, "conf", "new\n", id="a"), write_action(ground, "d/new", "n\n", id="b", make_parents=True),
        {"id": "c", "action": "file.delete", "with": {"path": ground.path("old")}},
        {"id": "e", "action": "command.run", "depends_on": ["a", "b", "c"], "with": {
            "argv": ["touch", made], "undo": {"argv": ["rm", "-f", made]},
            "probe": {"argv": ["sh", "-c", f"test -e {made} || exit 1"]}, "touches": [made]}}])


def theirs(name, attribute):
    return attribute == "mtime" and name.startswith("theirs")


def any_times(_, attribute):
    return attribute == "mtime"


class Sweep:
    """Fails the N-th call of a sort, for N = 1, 2, … until none fails any more, while `words` are carried out."""

    def __init__(self, ground, manifest, before, after):
        self.ground, self.manifest, self.before, self.after = ground, manifest, before, after
        self.preload = os.path.join(ground.arguments.helpers, "security_preload.so")
        if not os.path.exists(self.preload):
            raise NotHere("needs the helper library security_preload (--helpers)")
        self.mark = ground.folder / "failed"

    def run(self, call, number, sticky, *words):
        self.mark.unlink(missing_ok=True)
        wish = f"{call}:{number}:{errno.EIO}{'+' if sticky else ''}"
        more = {"LD_PRELOAD": self.preload, "BACKOUT_FAIL": wish, "BACKOUT_FAILED": str(self.mark)}
        ran = self.ground.run(*words, environment={**self.ground.environment, **more})
        return ran, self.mark.exists(), f"{call} {number}{'+' if sticky else ''} in {words[0]}"

    def judge(self, ran, what, done):
        """Success only where all is as success means; 1 only where all is back; else it can be brought back."""
        no_signal(ran, what)
        now = snapshot(self.ground.target)
        if ran.exit == 0 and differences(now, done, any_times):
            self.ground.wrong(f"{what}: exit 0, and yet {differences(now, done, any_times)[:3]}")
        if ran.exit == 1 and differences(now, self.before, theirs):
            self.ground.wrong(f"{what}: exit 1, and yet {differences(now, self.before, theirs)[:3]}")
        if ran.exit != 0 and "everything is as the plan says" in (ran.output + ran.errors).lower():
            self.ground.wrong(f"{what}: exit {ran.exit}, and a word of success")
        self.ground.tried()

    def back_to_the_start(self, what, clean):
        """Without failures now: whatever it was, it can be taken back."""
        ended = None
        for _ in range(0 if clean else 3):
            ended = self.ground.run("rollback", "--yes", "--lock-timeout", "5s")
            if ended.exit == 0 and not differences(snapshot(self.ground.target), self.before, theirs):
                break
        lines = differences(snapshot(self.ground.target), self.before, theirs)
        if lines:
            raise Failure(f"{what}: can't be taken back: {lines[:3]} {ended.shown() if ended else ''}")

    def sweep(self, call, sticky, every):
        fired, number = 0, 1
        while number < 5000:
            ran, failed, what = self.run(call, number, sticky, "apply", "--yes", self.manifest)
            self.judge(ran, what, self.after)
            clean = ran.exit in (1, 65, 77)
            if ran.exit == 0:
                ran, again, what = self.run(call, number, sticky, "rollback", "--yes")
                self.judge(ran, what, self.before)
                failed, clean = failed or again, ran.exit == 0
            self.back_to_the_start(what, clean)
            fired += failed
            if not failed:
                return fired
            number = number + 1 if every else 1 + number * 3 // 2
        raise Failure(f"{call}: no end of it")


def sweeps(ground, calls):
    manifest = change(ground)
    before = snapshot(ground.target)
    ground.run("apply", "--yes", manifest).expect(0)
    after = snapshot(ground.target)
    ground.run("rollback", "--yes").expect(0)
    begun, counts = time.monotonic(), {}
    for call in calls:
        for sticky in (False, True) if ground.arguments.full else (False,):
            counts[call] = Sweep(ground, manifest, before, after).sweep(call, sticky, ground.arguments.full)
    print(f"failed: {counts}, {time.monotonic() - begun:.0f} s")
    expect(sum(counts.values()) > 10, f"too few calls failed: {counts}")


def security_46_syncs_that_fail(ground):
    """A sync or close that fails is in doubt: no success, no word of it; and all can be taken back"""
    sweeps(ground, AFTER)


def security_47_every_error_counts(ground):
    """Any other call that fails: exit 0 only if all is as it should be; the build warns of results that are dropped"""
    sweeps(ground, ELSE)
    build = os.path.join(os.path.dirname(ground.program), "..", "compile_commands.json")
    if os.path.exists(build):
        with open(build, encoding="utf-8") as file:
            text = file.read()
        expect("-Wunused-result" in text and "-Wno-unused-result" not in text, "the build doesn't warn of dropped results")


def deep(ground, levels):
    """A tree deeper than any path can name."""
    here = os.getcwd()
    os.chdir(ground.target)
    try:
        for number in range(levels):
            os.mkdir("d" * 20)
            os.chdir("d" * 20)
    finally:
        os.chdir(here)
    return ground.path("d" * 20)


def remove_deep(path):
    subprocess.run(["rm", "-rf", path], check=True)


def security_48_hostile_targets(ground):
    """Many entries, trees deeper than a path can name, a file of a terabyte of nothing: bounded memory, an answer, and back"""
    count = 1_000_000 if ground.arguments.full else 3_000
    os.mkdir(ground.path("many"))
    for number in range(count):
        os.close(os.open(ground.path(f"many/{number}"), os.O_CREAT | os.O_WRONLY, 0o644))
    with open(ground.path("huge"), "wb") as file:
        try:
            file.truncate(1 << 40)
        except OSError:
            file.truncate(1 << 34)
    deep(ground, 400)
    most = 3000 if ground.arguments.full else MOST_MEMORY
    for what, action in (
            ("many deleted", {"action": "dir.delete", "with": {"path": ground.path("many")}}),
            ("many chmodded", {"action": "file.attributes", "with": {"path": ground.path("many"), "mode": "0600", "directory_mode": "0700",
                                                                     "recurse": True}}),
            ("a deep tree deleted", {"action": "dir.delete", "with": {"path": ground.path("d" * 20)}}),
            ("a deep tree chmodded", {"action": "file.attributes", "with": {"path": ground.path("d" * 20), "mode": "0700", "recurse": True}}),
            ("a huge file moved", {"action": "file.move", "with": {"from": ground.path("huge"), "to": ground.path("moved")}}),
            ("a huge file edited", {"action": "file.edit", "with": {"path": ground.path("huge"), "edits": [{"line": "x"}]}}),
            ("a huge file merged", {"action": "json.merge", "with": {"path": ground.path("huge"), "merge": {"a": 1}}}),
            ("a huge template", {"action": "file.write", "with": {"path": ground.path("t"), "template": ground.path("huge")}})):
        manifest = ground.manifest([action])
        for verb in (["plan"], ["apply", "--yes"], ["rollback", "--yes"]):
            words = [*verb, manifest] if verb[0] != "rollback" else verb
            try:
                code, text, peak = peak_memory(ground.argv(words), ground.environment, ground.folder, timeout=3600 if ground.arguments.full else 60)
            except Failure:
                ground.wrong(f"{what}: {verb[0]} doesn't end")
                break
            if code not in (0, 1, 65, 77) or peak > most:
                ground.wrong(f"{what}: {verb[0]}: exit {code}, {peak} MiB: {text[:300]}")
            ground.tried()
            if code != 0:
                break
    remove_deep(ground.path("d" * 20))


READ_ONLY = "mount --bind {folder} {folder} && mount -o remount,ro,bind {folder} && exec \"$@\""


def security_49_reading_writes_nothing(ground):
    """verify, status and the other reading verbs write nothing, and work on a read-only file system"""
    needs("unshare", root=True)
    ground.apply([write_action(ground, "f", "x\n", id="a")]).expect(0)
    manifest = ground.manifest([write_action(ground, "f", "y\n", id="a")])
    ground.run("plan", manifest, "-o", ground.folder / "saved").expect(0)
    before = snapshot(ground.folder)
    for words, codes in ((["status"], (0,)), (["history"], (0,)), (["verify"], (0,)), (["verify", manifest], (2,)), (["log", "r-1"], (0,)),
                         (["show", "r-1"], (0,)), (["doctor"], (0, 74)), (["plan", manifest], (0,)), (["check", str(ground.folder / "saved")], (0,)),
                         (["graph", "r-1"], (0,)), (["rollback", "--plan"], (0,)), (["kinds"], (0,)), (["schema"], (0,))):
        expect(ground.run(*words).exit in codes, f"{words}")
        lines = differences(snapshot(ground.folder), before)
        if lines:
            ground.wrong(f"{words} left a trace: {lines[:3]}")
        ran = ground.in_private_mounts(READ_ONLY.format(folder=ground.folder), *words)
        # What would be changed can't be: these say so, for that is their answer. (`verify MANIFEST` plans, so it says so, too.)
        foretold = words[0] in ("plan", "check", "doctor", "rollback", "verify") and "read-only" in (ran.output + ran.errors)
        if ran.exit not in codes and not foretold:
            ground.wrong(f"{words} on a read-only file system: {ran.shown()[:600]}")
        ground.tried(2)


def readelf(program, *flags):
    return subprocess.run(["readelf", "-W", *flags, program], capture_output=True, text=True, check=True).stdout


def security_50_hardening(ground):
    """PIE, full RELRO, no executable stack, stack protector, fortified calls, no RPATH, nothing writable and executable"""
    needs("readelf")
    symbols, headers, dynamic = readelf(ground.program, "--dyn-syms"), readelf(ground.program, "-lh"), readelf(ground.program, "-d")
    if "__asan_init" in symbols or "__tsan_init" in symbols:
        raise NotHere("a build with sanitizers is hardened otherwise")
    expect(re.search(r"Type:\s+DYN", headers), "no PIE")
    expect("GNU_RELRO" in headers and re.search(r"BIND_NOW|FLAGS.*NOW", dynamic), "no full RELRO")
    stack = re.search(r"GNU_STACK.*", headers)
    expect(stack and "E" not in stack[0].split("0x")[-2].split()[-1], f"an executable stack: {stack and stack[0]}")
    expect("__stack_chk_fail" in symbols, "no stack protector")
    fortified = set(re.findall(r"__\w+_chk\b", symbols)) - {"__stack_chk_fail"}
    debug = os.environ.get("BACKOUT_BUILD_TYPE") == "Debug"
    expect(fortified or debug, "no fortified call")
    expect("RPATH" not in dynamic and "RUNPATH" not in dynamic, f"a path for libraries: {dynamic}")
    expect("TEXTREL" not in dynamic, "relocations in the code")
    loads = re.findall(r"LOAD .* ([R ][W ][E ]) ", headers)
    expect(loads and not [flags for flags in loads if "W" in flags and "E" in flags], f"writable and executable: {loads}")
    ground.tried(8)
    print(f"fortified: {' '.join(sorted(fortified))}")


security_46_syncs_that_fail.in_memory = True
security_47_every_error_counts.in_memory = True
security_48_hostile_targets.in_memory = True

if __name__ == "__main__":
    sys.exit(main(globals()))
