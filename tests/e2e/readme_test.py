#!/usr/bin/env python3
"""Runs the commands of README.md's console blocks, one after the other as a reader would, and compares what they print
with what is written there; times and names of runs may differ. --write writes down what they print.

Also: every link in the documentation leads somewhere, and every verb, flag and kind that it names is there."""

import contextlib
import pathlib
import re
import shutil
import subprocess
import sys

from harness import CHECKOUT, Box, expect, expect_equal, expect_same_tree, parser, run_tests, scratch, wait_until

BLOCK = re.compile(r"(?ms)^```console\n(.*?)^```$")
MARK = "---8<---"
PLAIN = [
    (re.compile(r"\br-\d+-[0-9a-z]+\b"), "r-N"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z"), "TIME"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "DIGEST"),
    (re.compile(r"\bpid \d+\b"), "pid N"),
    (re.compile(r"(?:<|\b)[0-9]+(?:\.[0-9]+)?(?:ms|us|s)\b"), "DURATION"),
]


def commands_of(block):
    """(command, lines that are to be printed)."""
    commands = []
    for line in block.splitlines():
        if line.startswith("$ "):
            commands.append((line[2:], []))
        else:
            expect(commands, f"a console block begins with a command: {line}")
            commands[-1][1].append(line)
    return commands


def plain(lines):
    text = "\n".join(line.rstrip() for line in lines).strip("\n")
    for pattern, word in PLAIN:
        text = pattern.sub(word, text)
    return text


class Reader:
    """Somebody with a fresh checkout."""

    def __init__(self, box, checkout):
        self.box = box
        self.folder = box.folder / "backout"
        (self.folder / "tools").mkdir(parents=True)
        shutil.copytree(checkout / "examples", self.folder / "examples",
                        ignore=shutil.ignore_patterns("scratch", "build"))
        program = self.folder / "tools" / "backout"
        program.write_text(f'#!/bin/sh\nexec "{box.program}" "$@"\n')
        program.chmod(0o755)

    def run(self, blocks):
        """What each command prints, in one shell."""
        # The mark must not swallow the status that the next command may ask for.
        script = "".join(
            f"{command}\ncode=$?\necho '{MARK}'\n(exit $code)\n" for block in blocks for command, _ in commands_of(block))
        environment = {**self.box.environment, "USER": "reader"}
        ended = subprocess.run(["bash", "-c", script], cwd=self.folder, env=environment, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=200)
        text = ended.stdout.decode()
        # What is said of the file system belongs to this machine.
        text = re.sub(r"(?m)^warning: the file system at .*\n\n?", "", text)
        text = text.replace(str(self.folder) + "/", "")
        # A long line is cut off, and where depends on the folder's length.
        text = re.sub(r"touches \[[^\]\n]*?(?:\]|…)(?=:)", "touches …", text)
        text = re.sub(r"bash: line \d+: +\d+ (Killed) .*\n", r"\1\n", text)
        return [part.strip("\n").splitlines() for part in text.split(MARK)[:-1]]


def readme_transcripts(box):
    """The transcripts of README.md are what the program prints"""
    text = (CHECKOUT / "README.md").read_text()
    blocks = BLOCK.findall(text)
    expect(len(blocks) >= 4, "README.md has hardly any transcripts")
    printed = iter(Reader(box, CHECKOUT).run(blocks))
    problems = []
    for block in blocks:
        for command, wanted in commands_of(block):
            found = plain(next(printed))
            if found != plain(wanted):
                problems.append(f"$ {command}\n--- README.md\n{plain(wanted)}\n--- the program\n{found}\n---")
    expect(not problems, "\n".join(problems) + "\n(readme_test.py --write writes it down anew)")


def write_down(program):
    with scratch() as folder:
        path = CHECKOUT / "README.md"
        text = path.read_text()
        printed = iter(Reader(Box(program, folder), CHECKOUT).run(BLOCK.findall(text)))

        def replaced(match):
            lines = []
            for command, _ in commands_of(match.group(1)):
                lines += ["$ " + command, *(line.rstrip() for line in next(printed))]
            return "```console\n" + "\n".join(lines) + "\n```"
        path.write_text(BLOCK.sub(replaced, text))


def documents():
    return [path for pattern in ("*.md", "docs/*.md", "examples/*/*.md") for path in sorted(CHECKOUT.glob(pattern))]


def links_lead_somewhere(box):
    """Every relative link and every path in backquotes that looks like one of ours is there"""
    missing = []
    for path in documents():
        text = path.read_text()
        names = re.findall(r"\]\((?!https?:)([^)#]+)\)", text)
        for name in names:
            if not (path.parent / name).exists():
                missing.append(f"{path.name}: {name}")
        for name in re.findall(r"`((?:src|journal|compensators|tests|tools|docs|examples)/[A-Za-z0-9_./-]+)`", text):
            if not (CHECKOUT / name).exists() and "scratch" not in name:
                missing.append(f"{path.name}: {name}")
    expect(not missing, "missing: " + ", ".join(missing))


def verbs_and_flags_are_there(box):
    """Every verb and flag of docs/CLI.md is in the program's help, and the other way round"""
    text = (CHECKOUT / "docs" / "CLI.md").read_text()
    help_text = box.run("--help").expect(0).output
    verbs = re.findall(r"(?m)^\| `([a-z]+)[ `]", text)
    listed = re.findall(r"(?m)^  ([a-z]+) +[A-Z]", help_text[help_text.index("Subcommands"):])
    expect(sorted(verbs) == sorted(listed), f"documented {sorted(verbs)}, in the program {sorted(listed)}")
    for row in re.findall(r"(?m)^\| `([a-z]+)[^\n]*$", text):
        line = next(line for line in text.splitlines() if line.startswith(f"| `{row}"))
        of_verb = box.run(row, "--help").expect(0).output
        for flag in re.findall(r"`(--?[a-z][a-z-]*)", line):
            expect(re.search(r"(?<![\w-])" + re.escape(flag) + r"(?![\w-])", of_verb), f"{row} has no {flag}")
        for flag in set(re.findall(r"(?<![\w-])(--[a-z][a-z-]*)", of_verb)) - {"--help"}:
            expect(f"`{flag}" in text, f"docs/CLI.md doesn't name {flag} of {row}")


def kinds_are_there(box):
    """Every kind that the documentation and the examples name is there, and documents itself"""
    kinds = {kind["name"] for kind in box.run("kinds", "--json").expect(0).json()}
    for path in documents():
        for name in re.findall(r"`((?:file|dir|json|archive|command)\.[a-z]+)`", path.read_text()):
            expect(name in kinds or name.split(".")[1] in ("json", "h", "cpp"), f"{path.name}: there is no kind {name}")
    for name in kinds:
        text = box.run("kinds", name).expect(0).output
        for part in ("with", "undo restores", "example"):
            expect(part in text, f"kinds {name} doesn't say: {part}")


def examples_plan(box):
    """Every example's manifest plans in a fresh checkout"""
    reader = Reader(box, CHECKOUT)
    manifests = [path for path in sorted(reader.folder.glob("examples/*/*.json")) if "site-release" not in str(path)]
    expect(len(manifests) >= 3, "hardly any examples")
    for path in manifests:
        box.run("plan", path).expect(0)


def at_work(folder):
    """Whether the command sleeps in this folder. Its probe works there, too, and before."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*/cwd"):
        with contextlib.suppress(OSError):
            asleep = b"sleep" in (process.parent / "cmdline").read_bytes()
            found += [process] if asleep and process.readlink() == folder else []
    return found


def manifest_of_the_readme(box):
    """The manifest that README.md shows does what is said of it: killed in its middle it gets to either end"""
    shown = re.findall(r"(?ms)^```jsonc\n(\{.*?)^```$", (CHECKOUT / "README.md").read_text())
    expect(len(shown) == 1, "README.md shows one whole manifest")
    app = box.target / "app"
    manifest = box.target / "my-change.json"
    manifest.write_text(shown[0])
    before = box.snapshot(box.target)
    for way_out in ("resume", "rollback"):
        box.run("plan", manifest).expect(0)
        run = box.start("apply", "--yes", manifest)
        wait_until(lambda: at_work(box.target), "the command is at work")
        run.kill()
        run.communicate()
        box.run("status", "--detailed-exitcode").expect(2)
        box.run(way_out, "--yes", "--lock-timeout", "20s").expect(0)
        if way_out == "resume":
            expect_equal((app / "live.conf").read_text(), "port=8080\nworkers=4\n", "what is live")
            box.run("plan", "--detailed-exitcode", manifest).expect(0)
            box.run("rollback", "--yes").expect(0)
        expect_same_tree(box.snapshot(), before, f"after {way_out}\n")


TESTS = [readme_transcripts, manifest_of_the_readme, links_lead_somewhere, verbs_and_flags_are_there, kinds_are_there, examples_plan]

if __name__ == "__main__":
    options = parser(__doc__)
    options.add_argument("--write", action="store_true")
    given = options.parse_args()
    if given.write:
        write_down(given.program)
        sys.exit(0)
    sys.exit(run_tests(TESTS, given))
