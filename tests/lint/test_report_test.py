#!/usr/bin/env python3
"""tools/test-report shows the fault tests' table, names what was skipped, as a whole or in part, and is silent else."""

import pathlib
import subprocess
import sys
import tempfile

SKIPPED = """<testcase name="kill_sweep" status="notrun"><skipped message="SKIP_RETURN_CODE=77"/>
<system-out>NOT RUN: programs can't be watched here: no ptrace
</system-out></testcase>
<testcase name="Disk.Lists" status="notrun"><skipped message="SKIP_REGULAR_EXPRESSION_MATCHED"/>
<system-out>[ RUN      ] Disk.Lists
/a/b_test.cpp:222: Skipped
the file system has no access lists

[  SKIPPED ] Disk.Lists (0 ms)
</system-out></testcase>
<testcase name="mute" status="notrun"><skipped message="SKIP_RETURN_CODE=77"/></testcase>
<testcase name="not_permitted" status="run"><system-out>PASS one: about NOT RUN
NOT RUN two: needs root
</system-out></testcase>
"""
RUN = """<testcase name="good" status="run"><system-out>PASS one (0.1 s)
</system-out></testcase>
<testcase name="bad" status="fail"><failure message=""/></testcase>
"""
FAULTS = """<testcase name="fault_b" status="run"><system-out>noise
table: power cuts | 120 | 0 | 3.5
table: b | 7 | 1 | 0.2
</system-out></testcase>
"""
TABLE = """fault test   points tried    bad   seconds
b                       7      1       0.2
power cuts            120      0       3.5
all                   127      1       3.7
"""
WANTED = """3 of 6 tests were skipped:
  kill_sweep: programs can't be watched here: no ptrace
  Disk.Lists: the file system has no access lists
  mute: no reason given
1 of 6 tests left out a part:
  not_permitted: two: needs root
"""


def said(program, text):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "tests.xml"
        path.write_text(text, encoding="utf-8")
        ran = subprocess.run([sys.executable, "-B", program, str(path)], capture_output=True, text=True, check=False)
        return ran.returncode, ran.stdout


def main():
    program = sys.argv[1]
    wrong = []
    for text, wanted in ((f"<testsuite>{SKIPPED}{RUN}</testsuite>", (0, WANTED)),
                         (f"<testsuite>{RUN}</testsuite>", (0, "")),
                         (f"<testsuite>{RUN}{FAULTS}</testsuite>", (0, TABLE)), ("<testsuite>", (1, ""))):
        found = said(program, text)
        if found != wanted:
            wrong.append(f"expected {wanted}\nfound {found}")
    print("\n".join(wrong) or "as expected")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
