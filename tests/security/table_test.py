#!/usr/bin/env python3
"""docs/SECURITY.md, the checks themselves and what ctest runs agree: fifty numbers, each with a test, none left out.

  table_test.py CHECKOUT
"""

import pathlib
import re
import sys

CHECK = re.compile(r"^def (security_\d\d_\w+)\(", re.MULTILINE)


def main():
    checkout = pathlib.Path(sys.argv[1])
    folder = checkout / "tests/security"
    written = {name for path in folder.glob("*_test.py") for name in CHECK.findall(path.read_text())}
    build = (folder / "CMakeLists.txt").read_text()
    page = (checkout / "docs/SECURITY.md").read_text()
    problems = [f"{name} is not run by ctest" for name in written if not re.search(rf"\b{name[9:]}\b", build)]
    problems += [f"{name} is not in docs/SECURITY.md" for name in written if f"`{name}`" not in page]
    problems += [f"there is no {name}, which docs/SECURITY.md names" for name in set(re.findall(r"`(security_\d\d_\w+)`", page)) - written]
    numbers = {int(name[9:11]) for name in written}
    problems += [f"no check has the number {number}" for number in range(1, 51) if number not in numbers]
    problems += [f"docs/SECURITY.md has no row {number}" for number in range(1, 51) if f"\n| {number} |" not in page]
    print("\n".join(sorted(problems)) or f"{len(written)} checks, 50 numbers")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
