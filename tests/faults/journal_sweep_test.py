#!/usr/bin/env python3
"""Real journals damaged in thousands of ways, each opened in a process of its own as readers and executors do: single
bits, cuts, pages swapped, lost and written over, single writes lost, and so on for the other files. See journal_sweep.cpp
for what is right and wrong.

  journal_sweep_test.py --program backout --sweep journal_sweep [--bits N] [--most N] [--seed N] [--full]
  journal_sweep_test.py --program backout --sweep journal_sweep --self-test

--full: every bit, every length, every two pages. --self-test: a reader without checks must be found wanting.
"""

import os
import random
import re
import subprocess
import sys

from journals import Journal
from table import Table

from harness import Box, Failure, expect, parser, scratch

ENDED = re.compile(r"sweep: tried=(\d+) wrong=(\d+)")


class Sweeps:
    def __init__(self, arguments, table):
        self.arguments = arguments
        self.table = table

    def journal(self, folder, unfinished):
        box = Box(self.arguments.program, folder)
        journal = Journal(box)
        journal.finished_runs()
        if unfinished:
            journal.unfinished_run()
        return journal

    def sweep(self, name, unfinished, *flags):
        """One journal, all rows of damages; its report is printed."""
        with scratch(prefix="backout-sweep-", memory=True) as folder:
            journal = self.journal(folder, unfinished)
            words = [self.arguments.sweep, "--state", journal.box.state, "--work", folder, "--jobs",
                     str(self.arguments.jobs), "--seed", str(self.arguments.seed), *flags]
            for copy in journal.copies:
                words += ["--older", copy]
            ran = subprocess.run(list(map(str, words)), capture_output=True, check=False)
        output = ran.stdout.decode()
        print(f"{name}:\n{output}", flush=True)
        found = ENDED.search(output)
        expect(found and int(found[1]) > 0, f"{name}: nothing was tried: {output}{ran.stderr.decode()}")
        return int(found[1]), int(found[2])

    def judged(self, name, unfinished, *flags):
        tried, wrong = self.sweep(name, unfinished, *flags)
        self.table.points += tried
        self.table.bad += wrong

    def few(self, bits, most):
        """How many of each row; nothing for all."""
        return [] if self.arguments.full else ["--bits", bits, "--most", most]

    def all(self):
        bits, most = self.arguments.bits, self.arguments.most
        self.judged("finished runs", False, *self.few(bits // 2, most))
        self.judged("an unfinished run", True, *self.few(bits - bits // 2, most))
        self.judged("read where it is", True, "--in-place", "--only", "data.mdb", *self.few(bits // 10, most))

    def self_test(self):
        """A reader without checks gives wrong answers, and is ended by signals."""
        for flags in (["--only", "bits of data.mdb", "--bits", "1500"], ["--only", "page moves", "--most", "300"]):
            tried, wrong = self.sweep("without checks", False, "--naive", *flags)
            self.table.points += tried
            if wrong == 0:
                self.table.bad += 1


def main():
    options = parser(__doc__)
    options.add_argument("--sweep", required=True, type=os.path.abspath)
    options.add_argument("--bits", type=int, default=5000, help="flipped bits of data.mdb, both journals together")
    options.add_argument("--most", type=int, default=150, help="of each other row")
    options.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**9))
    options.add_argument("--jobs", type=int, default=2)
    options.add_argument("--full", action="store_true")
    options.add_argument("--self-test", action="store_true")
    arguments = options.parse_args()
    table = Table("journal_sweep_self_test" if arguments.self_test else "journal_sweep")
    sweeps = Sweeps(arguments, table)
    try:
        sweeps.self_test() if arguments.self_test else sweeps.all()
    except Failure as failure:
        print(f"FAIL {failure}")
        table.bad += 1
    table.show()
    return 1 if table.bad or not table.points else 0


if __name__ == "__main__":
    sys.exit(main())
