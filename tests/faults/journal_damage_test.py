#!/usr/bin/env python3
"""A damaged journal, seen from outside: each verb either does what it does with the sound one, or ends with 74 and has
changed nothing. Damage: single bits, an older data.mdb put back, another journal's files, another machine's journal,
files missing, images missing or changed, and files taken away under a run.

  journal_damage_test.py --program backout [--only NAME] [--flips N] [--seed N] [--full]
"""

import os
import random
import shutil
import subprocess
import sys

from journals import Journal, copy
from table import Table

from harness import (Box, expect, expect_equal, expect_in, expect_same_tree, needs_root, parser, run_tests,
                     write_action)

TABLE = Table("journal_damage")
FLIPS = 40
SEED = 0
DAMAGED = 74
SHOWING = (["status", "--json"], ["history", "--json"], ["log", "6", "--json"], ["show", "5", "--json"])
READING = (*SHOWING, ["doctor"])  # which speaks of free space, too


class Ward:
    """A journal with its targets, put back as it was before each damage. Everything stays at its place: paths stand in
    the journal."""

    def __init__(self, box, unfinished):
        self.box = box
        self.journal = Journal(box)
        self.journal.finished_runs()
        if unfinished:
            self.journal.unfinished_run()
        self.store = box.folder / "store"
        for name in ("state", "target"):
            copy(box.folder / name, self.store / name)
        self.manifest = self.journal.change("next", write_action(box, "next", "next\n"))
        writing = ["resume", "--yes"] if unfinished else ["apply", "--yes", self.manifest]
        self.verbs = [*READING, ["rollback", "--yes"], writing]

    def restore(self):
        for name in ("state", "target"):
            shutil.rmtree(self.box.folder / name, ignore_errors=True)
            copy(self.store / name, self.box.folder / name)
        (self.box.folder / "go").touch()  # what the command of the unfinished run waits for

    def do(self, words):
        """What a verb does: exit, what it says of the runs, and what the targets are afterwards."""
        ran = self.box.run(*words)
        world = {name: (entry["type"], entry["mode"], entry.get("content"))
                 for name, entry in self.box.snapshot().items()}
        return ran, (ran.exit, ran.output if words in SHOWING else "", world)

    def references(self):
        result = []
        for words in self.verbs:
            self.restore()
            result.append(self.do(words)[1])
        return result

    def data(self):
        return self.box.state / "data.mdb"


def used_bytes(path):
    """How much of a data.mdb the newer of its meta pages speaks of."""
    with open(path, "rb") as file:
        pages = [file.read(4096), file.read(4096)]
    newest = max(pages, key=lambda page: int.from_bytes(page[16 + 128:16 + 136], "little"))
    return 4096 * (1 + int.from_bytes(newest[16 + 120:16 + 128], "little"))


def flip(path, bit):
    with open(path, "r+b") as file:
        file.seek(bit // 8)
        byte = file.read(1)[0]
        file.seek(bit // 8)
        file.write(bytes([byte ^ (1 << bit % 8)]))


def expect_refused(ward, ran, before, words, about):
    """74, named, and nothing touched."""
    expect_equal(ran.exit, DAMAGED, f"{about}: exit of {ran.shown()}")
    expect(ran.errors.strip() or ran.output.strip(), f"{about}: nothing is said: {ran.shown()}")
    expect_same_tree(ward.box.snapshot(), before, f"{about}: targets after {words}")


def expect_all_refused(ward, about, says, damage, verbs=None):
    """Every verb ends with 74 and says why."""
    for words in verbs or ward.verbs:
        ward.restore()
        damage()
        before = ward.box.snapshot()
        ran = ward.box.run(*words)
        TABLE.points += 1
        expect_refused(ward, ran, before, words, about)
        expect_in(says, ran.errors + ran.output, f"{about}: {words}")


def flipped_bits(box, unfinished):
    ward = Ward(box, unfinished)
    references = ward.references()
    used = used_bytes(ward.store / "state" / "data.mdb")
    expect(used > 40 * 4096, f"only {used} bytes are in use")
    chance = random.Random(f"{SEED}-{unfinished}")
    outcomes = {"the same": 0, "refused": 0}
    for _ in range(FLIPS):
        bit = chance.randrange(8 * used)
        for words, reference in zip(ward.verbs, references):
            ward.restore()
            flip(ward.data(), bit)
            before, state = ward.box.snapshot(), content_of(ward.data())
            ran, found = ward.do(words)
            TABLE.points += 1
            if words in READING:
                expect(content_of(ward.data()) == state, f"{words} wrote to the journal")
            if found == reference:
                outcomes["the same"] += 1
                continue
            expect_refused(ward, ran, before, words, f"bit {bit} flipped, seed {SEED}")
            outcomes["refused"] += 1
    expect(all(outcomes.values()), f"only one kind of outcome: {outcomes}")


def content_of(path):
    with open(path, "rb") as file:
        return file.read()


def bits_of_a_finished_journal(box):
    """A flipped bit: the right answer, or 74 with nothing changed (finished runs)"""
    flipped_bits(box, False)


def bits_of_an_unfinished_journal(box):
    """A flipped bit: the right answer, or 74 with nothing changed (an unfinished run)"""
    flipped_bits(box, True)


def older_copies(box):
    """Every older data.mdb put back is noticed, by whoever asks"""
    ward = Ward(box, True)
    # The last copy is of the very run that is unfinished: the file head speaks of its begin. See RECOVERY.md.
    for number, older in enumerate(ward.journal.copies[:-1]):
        expect_all_refused(ward, f"copy {number} put back", "older copy",
                           lambda older=older: shutil.copyfile(older, ward.data()),
                           [ward.verbs[0], ward.verbs[-1], ward.verbs[-2], READING[1], READING[4]])


def an_older_copy_of_the_unfinished_run(box):
    """An earlier state of the run at work: it ends in one of its two ends all the same, or names what is in conflict"""
    ward = Ward(box, True)
    for way in ("resume", "rollback"):
        ward.restore()
        shutil.copyfile(ward.journal.copies[-1], ward.data())
        ran = ward.box.run(way, "--yes")
        TABLE.points += 1
        expect(ran.exit in (0, 1, 3, DAMAGED), ran.shown())
        there = {name for name in ("two", "four") if os.path.exists(box.path(name))}
        if ran.exit == 0 and way == "resume":
            expect_equal((box.read("two"), box.read("four")), ("zwei\n", "4\n"), "resumed")
        elif ran.exit in (0, 1):
            expect_equal((box.read("two"), there), ("2\n", {"two"}), "rolled back")


def files_of_another_journal(box):
    """data.mdb, head or both of another journal"""
    ward = Ward(box, False)
    other = Box(box.program, new_folder(box, "other"))
    other.run("apply", "--yes", other.manifest([write_action(other, "x", "x\n")])).expect(0)
    for names in (["data.mdb"], ["head"], ["data.mdb", "head"], ["marker"]):
        def damage(names=names):
            for name in names:
                shutil.copyfile(other.state / name, box.state / name)
        expect_all_refused(ward, f"{names} of another journal", "is not the journal that", damage)


def new_folder(box, name):
    folder = box.folder / name
    folder.mkdir()
    return folder


def missing_and_short_files(box):
    """A file of the journal that is missing, empty or cut"""
    ward = Ward(box, True)
    data = ward.data()
    for about, says, damage in (
            ("no data.mdb", "data.mdb is missing", data.unlink),
            ("an empty data.mdb", "data.mdb is empty", lambda: os.truncate(data, 0)),
            ("a data.mdb of 100 bytes", "too short", lambda: os.truncate(data, 100)),
            ("a cut data.mdb", "it was cut", lambda: os.truncate(data, 40 * 4096 + 7)),
            ("a data.mdb of noise", "damaged", lambda: data.write_bytes(os.urandom(1 << 20))),
            ("no head", "'head' is missing", (box.state / "head").unlink),
            ("an empty head", "wrong length", lambda: os.truncate(box.state / "head", 0)),
            ("an empty marker", "marker", lambda: os.truncate(box.state / "marker", 0))):
        expect_all_refused(ward, about, says, damage)


def without_lock_file(box):
    """lock.mdb and the lease hold nothing that is needed: made anew"""
    ward = Ward(box, True)
    references = ward.references()
    for name in ("lock.mdb", "lease"):
        for words, reference in zip(ward.verbs, references):
            ward.restore()
            (box.state / name).unlink()
            ran, found = ward.do(words)
            TABLE.points += 1
            expect_equal(found, reference, f"{name} missing: {ran.shown()}")


@needs_root
def journal_of_another_machine(box):
    """On another machine it is read, and not written to until that is accepted"""
    ward = Ward(box, False)
    identity = box.folder / "machine-id"
    identity.write_text("0123456789abcdef0123456789abcdef\n")
    if not os.path.exists("/etc/machine-id"):
        return
    elsewhere = ["unshare", "-m", "sh", "-c", f"mount --bind {identity} /etc/machine-id && exec \"$@\"", "sh"]
    if subprocess.run([*elsewhere, "true"], capture_output=True, check=False).returncode != 0:
        print("the machine's identity can't be changed here")
        return
    before = box.snapshot()
    for words in (["rollback", "--yes"], ["apply", "--yes", ward.manifest]):
        ran = box.run(*words, before=elsewhere).expect(DAMAGED)
        expect_in("made on another machine", ran.errors, str(words))
        expect_same_tree(box.snapshot(), before, f"after {words}")
        TABLE.points += 1
    box.run("status", before=elsewhere).expect(0)


def journal_elsewhere(box):
    """A copy of the whole state directory at another place leads to no other targets and no other images"""
    ward = Ward(box, False)
    copy(box.state, box.folder / "moved")
    box.run("rollback", "--yes").expect(0)
    before = box.snapshot()
    ran = box.run("--state-dir", box.folder / "moved", "rollback", "--yes")
    TABLE.points += 1
    expect(ran.exit in (0, 1, 3, DAMAGED), ran.shown())
    expect_same_tree(box.snapshot(), before, "what was taken back already is left alone")


TESTS = [bits_of_a_finished_journal, bits_of_an_unfinished_journal, older_copies, an_older_copy_of_the_unfinished_run,
         files_of_another_journal, missing_and_short_files, without_lock_file, journal_of_another_machine,
         journal_elsewhere]


def main():
    global FLIPS, SEED
    options = parser(__doc__)
    options.add_argument("--flips", type=int, default=FLIPS)
    options.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**9))
    options.add_argument("--full", action="store_true", help="2,000 flipped bits for each journal")
    arguments = options.parse_args()
    FLIPS, SEED = 2000 if arguments.full else arguments.flips, arguments.seed
    code = run_tests([TABLE.counted(test) for test in TESTS], arguments, memory=True)
    TABLE.show()
    return code or int(TABLE.points == 0)


if __name__ == "__main__":
    sys.exit(main())
