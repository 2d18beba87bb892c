#!/usr/bin/env python3
"""Security checks 27 to 34: how programs are started, and what they are given."""

import os
import pty
import resource
import shutil
import signal
import subprocess
import sys
import time

from common import (AS_NOBODY, NOBODY, Ran, expect, expect_equal, expect_in, main, needs, no_signal, peak_memory, snapshot,
                    differences, write_action)

DEFAULT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}


def every_child(ground, script):
    """A manifest in which a program of each sort (command, undo, probe, check, validate, verify, fact) appends to `seen`.
    `script` is given the sort as $1."""
    seen = ground.folder / "seen"
    seen.mkdir(exist_ok=True)

    def program(sort, then="true"):
        return ["sh", "-c", f"({script}) > {seen}/{sort} 2>&1; {then}", "sh", sort]
    made = ground.path("made")
    return ground.manifest(
        [{"id": "c", "action": "command.run", "with": {
            "argv": program("argv", f"touch {made}"), "undo": {"argv": program("undo", f"rm -f {made}")},
            "probe": {"argv": program("probe", f"test -e {made} || exit 1")}, "touches": [made]}},
         {"id": "k", "action": "check", "depends_on": ["c"], "with": {"command": program("check")}},
         {"id": "w", "action": "file.write", "depends_on": ["k"], "with": {
             "path": ground.path("conf"), "content": "x\n", "validate": [*program("validate"), "${file}"]},
          "verify": [{"command": program("verify")}]}],
        facts={"f": {"detect": "command", "with": {"argv": program("fact")}}}, verify=[{"command": program("whole")}])


SORTS = ("argv", "undo", "probe", "check", "validate", "verify", "fact", "whole")


def what_they_saw(ground, **more):
    """Applies and rolls back; what each sort of program wrote."""
    ground.run("apply", "--yes", str(ground.folder / "manifest.json"), **more).expect(0)
    ground.run("rollback", "--yes", **more).expect(0)
    return {sort: (ground.folder / "seen" / sort).read_text("utf-8", "replace") for sort in SORTS}


def security_27_arguments_stay_arguments(ground):
    """No shell; names that begin with a hyphen are names; what a program prints or is called stays one word"""
    odd = ["-rf", "--help", "$(id)", "a b", "*", ";ls", "", "\n", "-", "--", "'\"'", "\\"]
    script = "import os,sys; open(sys.argv[1], 'w').write(repr(sys.argv[2:]))"
    ground.apply([{"action": "command.run", "with": {
        "argv": [sys.executable, "-c", script, ground.path("seen"), *odd], "undo": {"argv": ["true"]}}}]).expect(0)
    expect_equal(ground.read("seen"), repr(odd), "the words")
    for name in ("-rf", "--help", "-", "--yes", "--state-dir=x"):
        ground.apply([write_action(ground, name, "x\n", id="a", validate=["sh", "-c", "case \"$1\" in /*) ;; *) exit 9;; esac", "sh", "${file}"])]).expect(0)
        expect_equal(ground.read(name), "x\n", f"the file {name}")
        ground.run("rollback", "--yes").expect(0)
        manifest = ground.manifest([write_action(ground, "new", "y\n", id="a")], "-m.json" if name == "-rf" else "--json")
        ran = ground.run("apply", "--yes", "--", os.path.basename(manifest))
        expect_equal((ran.exit, ground.read("new")), (0, "y\n"), f"a manifest called {manifest}: {ran.shown()}")
        ground.run("rollback", "--yes").expect(0)
        ground.tried(2)


def security_28_a_clean_environment(ground):
    """PATH, LD_*, PYTHON*, IFS, locale and the like don't reach a program; nothing is read from the working directory"""
    every_child(ground, "env")
    evil = ground.folder / "evil"
    evil.mkdir()
    for name in ("sh", "touch", "rm", "env", "backout-kind-file"):
        (evil / name).write_text(f"#!/bin/sh\necho {name} >> {ground.folder}/marker\nexit 1\n")
        (evil / name).chmod(0o755)
    for name in ("libcurl.so.4", "libarchive.so.13", "manifest.json", ".backout", "backout.json", ".backoutrc", "conf", ".netrc", ".curlrc"):
        (evil / name).write_text("evil")
    dirty = {**ground.environment, "PATH": f"{evil}:.:", "LD_BIND_NOW": "1", "PYTHONPATH": str(evil), "PYTHONSTARTUP": "x", "IFS": "a",
             "LC_ALL": "tr_TR.UTF-8", "LANG": "de_DE", "BASH_ENV": str(evil / "sh"), "ENV": str(evil / "sh"), "PERL5LIB": str(evil),
             "GCONV_PATH": str(evil), "TMPDIR": str(evil), "HOME": str(evil), "CANARY_VARIABLE": "x", "SHELLOPTS": "xtrace", "TZ": ":/dev/zero",
             "XDG_CONFIG_HOME": str(evil), "XDG_STATE_HOME": str(evil), "LD_LIBRARY_PATH": "/nonexistent"}
    seen = what_they_saw(ground, environment=dirty, before=["/usr/bin/env", "-C", str(evil)])
    for sort, text in seen.items():
        got = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
        for name in ("PWD", "OLDPWD", "SHLVL", "_"):
            got.pop(name, None)  # the shell's own
        home = got.pop("HOME", "")
        if got != DEFAULT or home == str(evil):
            ground.wrong(f"{sort}: HOME={home} {got}")
        ground.tried()
    expect(not (ground.folder / "marker").exists(), "a program out of PATH or the working directory was run")


def security_29_no_other_descriptors(ground):
    """0, 1, 2 and nothing else reach a program; the lease names the child instead"""
    every_child(ground, "for fd in /proc/self/fd/*; do echo $${fd##*/} $(readlink $fd); done; grep -c . /proc/locks")
    files = [os.open("/dev/null", os.O_RDONLY) for _ in range(3)]
    high = os.dup2(files[0], 200)
    try:
        ran = subprocess.run(ground.argv(["apply", "--yes", str(ground.folder / "manifest.json")]), env=ground.environment,
                             cwd=ground.folder, capture_output=True, pass_fds=[*files, high], check=False)
    finally:
        for fd in (*files, high):
            os.close(fd)
    expect_equal(ran.returncode, 0, ran.stderr.decode())
    ground.run("rollback", "--yes").expect(0)
    for sort in SORTS:
        lines = (ground.folder / "seen" / sort).read_text().splitlines()
        open_there = {line.split()[0]: line for line in lines if line.split()[0].isdigit() and len(line.split()) > 1}
        # One more is the shell's own: the folder that it is just listing.
        extra = [line for number, line in open_there.items() if number not in "012" and "/proc/" not in line]
        for line in extra:
            ground.wrong(f"{sort} has descriptor {line}")
        expect({"0", "1", "2"} <= set(open_there), f"{sort}: {lines}")
        ground.tried()


def security_30_standard_descriptors_that_are_closed(ground):
    """Started with 0, 1 or 2 closed: nothing of what is printed lands in a file that was opened since"""
    manifest = ground.manifest([write_action(ground, "conf", "x\n", id="a")])
    for closing in ("<&-", ">&-", "2>&-", "<&- >&-", ">&- 2>&-", "<&- >&- 2>&-"):
        before = ["sh", "-c", f"exec \"$@\" {closing}", "sh"]
        ran = ground.run("apply", "--yes", "-vvv", manifest, before=before)
        no_signal(ran, closing)
        expect_equal(ground.read("conf"), "x\n", f"{closing}: the file")
        ground.run("doctor").expect(0)
        for words in (["history"], ["status", "--json"], ["rollback", "--yes", "-vvv"]):
            no_signal(ground.run(*words, before=before), f"{closing} {words}")
        ground.run("doctor").expect(0)
        expect(not os.path.exists(ground.path("conf")), f"{closing}: it wasn't taken back")
        ground.tried(4)


def security_31_signals_umask_limits_and_folder(ground):
    """Signal masks and dispositions, umask and working folder of a program are defined, whatever ours were"""
    every_child(ground, "grep -E '^Sig(Blk|Ign)|^Umask' /proc/self/status; pwd; ulimit -c")
    hostile = ("import os, signal, sys; os.umask(0o777); "
               "[signal.signal(n, signal.SIG_IGN) for n in (1, 2, 3, 13, 15, 17, 25)]; "
               "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32)); os.execv(sys.argv[1], sys.argv[1:])")
    seen = what_they_saw(ground, before=[sys.executable, "-c", hostile])
    for sort, text in seen.items():
        found = dict(line.split(":\t") for line in text.splitlines() if ":\t" in line)
        if int(found["SigBlk"], 16) or int(found["SigIgn"], 16) or found["Umask"] != "0022":
            ground.wrong(f"{sort}: {found}")
        folder = "/\n" if sort == "validate" else f"{ground.folder}\n"  # staged contents are not in the manifest's folder
        if folder not in text:
            ground.wrong(f"{sort} works in another folder: {text}")
        ground.tried()


def alive(word):
    found = subprocess.run(["pgrep", "-f", word], capture_output=True, text=True, check=False).stdout.split()
    return [pid for pid in found if int(pid) != os.getpid()]


def security_32_time_and_output_are_bounded(ground):
    """A time-out ends the whole group, endless output is cut, escapes are not replayed"""
    needs("pgrep")
    word = f"{ground.folder.name}-sleeper"
    group = f"trap '' TERM; sh -c 'trap \"\" TERM; sleep 611; : {word}' & sleep 612; : {word}"
    begun = time.monotonic()
    ran = ground.apply([{"id": "t", "action": "command.run", "timeout": "1s", "with": {
        "argv": ["sh", "-c", group], "undo": {"argv": ["true"]}, "touches": [ground.path("none")]}}])
    expect(ran.exit in (1, 3) and time.monotonic() - begun < 60, ran.shown())
    time.sleep(0.2)
    expect(not alive(word), f"still alive after the time-out: {alive(word)}")
    manifest = ground.manifest([{"id": "y", "action": "command.run", "timeout": "2s", "with": {
        "argv": ["yes", "x" * 1000], "undo": {"argv": ["true"]}, "touches": [ground.path("none")]}}])
    code, words, peak = peak_memory(ground.argv(["apply", "--yes", manifest]), ground.environment, ground.folder)
    expect(code in (1, 3) and peak < 200, f"endless output: exit {code}, {peak} MiB: {words[:300]}")
    expect(ground.journal_file().stat().st_size < 64 << 20, "the journal holds it all")
    escapes = "\\033]0;title\\007\\033[2J\\033[31mred\\302\\233 31m\\r\\b\\b\\342\\200\\256"
    ran = ground.apply([{"id": "e", "action": "command.run", "with": {
        "argv": ["sh", "-c", f"printf '{escapes}'; printf '{escapes}' >&2; exit 1"], "undo": {"argv": ["true"]}}}], "-vvv")
    run = ground.newest_run()["run"]
    for shown in (ran, ground.run("show", run, "-vvv"), ground.run("log", run, "-vvv"), ground.run("log", run, "--json")):
        text = shown.output + shown.errors
        signs = ("\x1b", "\x07", "\x08") if "--json" in shown.argv else ("\x1b", "\x07", "\x08", "\x9b", "\u202e")
        bad = [sign for sign in signs if sign in text]
        if bad:
            ground.wrong(f"{shown.argv[1:]} replays {bad!r}")
        ground.tried()
    ground.tried(2)


def security_33_never_setuid(ground):
    """Started with foreign privileges (setuid, setgid) it refuses to do anything"""
    needs("setpriv", root=True)
    program = ground.folder / "backout"
    shutil.copy(ground.program, program)
    ground.folder.chmod(0o777)
    for mode, owner in ((0o4755, (0, 0)), (0o2755, (0, 0)), (0o6755, (0, 0)), (0o4755, (4711, 4711))):
        os.chown(program, *owner)
        program.chmod(mode)
        id_of = subprocess.run([*AS_NOBODY, str(program), "--version"], capture_output=True, text=True, check=False)
        manifest = ground.manifest([write_action(ground, "x", "x")])
        for words in (["--version"], ["status"], ["apply", "--yes", manifest], ["plan", manifest]):
            ran = subprocess.run([*AS_NOBODY, str(program), *words], capture_output=True, text=True, check=False, cwd=ground.folder,
                                 env={**ground.environment, "BACKOUT_STATE_DIR": str(ground.folder / "state")})
            if ran.returncode != 77 or ran.stdout:
                ground.wrong(f"{mode:o} of {owner}: {words} was not refused: {ran} {id_of.returncode}")
            ground.tried()
    expect(not ground.state.exists() and not os.path.exists(ground.path("x")), "something was made")


def on_a_terminal(ground, words, environment):
    """Runs it with a terminal for all three, and returns what it showed."""
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(ground.folder)
        os.execve(ground.program, ground.argv(words), environment)
    shown = b""
    while True:
        try:
            part = os.read(fd, 65536)
        except OSError:
            break
        if not part:
            break
        shown += part
        if b"?" in part or b"[y" in part:
            os.write(fd, b"n\n")
    os.close(fd)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode("utf-8", "replace")


def security_34_no_pagers_or_editors(ground):
    """Editors, pagers and browsers named in the environment are never run, on a terminal neither"""
    marker = ground.folder / "marker"
    evil = ground.folder / "evil"
    evil.write_text(f"#!/bin/sh\ntouch {marker}\ncat\n")
    evil.chmod(0o755)
    names = ("PAGER", "BACKOUT_PAGER", "GIT_PAGER", "MANPAGER", "EDITOR", "VISUAL", "BACKOUT_EDITOR", "SUDO_EDITOR", "BROWSER", "LESSOPEN",
             "LESS", "SHELL", "SSH_ASKPASS", "SUDO_ASKPASS", "DIFF", "BACKOUT_DIFF", "COMSPEC")
    environment = {**ground.environment, **{name: str(evil) for name in names}, "TERM": "xterm"}
    manifest = ground.manifest([write_action(ground, "f", "line\n" * 3000, id="a")])
    ground.apply([write_action(ground, "g", "x\n", id="a")]).expect(0)
    run = ground.newest_run()["run"]
    for words in (["plan", "--diff", manifest], ["apply", manifest], ["apply", "--diff", manifest], ["show", run, "--diff"], ["log", run, "-vvv"],
                  ["history"], ["rollback"], ["status"], ["kinds", "file.write"], ["graph", run], ["--help"], ["doctor"], ["schema"]):
        code, shown = on_a_terminal(ground, words, environment)
        expect(shown and code < 128, f"{words}: {code} {shown}")
        expect(not marker.exists(), f"{words}: a program out of the environment was run")
        ground.tried()


if __name__ == "__main__":
    sys.exit(main(globals()))
