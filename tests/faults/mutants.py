#!/usr/bin/env python3
"""Proves the fault tests: every sync, commit and order that a promise rests on (src/base/mutation.h) is left out in
turn, and some test must go red.

  mutants.py --build FOLDER --crashlab CRASHLAB [--only REGEX] [--jobs N]

FOLDER holds a build with -DBACKOUT_MUTANTS=ON, which this makes if it is missing. A mutant that survives every
detector fails this test, unless it stands in SURVIVORS with the reason why nothing can be lost by it; one that stands
there and is found nevertheless fails it, too. Needs root, as power cuts do.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
CHECKOUT = HERE.parent.parent
NOT_RUN = 77

# Name: why nothing can be lost by it, though it isn't there. Empty is the aim.
SURVIVORS = {}


def power(*scenarios, disk="ext4"):
    words = ["powercut_test.py", "--disk", disk]
    for scenario in scenarios:
        words += ["--scenario", scenario]
    return words


# From quick to slow; the first that goes red is enough. FIRST: what is most likely to find mutants of a room.
DETECTORS = [
    power("several"),
    power("rollback_of_several"),
    power("file_write_create", "file_write_parents"),
    power("command_run", "command_everywhere"),
    power("dir_sync", "archive_extract_over", "flagged", "failing"),
    power("rollback_of_dir_sync", "file_move", "file_attributes"),
    power("several", "dir_sync", disk="ext4-writeback"),
    power("several", "file_write_create", disk="ext4-apart"),
    power("file_write_create", "several", disk="xfs"),
]
FIRST = {"journal": [2], "images": [2, 7], "host": [0, 3], "kinds": [0, 4, 5], "engine": [0, 3]}


def names():
    """Every mutant that the sources know, without doubles."""
    found = set()
    for room in ("src", "journal", "compensators"):
        for path in sorted((CHECKOUT / room).rglob("*.cpp")):
            found.update(re.findall(r'left_out\("([^"]+)"\)', path.read_text()))
    return sorted(found)


def build(folder):
    """The program alone, with the switch. Says nothing unless it fails."""
    configure = ["cmake", "-S", CHECKOUT, "-B", folder, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug", "-DBACKOUT_PCH=ON",
                 "-DBACKOUT_TESTS=OFF", "-DBACKOUT_MUTANTS=ON"]
    for words in (configure, ["cmake", "--build", folder, "--target", "backout"]):
        ended = subprocess.run(words, capture_output=True, text=True, check=False)
        if ended.returncode != 0:
            sys.exit(f"building the mutants failed:\n{ended.stdout[-4000:]}{ended.stderr[-4000:]}")
    return pathlib.Path(folder) / "bin" / "backout"


def wrapper(folder, program, name):
    """A program that is the mutant: tests clean the environment, so that it has to bring its own."""
    path = pathlib.Path(folder) / f"backout-{name}"
    path.write_text(f"#!/bin/sh\nBACKOUT_MUTANT='{name}' exec '{program}' \"$@\"\n")
    path.chmod(0o755)
    return path


def red(words, program, crashlab):
    """Whether the detector notices. One that can't run here is no verdict."""
    argv = [sys.executable, "-B", HERE / words[0], "--program", program, "--crashlab", crashlab, "--jobs", "1", *words[1:]]
    ended = subprocess.run(argv, capture_output=True, text=True, check=False)
    if ended.returncode == NOT_RUN:
        raise RuntimeError("a detector can't run here: " + ended.stdout.strip()[-300:])
    return ended.returncode != 0


def ordered(name):
    first = FIRST.get(name.split(".")[0], [])
    return [DETECTORS[i] for i in first] + [one for i, one in enumerate(DETECTORS) if i not in first]


def hunt(name, program, crashlab, folder):
    begun = time.monotonic()
    mutant = wrapper(folder, program, name)
    for detector in ordered(name):
        if red(detector, mutant, crashlab):
            return name, " ".join(detector), time.monotonic() - begun
    return name, None, time.monotonic() - begun


def check_detectors(program, crashlab, folder):
    """Without a mutant all of them must be green: else being red says nothing."""
    sound = wrapper(folder, program, "none")
    return [" ".join(one) for one in DETECTORS if red(one, sound, crashlab)]


def report(found):
    wrong = 0
    for name, detector, seconds in sorted(found):
        reason = SURVIVORS.get(name)
        verdict = f"found by {detector}" if detector else f"SURVIVED: {reason or 'nothing noticed'}"
        wrong += (detector is None) != (reason is not None)
        print(f"  {name:36} {seconds:6.1f} s  {verdict}")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("--crashlab", required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    if os.geteuid() != 0:
        print("NOT RUN: power cuts need root")
        return NOT_RUN
    begun = time.monotonic()
    program = build(arguments.build)
    wanted = [name for name in names() if re.search(arguments.only, name)]
    with tempfile.TemporaryDirectory() as folder:
        broken = check_detectors(program, arguments.crashlab, folder)
        if broken:
            print("red without any mutant: " + "; ".join(broken))
            return 1
        with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
            found = list(pool.map(lambda name: hunt(name, program, arguments.crashlab, folder), wanted))
    wrong = report(found)
    print(f"table: durability mutants | {len(found)} | {wrong} | {time.monotonic() - begun:.0f}")
    return 1 if wrong or not found else 0


if __name__ == "__main__":
    sys.exit(main())
