#!/usr/bin/env python3
"""Security checks 12 and 13: journals from elsewhere, older ones, and changed ones."""

import os
import random
import shutil
import sys

from common import expect, expect_equal, expect_in, main, needs, no_signal, refused, write_action


def three_runs(ground):
    for number in range(3):
        ground.apply([write_action(ground, f"f{number}", f"run {number}\n", id="a")]).expect(0)


def security_12_another_machine(ground):
    """A journal that was made on another machine isn't written to; reading tells, and the way to accept it works"""
    needs("unshare", root=True)
    three_runs(ground)
    other = ground.text("machine-id", "0123456789abcdef0123456789abcdef\n")
    script = f"mount --bind {other} /etc/machine-id && exec \"$@\""
    manifest = ground.manifest([write_action(ground, "new", "x", id="a")])
    if not os.path.exists("/etc/machine-id"):
        script = f"touch /etc/machine-id && {script}"
    before = ground.journal_file().read_bytes()
    for words in (["apply", "--yes", manifest], ["rollback", "--yes"], ["prune", "--keep", "0"]):
        ran = ground.in_private_mounts(script, *words)
        expect(ran.exit in (74, 77), f"{words} on another machine was not refused: {ran.shown()}")
        expect_in("machine", ran.errors, "why")
        ground.tried()
    expect_equal(ground.journal_file().read_bytes(), before, "the journal")
    expect(os.path.exists(ground.path("f2")) and not os.path.exists(ground.path("new")), "something was changed")


def security_12_an_older_journal(ground):
    """An older data.mdb that is put back, alone, is noticed: nothing is taken back by it"""
    three_runs(ground)
    data = ground.journal_file()
    older = data.read_bytes()
    ground.apply([write_action(ground, "f0", "newer\n", id="a")]).expect(0)
    newer = data.read_bytes()
    data.write_bytes(older)
    for words in (["rollback", "--yes"], ["apply", "--yes", ground.manifest([write_action(ground, "x", "x")])]):
        refused(ground.run(*words), f"{words} with an older journal", (74,))
        ground.tried()
    expect_equal(ground.read("f0"), "newer\n", "the target")
    data.write_bytes(newer)
    foreign = ground.folder / "foreign"
    foreign.mkdir()
    ground.apply([write_action(ground, "y", "y", id="a")], "--state-dir", foreign / "state").expect(0)
    shutil.copyfile(foreign / "state/data.mdb", data)
    refused(ground.run("rollback", "--yes"), "another journal's data.mdb", (74,))
    data.write_bytes(newer)
    ground.run("rollback", "--yes").expect(0)
    expect_equal(ground.read("f0"), "run 0\n", "the target")
    ground.tried()


def answers(ground):
    """What reading verbs say; times of looking aside."""
    return [ground.run(*words) for words in (["history", "--json"], ["show", "r-2", "--json"], ["log", "r-3", "--json"])]


def damages(ground, whole, used):
    """(what, bytes): flips, cuts, swapped and doubled pages, pages of zeros."""
    chance = random.Random(13)
    for _ in range(2000 if ground.arguments.full else 50):
        at = chance.choice(used) * 4096 + chance.randrange(4096)
        yield f"bit {at}", whole[:at] + bytes([whole[at] ^ (1 << chance.randrange(8))]) + whole[at + 1:]
    for at in (0, 1, 4096, 8191, 8192, len(whole) // 2, len(whole) - 4096):
        yield f"cut at {at}", whole[:at]
    for _ in range(4):
        one, other = chance.sample(used, 2)
        pages = [whole[at:at + 4096] for at in range(0, len(whole), 4096)]
        pages[one], pages[other] = pages[other], pages[one]
        yield f"pages {one} and {other} swapped", b"".join(pages)
        pages[one] = pages[other]
        yield f"page {other} doubled", b"".join(pages)
        pages[one] = bytes(4096)
        yield f"page {one} of zeros", b"".join(pages)


def security_13_every_change_is_seen(ground):
    """A flipped bit, a cut, swapped, doubled or empty pages: the same answer as before, or 74; never another, no signal"""
    three_runs(ground)
    wanted = [ran.expect(0).output for ran in answers(ground)]
    data = ground.journal_file()
    whole = data.read_bytes()
    used = [at // 4096 for at in range(0, len(whole), 4096) if any(whole[at:at + 4096])]
    seen = 0
    for what, damaged in damages(ground, whole, used):
        data.write_bytes(damaged)
        for ran, right in zip(answers(ground), wanted):
            no_signal(ran, what)
            seen += ran.exit == 74
            if ran.exit != 74 and (ran.exit, ran.output) != (0, right):
                ground.wrong(f"{what}: {' '.join(ran.argv[1:])} was not refused: exit {ran.exit}")
            ground.tried()
    expect(seen > ground.points // 8, f"only {seen} of {ground.points} damages were met")
    back = ground.run("rollback", "--yes", "--non-interactive")
    expect(back.exit == 74, f"a rollback with a damaged journal was not refused: {back.shown()}")
    data.write_bytes(whole)
    ground.run("rollback", "--yes").expect(0)


def security_13_a_changed_record(ground):
    """A record whose content was changed everywhere it stands is noticed; against who may write the journal there is no key"""
    three_runs(ground)
    data = ground.journal_file()
    whole = data.read_bytes()
    expect(whole.count(b"run 1") > 0, "the content isn't found in the journal")
    data.write_bytes(whole.replace(b"run 1", b"run 9"))
    for words in (["doctor"], ["show", "r-2"], ["rollback", "--yes", "r-2"]):
        ran = ground.run(*words)
        expect(ran.exit == 74, f"{words} with a changed record was not refused: {ran.shown()}")
        ground.tried()


if __name__ == "__main__":
    sys.exit(main(globals()))
