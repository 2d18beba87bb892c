"""What the security checks share. A check is a function `security_NN_words(ground)` with a sentence as its docstring; NN is
its number in docs/SECURITY.md. It counts what it tries (`ground.tried`), for one that tried nothing has proved nothing."""

import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))

# pylint: disable=wrong-import-position,unused-import
from harness import (NOBODY, NOT_RUN, Box, Failure, Ran, differences, expect, expect_equal, expect_in,  # noqa: F401
                     expect_same_tree, kill_group, new_times, parser, scratch, snapshot, wait_until, write_action)

ATTACKER = NOBODY
OTHER = 4711
REFUSALS = (64, 65, 77)
AS_NOBODY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
PRIVATE_MOUNTS = ["unshare", "-m", "sh", "-c"]


class NotApplicable(Exception):
    """There is nothing yet that this check could be about. It says why."""


class NotHere(Exception):
    """What the check needs isn't on this machine."""


class Ground(Box):
    """A box with places outside the targets that nobody may reach, and a count of what was tried."""

    def __init__(self, program, folder, arguments):
        super().__init__(program, folder)
        self.arguments = arguments
        self.points = 0
        self.bad = []
        self.folder.chmod(0o755)
        self.target.chmod(0o755)

    def tried(self, count=1):
        self.points += count

    def wrong(self, text):
        """One more that is bad; the others are tried all the same."""
        self.bad.append(text)
        if self.arguments.first:
            raise Failure("one is enough")

    def outside(self, name="outside"):
        """A tree that looks just like a target, and isn't one."""
        tree = self.folder / name
        (tree / "sub").mkdir(parents=True)
        for file in ("f", "g", "sub/f"):
            (tree / file).write_text("canary\n")
            (tree / file).chmod(0o640)
        return tree

    def everything_but_state(self):
        return {name: entry for name, entry in snapshot(self.folder).items()
                if name != "state" and not name.startswith("state/") and name != "."}

    def apply(self, actions, *words, **more):
        return self.run("apply", "--yes", self.manifest(actions, **more.pop("manifest", {})), *words, **more)

    def for_nobody(self):
        """State and targets belong to an ordinary user."""
        self.state.mkdir(mode=0o700, exist_ok=True)
        for path in (self.state, self.target):
            os.chown(path, NOBODY, NOBODY)

    def in_private_mounts(self, script, *words, **more):
        """Runs `script` with mounts of its own; "$@" in it is the program with `words`."""
        return self.run(*words, before=[*PRIVATE_MOUNTS, script, "sh"], **more)


def needs(*programs, root=False):
    """Leaves the check out where it can't be made."""
    if root and os.geteuid() != 0:
        raise NotHere("needs root")
    for name in programs:
        if shutil.which(name) is None:
            raise NotHere(f"needs {name}")


def refused(ran, what, codes=REFUSALS):
    expect(ran.exit in codes, f"{what} was not refused: {ran.shown()}")
    expect(ran.errors.strip(), f"{what}: refused without a word")


def no_signal(ran, what):
    expect(ran.exit < 128, f"{what} was ended by a signal: {ran.shown()[-3000:]}")


def kinds_of(ground):
    return {line.split()[0] for line in ground.run("kinds").expect(0).output.splitlines() if line}


def not_before(ground, *kinds, reason):
    """Not applicable as long as none of the kinds is there; from then on the missing check is a failure."""
    there = kinds_of(ground)
    expect(len(there) > 5, f"these can't be all kinds: {there}")
    for kind in kinds:
        expect(kind not in there, f"there is a kind {kind} now: this check has to be written")
    raise NotApplicable(reason)


def peak_memory(argv, environment, cwd, timeout=300):
    """Exit status, error text and the most memory in use (MiB) of a program and what it waits for."""
    script = ("import json, resource, subprocess, sys; limit, argv = float(sys.argv[1]), sys.argv[2:]; "
              "ran = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=limit); "
              "print(json.dumps([ran.returncode, (ran.stderr + ran.stdout).decode('utf-8', 'replace')[-4000:], "
              "resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024]))")
    ran = subprocess.run([sys.executable, "-c", script, str(timeout), *argv], env=environment, cwd=cwd, capture_output=True,
                         text=True, check=False)
    expect("TimeoutExpired" not in ran.stderr, f"{argv[:3]} took longer than {timeout} s")
    code, words, peak = json.loads(ran.stdout)
    return (128 - code if code < 0 else code), words, peak


def canonical_digest(plan):
    """The digest of a plan, as the contract says: SHA-256 over all but `id`, `created` and itself."""
    bare = {key: value for key, value in plan.items() if key not in ("id", "created", "digest")}
    text = json.dumps(bare, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def touched(tree):
    """Everything of a tree with inodes and ctimes, which nobody can put back: also what was taken back again shows."""
    entries = snapshot(tree)
    for name, entry in entries.items():
        status = os.lstat(tree / name)
        entry["inode"], entry["ctime"] = status.st_ino, status.st_ctime_ns
    return entries


def arguments_of(description):
    result = parser(description)
    result.add_argument("--helpers", default="", help="where the helper programs of these tests are built")
    result.add_argument("--first", action="store_true", help="end a check at the first that is bad")
    result.add_argument("--full", action="store_true", help="many more rounds")
    return result.parse_args()


def run_one(check, arguments):
    """"PASS", "FAIL", "NOT RUN" or "NOT APPLICABLE", with the reason and the ground."""
    with scratch(prefix="backout-security-", memory=getattr(check, "in_memory", False)) as folder:
        ground = Ground(arguments.program, folder, arguments)
        try:
            check(ground)
            expect(not ground.bad, f"{len(ground.bad)} of {ground.points} bad:\n  " + "\n  ".join(ground.bad[:20]))
            expect(ground.points > 0, "nothing was tried")
            return "PASS", "", ground
        except NotApplicable as reason:
            return "NOT APPLICABLE", str(reason), ground
        except NotHere as reason:
            return "NOT RUN", str(reason), ground
        except Failure as failure:
            return "FAIL", "\n  ".join([str(failure), *ground.bad[:20]]), ground
        except Exception:  # whatever it is, the others are run too
            return "FAIL", traceback.format_exc(), ground


def main(module):
    """Runs the module's checks, prints a table line for each, and returns the exit status."""
    checks = [value for name, value in sorted(module.items()) if name.startswith("security_")]
    arguments = arguments_of(module["__doc__"])
    wanted = [check for check in checks if arguments.only in check.__name__]
    if arguments.list:
        print("\n".join(check.__name__ for check in wanted))
        return 0
    if not wanted:
        print("no check has such a name")
        return 64
    outcomes = []
    for check in wanted:
        begun = time.monotonic()
        verdict, reason, ground = run_one(check, arguments)
        outcomes.append(verdict)
        print(f"{verdict} {check.__name__}: {(check.__doc__ or '').strip()}" + (f"\n{reason}" if reason else ""))
        bad = max(len(ground.bad), 1) if verdict == "FAIL" else 0
        if verdict in ("PASS", "FAIL"):
            print(f"table: {check.__name__} | {ground.points} | {bad} | {time.monotonic() - begun:.1f}", flush=True)
    if "FAIL" in outcomes:
        return 1
    return 0 if "PASS" in outcomes else NOT_RUN
