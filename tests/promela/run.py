#!/usr/bin/env python3
"""Checks the Promela model in this folder with spin: the protocol holds, and with any one rule removed it doesn't.

Usage: run.py [protocol] [reachable] [broken] [full]       (default: the first three)

  protocol   every state within the bounds; any error fails
  reachable  what the protocol's checks are about does happen; a case that can't be reached fails
  broken     one rule removed at a time; a variant that gives no error fails
  full       the protocol within larger bounds: minutes, and up to 4 GB

Prints for each case its states, errors, seconds and megabytes. Exit status: 0 as expected, 1 not, 64 wrong usage,
77 spin or gcc is missing (ctest shows the test as skipped).
"""

import pathlib
import re
import resource
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
MODEL = HERE / "backout.pml"
MEBIBYTES = 1500
MEBIBYTES_FULL = 4000

# (what is checked, bounds)
PROTOCOL = [
    ("a window of two, then a tearable step; 3 crashes", "SHAPE=3 CRASHES=3"),
    ("the same with somebody else writing; 2 crashes", "SHAPE=3 CRASHES=2 FOREIGN"),
    ("a tearable step, then a window of two; 1 crash", "SHAPE=5 CRASHES=1 FOREIGN"),
    ("three atomic steps in a chain; 1 crash", "SHAPE=4 CRASHES=1 FOREIGN"),
    ("an atomic step, then a tearable one; 5 crashes", "SHAPE=1 CRASHES=5"),
    ("it ends: no cycle, whatever happens", "SHAPE=1 CRASHES=2 FOREIGN ENDS"),
]
FULL = [
    ("a window of two, then a tearable step; 4 runs", "SHAPE=3 CRASHES=3 RUNS=4"),
    ("the same with somebody else writing; 3 crashes", "SHAPE=3 CRASHES=3 FOREIGN"),
    ("a tearable step, then a window of two; 2 crashes", "SHAPE=5 CRASHES=2 FOREIGN"),
    ("three atomic steps in a chain; 2 crashes", "SHAPE=4 CRASHES=2 FOREIGN"),
    ("it ends: no cycle, whatever happens", "SHAPE=3 CRASHES=1 FOREIGN ENDS"),
]
REACHABLE_BOUNDS = "WITNESSES SHAPE=3 CRASHES=1 FOREIGN ONE_EXECUTOR"
# By the number that world.pml, acting.pml and executor.pml give them.
REACHABLE = {
    1: "a rollback is taken back",
    2: "a rollback is turned round",
    3: "a conflict is named going back",
    4: "a conflict is named in a rollback",
    5: "a conflict is named in a redo",
    6: "what came out of an exchange is given back",
    7: "a person's repair of a tear is saved",
    8: "a run that goes back is turned forward",
}
# (the rule as the model's switch, what is missing, bounds in which that must show). ONLY_HARM: not in the breach of the
# rule itself, but in what becomes of the world. FIRST: stop at the first error; two at once have too many states.
ALONE = "ONLY_HARM ONE_EXECUTOR"
BROKEN = [
    ("NO_BARRIER1", "staged data isn't synced before the intent", f"SHAPE=2 CRASHES=1 {ALONE}"),
    ("NO_BARRIER2", "names aren't synced before the outcome", f"SHAPE=2 CRASHES=1 {ALONE}"),
    ("INTENT_LATE", "the intent comes after the effect", f"SHAPE=1 CRASHES=1 {ALONE}"),
    ("NO_UNDO_INTENT", "an undo has no intent", f"SHAPE=1 CRASHES=1 RUNS=2 {ALONE}"),
    ("NO_LOOK", "no look before an exchange", f"SHAPE=2 CRASHES=1 {ALONE}"),
    ("NO_LOOK_AFTER", "no look at what came out", f"SHAPE=2 CRASHES=0 RUNS=1 FOREIGN {ALONE}"),
    ("NO_SYNC_OF_SEEN", "what was seen is recorded unsynced", f"SHAPE=2 CRASHES=1 RUNS=2 {ALONE}"),
    ("NO_SYNC_OF_CONFLICT", "a conflict is recorded unsynced", f"SHAPE=2 CRASHES=1 RUNS=1 FOREIGN {ALONE}"),
    ("NO_SYNC_OF_GIVEN_BACK", "what is given back isn't synced", f"SHAPE=2 CRASHES=1 RUNS=1 FOREIGN {ALONE}"),
    ("NO_ABORTING_RECORD", "the direction is a guess", f"SHAPE=1 CRASHES=1 {ALONE}"),
    ("NO_RESUMED_RECORD", "acts on a journal's tail that isn't durable", f"SHAPE=2 CRASHES=2 RUNS=2 {ALONE}"),
    ("COMMIT_ERROR_IGNORED", "goes on after a failed commit", f"SHAPE=2 CRASHES=2 RUNS=1 {ALONE}"),
    ("IMAGE_CONSUMED", "an undo uses its image up", f"SHAPE=2 CRASHES=0 {ALONE}"),
    ("TEAR_NOT_SAVED", "a repair of a tear is overwritten", f"SHAPE=1 CRASHES=1 RUNS=1 FOREIGN {ALONE}"),
    ("TURN_OVER_CONFLICT", "turns forward over a conflict", f"SHAPE=2 CRASHES=2 RUNS=1 FOREIGN {ALONE}"),
    ("CONFLICT_TRIED_AGAIN", "a conflict is tried for ever", f"SHAPE=2 CRASHES=0 RUNS=1 FOREIGN ENDS {ALONE}"),
    ("NO_LEASE", "two executors at once; the rule", "SHAPE=2 CRASHES=0 RUNS=1 FIRST"),
    ("NO_LEASE", "two executors at once; the harm", "SHAPE=2 CRASHES=0 RUNS=1 ONLY_HARM FIRST"),
    ("LEASE_STAYS", "the lease outlives its holder", f"SHAPE=2 CRASHES=1 RUNS=1 {ALONE}"),
]


class Failed(Exception):
    pass


def call(command, folder):
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def build(folder, switches, limit, optimize):
    """The verifier for one set of switches, in `folder`."""
    options = [f"-D{switch}" for switch in switches.split() if switch not in ("ENDS", "FIRST")]
    status, output = call(["spin", *options, "-a", str(MODEL)], folder)
    if status != 0 or re.search(r"\bError\b", output):
        raise Failed(f"spin can't read the model with {switches}:\n{output[:2000]}")
    search = "-DNP" if "ENDS" in switches.split() else "-DSAFETY"
    gcc = ["gcc", optimize, "-w", search, "-DCOLLAPSE", f"-DMEMLIM={limit}", "-o", "pan", "pan.c"]
    status, output = call(gcc, folder)
    if status != 0:
        raise Failed(f"gcc can't compile spin's verifier with {switches}:\n{output[:2000]}")
    return options


def number(pattern, text, switches):
    found = re.search(pattern, text, re.MULTILINE)
    if not found:
        raise Failed(f"the verifier didn't end with {switches}:\n{text[-2000:]}")
    return float(found[1])


def children_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def search(folder, switches):
    """Walks through all states and counts all errors; or, with FIRST, stops at one."""
    command = ["./pan", "-n", "-b", "-c1" if "FIRST" in switches.split() else "-c0", "-m1000000", "-w20"]
    if "ENDS" in switches.split():
        command.insert(1, "-l")
    before = children_seconds()
    _, text = call(command, folder)
    cut_off = re.search(r"Search not completed|out of memory|max search depth too small", text)
    if cut_off and "FIRST" not in switches.split():
        raise Failed(f"the search with {switches} was not complete:\n{text[:2000]}")
    return {
        "states": int(number(r"^\s*([\d.e+]+) states, stored", text, switches)),
        "errors": int(number(r"errors: (\d+)", text, switches)),
        "seconds": children_seconds() - before,
        "megabytes": number(r"([\d.]+)\s+total actual memory usage", text, switches),
        "text": text,
    }


def replay(folder, options):
    _, text = call(["spin", *options, "-k", "backout.pml.trail", "-p", "-g", "-l", str(MODEL)], folder)
    return text[-6000:]


def explore(switches, limit, optimize):
    with tempfile.TemporaryDirectory(prefix="backout-promela-") as folder:
        options = build(folder, switches, limit, optimize)
        found = search(folder, switches)
        found["replay"] = replay(folder, options) if found["errors"] > 0 else ""
    return found


def report(name, as_expected, found):
    print(f"{'ok  ' if as_expected else 'FAIL'} {name:<67} {found['states']:>9} states {found['errors']:>6} errors "
          f"{found['seconds']:>6.1f} s {found['megabytes']:>5.0f} MB", flush=True)


def holds(cases, limit):
    """Each of these functions returns how many cases ended otherwise than expected."""
    failures = 0
    for name, switches in cases:
        found = explore(switches, limit, "-O1")
        report(name, found["errors"] == 0, found)
        if found["errors"] > 0:
            failures += 1
            print("\n".join(re.findall(r"^pan:\d+: .*", found["text"], re.MULTILINE)[:5]))
            print(found["replay"])
    return failures


def is_reachable():
    found = explore(REACHABLE_BOUNDS, MEBIBYTES, "-O0")
    reached = {int(what) for what in re.findall(r"assertion violated\s+!\(?(\d+)\)?", found["text"])}
    report(f"{len(reached)} of {len(REACHABLE)} happen", reached == set(REACHABLE), found)
    for what in sorted(set(REACHABLE) - reached):
        print(f"     never: {REACHABLE[what]}")
    return 0 if reached == set(REACHABLE) else 1


def breaks():
    failures = 0
    for flag, name, bounds in BROKEN:
        found = explore(f"{flag} {bounds}", MEBIBYTES, "-O0")
        report(f"{flag}: {name}", found["errors"] > 0, found)
        if found["errors"] == 0:
            failures += 1
            print(f"     nothing was found with {bounds}: the model doesn't know what this rule is for")
    return failures


GROUPS = {
    "protocol": lambda: holds(PROTOCOL, MEBIBYTES),
    "reachable": is_reachable,
    "broken": breaks,
    "full": lambda: holds(FULL, MEBIBYTES_FULL),
}


def run_group(group):
    print(f"{group}:", flush=True)
    return GROUPS[group]()


def main(arguments):
    groups = arguments or ["protocol", "reachable", "broken"]
    unknown = [group for group in groups if group not in GROUPS]
    if unknown:
        print(f"run.py: unknown group '{unknown[0]}': protocol, reachable, broken or full", file=sys.stderr)
        return 64
    missing = [program for program in ("spin", "gcc") if not shutil.which(program)]
    if missing:
        print(f"run.py: skipped: {' and '.join(missing)} not found; install with apt-get install {' '.join(missing)}",
              file=sys.stderr)
        return 77
    try:
        failures = sum(run_group(group) for group in groups)
    except Failed as failure:
        print(f"run.py: {failure}", file=sys.stderr)
        return 1
    print("all as expected" if failures == 0 else f"{failures} not as expected")
    return 0 if failures == 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
