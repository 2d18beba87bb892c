"""What the fault tests share: options, a list of jobs on several processors, and how their results are told."""

import concurrent.futures
import os
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

import harness  # noqa: E402  the tests from outside are next door
import scenarios  # noqa: E402
import sweep  # noqa: E402

# All that a file or a tree can go through, in as few scenarios as possible: what is short of time takes these.
MIXED = ("several", "failing", "dir_sync", "archive_extract_over", "flagged", "rollback_of_several",
         "rollback_of_dir_sync", "file_write_create")


def parser(description):
    result = harness.parser(description)
    result.add_argument("--crashlab", required=True, help="the program crashlab; its libraries lie beside it")
    result.add_argument("--full", action="store_true", help="every point of every scenario")
    result.add_argument("--scenario", action="append", help="only these; may be repeated")
    result.add_argument("--stride", type=int, default=0, help="every N-th point (0: as the tier has it)")
    result.add_argument("--jobs", type=int, default=os.cpu_count())
    result.add_argument("--self-test", action="store_true",
                        help="with a world that is broken on purpose: succeeds if the defect is found")
    return result


def broken(arguments, box, what):
    """The program in a world that lies to it: see tools/crashlab/broken_world.cpp."""
    library = pathlib.Path(arguments.crashlab).resolve().parent / "libcrashlab_broken.so"
    box.environment = {**box.environment, "LD_PRELOAD": str(library), "CRASHLAB_BROKEN": what}


class Findings:
    """What came out of a number of points."""

    def __init__(self):
        self.points = 0
        self.bad = []

    def add(self, points, bad):
        self.points += points
        self.bad += bad


def each(function, jobs, workers, initializer=None, arguments=()):
    """Runs function(job) → (points, failures) in processes of their own; the results as they come."""
    if workers <= 1 and initializer is None:
        yield from map(function, jobs)
        return
    with concurrent.futures.ProcessPoolExecutor(max(1, workers), initializer=initializer, initargs=arguments) as pool:
        for done in concurrent.futures.as_completed([pool.submit(function, job) for job in jobs]):
            yield done.result()


def conclude(name, findings, begun, self_test, most_shown=5):
    """Prints the failures and the line for the table; returns the exit status."""
    for failure in findings.bad[:most_shown]:
        print("\nBAD " + failure[:150 if self_test else 4000], flush=True)
    if len(findings.bad) > most_shown:
        print(f"\n… and {len(findings.bad) - most_shown} more")
    sweep.table(name + (" (broken on purpose)" if self_test else ""), findings.points, len(findings.bad), begun)
    if findings.points == 0:
        print("nothing was tried")
        return 1
    if self_test:
        print("the defect was found" if findings.bad else "the defect was NOT found: this test proves nothing")
        return 0 if findings.bad else 1
    return 1 if findings.bad else 0


def refuse_unless_watchable(arguments):
    """Ends the test as skipped where no program can be watched."""
    why_not = sweep.Crashlab(arguments.crashlab).why_not()
    if why_not is not None:
        print("NOT RUN: programs can't be watched here: " + why_not)
        sys.exit(harness.NOT_RUN)


def enter_own_mounts():
    """What this test mounts is seen by nobody else, and goes away with it, however it ends. Skips without root."""
    if os.geteuid() != 0:
        print("NOT RUN: mounting needs root")
        sys.exit(harness.NOT_RUN)
    if os.environ.get("BACKOUT_OWN_MOUNTS") == "yes":
        return
    os.environ["BACKOUT_OWN_MOUNTS"] = "yes"
    words = ["unshare", "--mount", "--propagation", "private"]
    if subprocess.run([*words, "true"], capture_output=True, check=False).returncode != 0:
        print("NOT RUN: a mount namespace of its own isn't given here")
        sys.exit(harness.NOT_RUN)
    os.execvp(words[0], [*words, sys.executable, "-B", *sys.argv])


def chosen(arguments, normal):
    return arguments.scenario or (list(scenarios.SCENARIOS) if arguments.full else list(normal))


class Clock:
    """Since when this test is at work."""

    def __init__(self):
        self.begun = time.monotonic()

    def shown(self):
        return f"{time.monotonic() - self.begun:.1f} s"
