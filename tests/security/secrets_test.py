#!/usr/bin/env python3
"""Security checks 23 to 26: a secret is hunted as a canary, wherever it could have been left."""

import base64
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

from common import AS_NOBODY, expect, expect_equal, expect_in, main, needs, no_signal

CANARY = "CANARYx7Qz"
FORMS = [CANARY.encode(), base64.b64encode(CANARY.encode())[:12], CANARY.encode("utf-16-le"), CANARY.encode().hex().encode(),
         CANARY[::-1].encode()]
INPUTS = {"tok": {"secret": True, "env": "TEST_TOKEN"}}


def with_token(ground, **more):
    return {**ground.environment, "TEST_TOKEN": CANARY, **more}


def all_ways(ground, failing=False):
    """A secret in everything that takes one: contents, edits, JSON, environment, standard input, headers of a check."""
    token = "${inputs.tok}"
    echo = ["sh", "-c", "echo \"out $TOK\"; echo \"err $TOK\" >&2; cat >&2; exit " + ("1" if failing else "0")]
    actions = [
        {"id": "write", "action": "file.write", "with": {"path": ground.path("conf"), "content": f"k={token}\n", "mode": "0600"}},
        {"id": "edit", "action": "file.edit", "with": {"path": ground.path("edited"), "edits": [{"line": f"k={token}"}]}},
        {"id": "json", "action": "json.merge", "with": {"path": ground.path("json"), "merge": {"k": token}}},
        {"id": "check", "action": "check", "with": {"command": ["sh", "-c", "test -n \"$TOK\""], "env": {"TOK": token}}},
        {"id": "run", "action": "command.run", "depends_on": ["write", "edit", "json"], "with": {
            "argv": echo, "env": {"TOK": token}, "stdin": f"in {token}\n", "outputs": {"o": ""}, "touches": [ground.path("none")],
            "undo": {"argv": ["sh", "-c", "echo $TOK; echo $TOK >&2"], "env": {"TOK": token}}}}]
    return ground.manifest(actions, inputs=INPUTS)


class ProcessWatch:
    """Looks at the argument lists of all processes, again and again."""

    def __init__(self):
        self.found, self.looks, self.stop = [], 0, threading.Event()
        self.thread = threading.Thread(target=self.watch)

    def watch(self):
        while not self.stop.is_set():
            for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    text = path.read_bytes()
                except OSError:
                    continue
                self.looks += 1
                if CANARY.encode() in text:
                    self.found.append(text)
            time.sleep(0.002)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()


def files_with_canary(ground):
    """Of everything below the box but the users' own files (the targets, and what was put aside of them)."""
    found = []
    for path in ground.folder.rglob("*"):
        if any(part in FORMS or CANARY in part for part in path.parts):
            found.append(f"name {path}")
        own = ground.target in path.parents or ground.state / "images" in path.parents
        if path.is_file() and not own:
            data = path.read_bytes()
            found += [f"{path} ({form!r})" for form in FORMS if form in data]
    return found


def looked_for_in(ground, ran, what):
    for form in FORMS:
        if form in (ran.output + ran.errors).encode():
            ground.wrong(f"{what}: {form!r} is in what {' '.join(ran.argv[1:3])} prints")
    for line in files_with_canary(ground):
        ground.wrong(f"{what}: {line}")
    ground.tried()


def reading_verbs(ground):
    run = ground.newest_run()["run"]
    for words in (["show", run], ["show", run, "--json"], ["show", run, "--diff"], ["log", run], ["log", run, "--json"],
                  ["status", "--json"], ["history", "--json"], ["verify"], ["graph", run], ["doctor", "--json"],
                  ["rollback", "--plan", "--json"]):
        yield ground.run(*words, "-vvv", environment=with_token(ground))


def security_23_the_canary(ground):
    """A secret is in no journal page, plan, log, report, error, process list or name: after success, failure, kill, rollback"""
    ground.write("edited", "a\n", 0o600)
    ground.write("json", "{}\n", 0o600)
    with ProcessWatch() as watch:
        for failing in (False, True):
            manifest = all_ways(ground, failing)
            planned = ground.run("plan", manifest, "-vvv", "-o", ground.folder / f"plan-{failing}", environment=with_token(ground))
            looked_for_in(ground, planned.expect(0), "plan")
            for words in (["plan", "--json"], ["plan", "--diff"], ["apply", "--yes", "-vvv"]):
                looked_for_in(ground, ground.run(*words, manifest, environment=with_token(ground)), f"failing {failing}")
            for ran in reading_verbs(ground):
                looked_for_in(ground, ran, f"failing {failing}")
            looked_for_in(ground, ground.run("rollback", "--yes", "-vvv", "--json", environment=with_token(ground)), "rollback")
        ground.run("prune", "--keep", "0")
        looked_for_in(ground, ground.run("status"), "after prune")
    expect(watch.looks > 100, f"only {watch.looks} looks at processes")
    expect(not watch.found, f"in a process list: {watch.found[:2]}")
    expect(ground.points > 25, f"only {ground.points} looks")
    refused = ground.run("apply", "--yes", ground.manifest([{"action": "command.run", "with": {
        "argv": ["echo", "${inputs.tok}"], "undo": {"argv": ["true"]}}}], inputs=INPUTS), environment=with_token(ground))
    expect_equal(refused.exit, 65, "a secret in argv")


def security_23_after_kill(ground):
    """Killed in the middle, and resumed: no secret in what is left"""
    ground.write("edited", "a\n", 0o600)
    ground.write("json", "{}\n", 0o600)
    manifest = json.loads(pathlib.Path(all_ways(ground)).read_text())
    manifest["actions"].append({"id": "kill", "action": "command.run", "depends_on": ["run", "check"], "with": {
        "argv": ["sh", "-c", f"test -e {ground.path('go')} || kill -9 $PPID"], "env": {"TOK": "${inputs.tok}"},
        "undo": {"argv": ["true"]}, "probe": {"argv": ["test", "-e", ground.path("go")]}}})
    killed = ground.run("apply", "--yes", ground.text("m.json", json.dumps(manifest)), environment=with_token(ground))
    expect_equal(killed.exit, 137, f"killed: {killed.shown()}")
    looked_for_in(ground, killed, "killed")
    (ground.target / "go").touch()
    back = ground.run("resume", "--back", "--yes", "-vv", "--lock-timeout", "10s", environment=with_token(ground))
    looked_for_in(ground, back, "resumed")
    for ran in reading_verbs(ground):
        looked_for_in(ground, ran, "resumed")


def security_24_for_one_child_only(ground):
    """A secret reaches the child that it is meant for, and no other one, nor by way of the parent"""
    needs("setpriv", root=True)
    ground.for_nobody()
    look = ("env; cat /proc/$PPID/environ 2>&1 | tr '\\0' '\\n'; tr '\\0' ' ' < /proc/$PPID/cmdline; "
            "ls -l /proc/self/fd /proc/$PPID/fd 2>&1; true")

    def command(name, script, **more):
        return {"id": name, "action": "command.run", "with": {
            "argv": ["sh", "-c", f"({script}) > {ground.path(name)}"], "undo": {"argv": ["true"]},
            "touches": [ground.path(name)], **more}}
    manifest = ground.manifest([
        command("meant", look, env={"TOK": "${inputs.tok}"}), {**command("other", look), "after": ["meant"]},
        {**command("probed", look, probe={"argv": ["sh", "-c", f"({look}) > {ground.path('probe')}; exit 1"]}), "after": ["other"]}],
        inputs=INPUTS)
    ground.run("apply", "--yes", manifest, before=AS_NOBODY, environment=with_token(ground))
    own = [line for line in ground.read("meant").splitlines() if CANARY in line]
    expect_equal(own, [f"TOK={CANARY}"], "what the child that it was meant for found")
    for name in ("other", "probed", "probe"):
        expect(len(ground.read(name)) > 50, f"{name} didn't look")
        expect(CANARY not in ground.read(name), f"{name} found the secret:\n{ground.read(name)}")
        ground.tried()


def security_25_headers_and_urls(ground):
    """Headers, passwords and queries of URLs are in no message, at any verbosity, whether the request works or not"""
    secret = "${inputs.tok}"
    for url in ("http://127.0.0.1:1/p", f"http://u:{secret}@127.0.0.1:1/p", f"http://127.0.0.1:1/p?key={secret}",
                f"http://u:{secret}@[bad/p", f"http://nowhere.invalid/?{secret}", f"gopher://u:{secret}@127.0.0.1/"):
        manifest = ground.manifest([{"id": "c", "action": "check", "with": {
            "http": url, "headers": {"Authorization": f"Bearer {secret}", "Cookie": secret}, "timeout": "2s"}}], inputs=INPUTS)
        for words in (["plan", "-vvv"], ["apply", "--yes", "-vvv"], ["apply", "--yes", "--json"]):
            ran = ground.run(*words, manifest, environment=with_token(ground))
            no_signal(ran, url)
            looked_for_in(ground, ran, url)
    literal = ground.manifest([{"id": "c", "action": "check", "with": {
        "http": f"http://user:{CANARY}@127.0.0.1:1/p?x=y@z", "headers": {"Authorization": CANARY}, "timeout": "2s"}}],
        verify=[{"http": f"http://user:{CANARY}@127.0.0.1:1/p"}])
    for words in (["plan"], ["apply", "--yes"], ["apply", "--yes", "-vvv"]):
        ran = ground.run(*words, literal)
        expect_in("127.0.0.1", ran.output + ran.errors, "the server's name")
        expect(CANARY not in ran.output + ran.errors, f"a password that is written in a URL or a header is shown: {ran.shown()}")
        ground.tried()


def security_26_core_files(ground):
    """With a secret in memory there is no core file, and no other process of the user's can read that memory"""
    needs("setpriv", root=True)
    ground.for_nobody()
    wait = {"id": "w", "action": "command.run", "with": {
        "argv": ["sh", "-c", f"touch {ground.path('begun')}; sleep 3"], "env": {"TOK": "${inputs.tok}"},
        "undo": {"argv": ["true"]}, "touches": [ground.path("begun")]}}
    manifest = ground.manifest([wait], inputs=INPUTS)
    for number in (signal.SIGSEGV, signal.SIGABRT, signal.SIGQUIT):
        (ground.target / "begun").unlink(missing_ok=True)
        running = subprocess.Popen(
            ["sh", "-c", "ulimit -c unlimited 2>/dev/null; exec \"$@\"", "sh", *AS_NOBODY, ground.program, "apply", "--yes", manifest,
             "--state-dir", str(ground.state / number.name)], env=with_token(ground), cwd=ground.target, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        end = time.monotonic() + 30
        while not (ground.target / "begun").exists() and running.poll() is None and time.monotonic() < end:
            time.sleep(0.02)
        expect(running.poll() is None, "it didn't get that far: " + (running.stdout.read() if running.poll() else b"").decode())
        limits = pathlib.Path(f"/proc/{running.pid}/limits").read_text()
        core = [line.split()[4:6] for line in limits.splitlines() if line.startswith("Max core file size")]
        expect_equal(core, [["0", "0"]], "the limit of core files")
        peek = subprocess.run([*AS_NOBODY, "cat", f"/proc/{running.pid}/environ"], capture_output=True, check=False)
        expect(CANARY.encode() not in peek.stdout, "another process of the user reads the environment")
        peek = subprocess.run([*AS_NOBODY, "head", "-c", "1", f"/proc/{running.pid}/mem"], capture_output=True, check=False)
        expect_in("ermission", peek.stderr.decode(), "reading its memory")
        os.kill(running.pid, number)
        running.communicate(timeout=30)
        left = [path.name for path in ground.folder.rglob("*core*")]
        expect(not left, f"a core file is left: {left}")
        ground.tried()


if __name__ == "__main__":
    sys.exit(main(globals()))
