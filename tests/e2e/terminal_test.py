#!/usr/bin/env python3
"""What reaches a terminal: nothing raw from outside, colour only where it is wanted; and what a person is asked there."""

import contextlib
import json
import os
import pty
import re
import struct
import sys
import fcntl
import termios

from harness import expect, expect_equal, expect_in, parser, run_tests, write_action

EVIL = "ev\x1b[31mil\x07\u009b31m\u202e\n\x7f"
COLOUR = re.compile(r"\x1b\[[0-9;]*[mK]")


class Shown:
    def __init__(self, text, code):
        self.text = text
        self.exit = code


def on_terminal(box, *words, typed="", after=None, columns=80, environment=None):
    """Calls the program on a terminal of its own, where somebody types: at once, or once `after` is shown."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(box.folder)
        os.execve(box.program, box.argv(words), {**box.environment, "TERM": "xterm", **(environment or {})})
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 25, columns, 0, 0))
    shown = b""
    waiting = after is not None
    if not waiting:
        os.write(terminal, typed.encode())
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # the end of a terminal
            break
        if not part:
            break
        shown += part
        if waiting and after.encode() in shown:
            waiting = False
            os.write(terminal, typed.encode())
    os.close(terminal)
    return Shown(shown.decode("utf-8", "surrogateescape"), os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def raw_characters(text):
    """Characters that a terminal obeys instead of showing them."""
    def obeyed(character):
        point = ord(character)
        return (point < 32 and character != "\n") or 0x7F <= point < 0xA0 or 0xDC80 <= point < 0xDD00 or \
            point in (0x200E, 0x200F) or 0x202A <= point <= 0x202E or 0x2066 <= point <= 0x2069
    return sorted({repr(character) for character in text if obeyed(character)})


def evil_manifest(box):
    harmless_id = "i\u202e\u009b"
    return box.manifest([
        {"id": harmless_id, "description": EVIL, "action": "file.write",
         "with": {"path": box.path(EVIL), "content": "a\x1b[2Jb\r\n\u202ex"}},
        {"id": "two", "action": "file.write", "with": {"path": box.path("two"), "content": "x\x1b]0;t\x07\n"}},
        {"id": "cmd", "depends_on": ["two"], "action": "command.run",
         "with": {"argv": ["sh", "-c", "printf 'out\\033[31m\\r\\n\\377\\n'; exit 1", "a\x1b[31mb"],
                  "undo": {"argv": ["true"]}}}], description=EVIL)


def nothing_raw_is_printed(box):
    """Names, contents, outputs and words of the command line are shown escaped, whatever verb shows them"""
    manifest = evil_manifest(box)
    calls = [("plan", manifest), ("plan", manifest, "--diff", "--undo", "-vvv"), ("apply", manifest, "--yes", "-vvv"),
             ("history",), ("status", "-vvv"), ("show", "1", "--diff", "--undo", "-vvv"), ("log", "1"),
             ("graph", manifest), ("graph", "1", "--format", "mermaid"), ("verify", manifest), ("plan", "no" + EVIL),
             ("show", "r-1" + EVIL), ("log", EVIL), ("plan", manifest, "--inputs", EVIL),
             ("plan", manifest, "--input", EVIL + "=1"), ("plan", manifest, "--" + EVIL), (EVIL,),
             ("plan", manifest, "--show", EVIL), ("plan", manifest, "--color", EVIL), ("kinds", EVIL),
             ("resolve", "1", EVIL, "--as", "done", "--reason", "x"), ("plan", manifest, "-o", "/no" + EVIL + "/x"),
             ("apply", manifest, "--yes", "--allow-irreversible", EVIL), ("rollback", "1", "--skip", EVIL, "--yes"),
             ("history", "--since", EVIL), ("plan", manifest, "--root", "/" + EVIL)]
    for call in calls:
        ran = box.run(*call)
        expect(ran.output + ran.errors, f"{call[0]} says nothing")
        expect_equal(raw_characters(ran.output + ran.errors), [], f"raw characters of {call[:2]!r}")
    expect_in("\\x1b[31m", box.run("plan", manifest).output, "the name, escaped")


def colour_and_nothing_else(box):
    """On a terminal there is colour, and no other escape; NO_COLOR, TERM=dumb and --color never take it away"""
    manifest = evil_manifest(box)

    def without_colour(shown):
        return raw_characters(COLOUR.sub("", shown.text).replace("\r", ""))
    coloured = on_terminal(box, "apply", manifest, "--yes", "--diff", "-vv")
    expect("\x1b[31m" in coloured.text or "\x1b[32m" in coloured.text, coloured.text)
    expect_equal(without_colour(coloured), [], "raw characters")
    for words, environment in [((), {"NO_COLOR": "1"}), ((), {"TERM": "dumb"}), (("--color", "never"), {})]:
        shown = on_terminal(box, "plan", manifest, *words, environment=environment)
        expect("\x1b" not in shown.text, f"escapes with {words} {environment}: {shown.text!r}")
    expect("\x1b" not in box.run("plan", manifest).output, "colour into a pipe")
    expect_in("\x1b[32m", box.run("plan", manifest, "--color", "always").output, "asked-for colour")
    expect_in("\x1b[32m", on_terminal(box, "plan", manifest, "--color=always",
                                      environment={"NO_COLOR": "1"}).text, "asked-for colour")


def progress_fits(box):
    """A live line is cut to the terminal's width: what wraps can't be overwritten"""
    manifest = box.manifest([write_action(box, "€" * 60, "x\n")])
    shown = on_terminal(box, "apply", manifest, "--yes", columns=40)
    expect_equal(shown.exit, 0, shown.text)
    lines = [line.split("\r")[-1] for line in shown.text.split("\x1b[K")[:-1]]
    expect(any(line.startswith("[1/1] ") for line in lines), shown.text)
    for line in lines:
        expect(len(line) < 40, f"{len(line)} columns: {line!r}")


def questions(box):
    """The default is no, y and yes count in any case, the end of the input is no; before a yes nothing is made"""
    manifest = box.manifest([write_action(box, "out", "x\n")])
    for typed in ("\n", "n\n", "NO\n", "No\n", "\x04", "what\nn\n"):
        shown = on_terminal(box, "apply", manifest, typed=typed, after="[y/N]")
        expect_equal(shown.exit, 1, f"exit after {typed!r}: {shown.text}")
        expect_in("[y/N]", shown.text, "the question")
        expect(not box.state.exists() and not os.path.exists(box.path("out")), f"something was made after {typed!r}")
    for typed in ("y\n", " Yes \n", "YES\n", "what\ny\n"):
        shown = on_terminal(box, "apply", manifest, typed=typed, after="[y/N]")
        expect_equal(shown.exit, 0, f"exit after {typed!r}: {shown.text}")
        expect_equal(on_terminal(box, "rollback", typed="\n", after="[y/N]").exit, 1, "rollback asks, too")
        expect(os.path.exists(box.path("out")), "taken back without a yes")
        expect_equal(on_terminal(box, "rollback", typed=typed, after="[y/N]").exit, 0, "rollback")
        expect(not os.path.exists(box.path("out")), "not taken back")
    box.run("apply", manifest).expect(64)
    expect_equal(on_terminal(box, "apply", manifest, "--non-interactive", typed="y\n").exit, 64, "--non-interactive")


def asked_again_if_the_world_moved(box):
    """Another run changes what is asked about: no stale plan, but another plan and another question"""
    mine = box.manifest([write_action(box, "z", "mine\n", id="z")])
    theirs = box.manifest([write_action(box, "z", "theirs\n", id="z")], "theirs.json")
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(box.folder)
        os.execve(box.program, box.argv(["apply", mine]), {**box.environment, "TERM": "dumb"})
    shown, asked = b"", 0
    with contextlib.suppress(OSError):  # the end of a terminal
        while part := os.read(terminal, 65536):
            shown += part
            if shown.count(b"Apply this plan?") == asked:
                continue
            asked += 1
            if asked == 1:
                box.run("apply", theirs, "--yes").expect(0)
            os.write(terminal, b"y\n")
    os.close(terminal)
    text = shown.decode()
    expect_equal(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0, text)
    expect_equal(asked, 2, "questions")
    expect_in("changed the world meanwhile", text, "why")
    expect_in("~ update", text, "the second plan")
    expect_equal(box.read("z"), "mine\n", "the file")


def irreversible_questions(box):
    """What can't be taken back is asked for by itself, with --yes too; without a terminal it is 64"""
    manifest = box.manifest([{"id": "once", "action": "command.run", "with": {"argv": ["touch", box.path("made")]}}])
    for words, typed in [((), "y\nn\n"), ((), "y\n\n"), (("--yes",), "n\n"), ((), "y\n\x04")]:
        shown = on_terminal(box, "apply", manifest, *words, typed=typed)
        expect_equal(shown.exit, 1, shown.text)
        expect_in("can't be taken back", shown.text, "the question")
        expect(not os.path.exists(box.path("made")) and not box.state.exists(), "it ran, or left a trace")
    plan = str(box.folder / "p.plan")
    box.run("plan", manifest, "-o", plan).expect(0)
    expect_equal(on_terminal(box, "apply", plan, typed="\n").exit, 1, "a saved plan")
    box.run("apply", plan).expect(64)
    shown = on_terminal(box, "apply", manifest, typed="y\ny\n")
    expect_equal(shown.exit, 0, shown.text)
    expect(os.path.exists(box.path("made")), "it didn't run")


def secrets_are_not_echoed(box):
    """A secret is asked for without echo, and appears nowhere"""
    manifest = box.text("manifest.json", json.dumps({
        "backout": 1, "name": "test", "inputs": {"token": {"secret": True, "env": "NO_SUCH_TOKEN"}},
        "actions": [{"action": "file.write", "with": {"path": box.path("out"), "content": "${inputs.token}"}}]}))
    # What is typed before the question stands is thrown away: it was echoed already.
    shown = on_terminal(box, "apply", manifest, "-vvv", "--yes", typed="hunter2-secret\n", after="Secret input")
    expect_equal(shown.exit, 0, shown.text)
    expect_equal(box.read("out"), "hunter2-secret", "what was written")
    expect("hunter2" not in shown.text, shown.text)
    for verb in (("show", "1", "--diff", "-vvv"), ("log", "1"), ("history",), ("rollback", "--plan", "--diff")):
        ran = box.run(*verb)
        expect("hunter2" not in ran.output + ran.errors, f"the secret stands in {verb}")
    box.run("apply", manifest, "--yes").expect(65)


TESTS = [nothing_raw_is_printed, colour_and_nothing_else, progress_fits, questions,
         asked_again_if_the_world_moved, irreversible_questions,
         secrets_are_not_echoed]

if __name__ == "__main__":
    sys.exit(run_tests(TESTS, parser(__doc__).parse_args()))
