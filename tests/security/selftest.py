#!/usr/bin/env python3
"""The security checks prove themselves: each of these, run against a careless program, must be red, and for the right
reason. Everything but a scratch folder is mounted read-only meanwhile."""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
NOT_RUN = 77

RED = [("paths", "01", r"escaped|plan says"), ("race", "02_a_racing_swapper_against_root", r"escaped|read outside"),
       ("paths", "03", "was not refused"), ("paths", "04", "escaped|exit 0"), ("files", "06", "by path"),
       ("files", "07", "in place|second name"), ("files", "08_temporary", "not exclusive"),
       ("archives", "09_archive_traps", "was not refused|escaped"), ("plan", "14", "was not refused"), ("plan", "16", "was not refused"),
       ("plan", "17", "it was run|what the program was given"), ("state", "18", "was not refused"), ("state", "19", r" has 6|a new file's mode"),
       ("state", "21", "could read"), ("secrets", "23_the_canary", "is in what"), ("secrets", "24", "found the secret"),
       ("secrets", "25", "is in what"), ("commands", "27", "the words"), ("commands", "28", r"LD_|CANARY_VARIABLE|was run"),
       ("commands", "29", "has descriptor"), ("commands", "31", "SigIgn"), ("commands", "34", "was run"), ("http", "35", "has to be written"),
       ("http", "38", "has to be written"), ("http", "39", "has to be written"), ("lifecycle", "40", "75"), ("lifecycle", "43", "order"),
       ("lifecycle", "44", "isn't what somebody"), ("errors", "49", "left a trace"), ("errors", "50", "no PIE")]

LOCK_UP = ("mount --make-rprivate / && mount --bind {scratch} {scratch} && mount -t tmpfs none /dev/shm && "
           "awk '{{print $2}}' /proc/self/mounts | sort -r | while read at; do case \"$at\" in /proc*|/sys*|/dev/shm|{scratch}) ;; "
           "*) mount -o remount,ro,bind \"$at\" 2>/dev/null;; esac; done; ! touch /etc/backout-selftest 2>/dev/null && exec \"$@\"")


def locked_up(scratch, argv):
    script = LOCK_UP.format(scratch=scratch)
    return subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", *argv], capture_output=True, text=True, check=False, timeout=90,
                          env={**os.environ, "TMPDIR": scratch})


def one(scratch, arguments, file, number, reason):
    """None if the check is red for its reason."""
    program = os.path.join(arguments.helpers, "security_unhardened") if number == "50" else str(HERE / "careless.py")
    try:
        ran = locked_up(scratch, [sys.executable, "-B", str(HERE / f"{file}_test.py"), "--program", program, "--helpers", arguments.helpers,
                                  "--only", f"security_{number}", "--first"])
    except subprocess.TimeoutExpired:
        return f"security_{number} takes too long"
    failed = re.search(rf"^FAIL security_{number}.*", ran.stdout, re.MULTILINE | re.DOTALL)
    if failed and re.search(reason, failed[0]):
        print(f"RED security_{number}", flush=True)
        return None
    return f"security_{number} is not red because of '{reason}':\n{(ran.stdout + ran.stderr)[-1500:]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", help="not used: these run against the careless one")
    parser.add_argument("--helpers", default="")
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], check=False).returncode != 0:
        print("needs root and mounts of its own: a careless program is run on read-only ones only")
        return NOT_RUN
    begun, bad = time.monotonic(), []
    scratch = subprocess.run(["mktemp", "-d", "/tmp/backout-selftest-XXXXXX"], capture_output=True, text=True, check=True).stdout.strip()
    os.chmod(scratch, 0o755)
    wanted = [red for red in RED if arguments.only in red[1]]
    try:
        for red in wanted:
            text = one(scratch, arguments, *red)
            if text:
                bad.append(text)
                print(text, flush=True)
    finally:
        subprocess.run(["rm", "-rf", scratch], check=False)
    print(f"table: security_selftest | {len(wanted)} | {len(bad)} | {time.monotonic() - begun:.1f}")
    return 1 if bad or not wanted else 0


if __name__ == "__main__":
    sys.exit(main())
