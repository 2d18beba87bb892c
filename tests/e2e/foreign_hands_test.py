#!/usr/bin/env python3
"""Others' hands: what they did to shared files, to images, to directories, and what a failed command left, is never
taken for ours, and never said to be undone."""

import os
import sys

from harness import expect, expect_equal, expect_in, parser, run_tests, write_action


def applied(box, actions):
    box.run("apply", "--yes", box.manifest(actions)).expect(0)


def edit(box, *edits):
    return [{"id": "E", "action": "file.edit", "with": {"path": box.path("f"), "edits": list(edits)}}]


def taken_back(box, before, edits, current, code, after):
    box.write("f", before)
    applied(box, edit(box, *edits))
    box.write("f", current)
    ran = box.run("rollback", "--yes").expect(code)
    expect_equal(box.read("f"), after, "the file")
    if code == 3:
        expect_in(box.path("f"), ran.output + ran.errors, "the conflict")


def hands_an_ini_key_is_found_in_its_section(box):
    """others wrote into the section, and the same line into another"""
    taken_back(box, "[s]\nk=1\n", [{"ini": {"section": "s", "key": "k", "value": "2"}}],
               "[s]\nj=0\nk=2\nl=3\n[t]\nk=2\n", 0, "[s]\nj=0\nk=1\nl=3\n[t]\nk=2\n")


def hands_an_ini_key_that_is_gone_is_a_conflict(box):
    """others removed our key and have the same line in another section"""
    current = "[s]\nx=1\n[t]\nk=2\n"
    taken_back(box, "[s]\nk=1\n", [{"ini": {"section": "s", "key": "k", "value": "2"}}], current, 3, current)


def hands_a_copied_line_is_a_conflict(box):
    """others wrote the same line elsewhere, and which one is ours can't be told"""
    current = "a\nx\nPort 22\ny\nMatch\nPort 22\n"
    taken_back(box, "a\nPort 80\n", [{"regex": "^Port .*", "replace": "Port 22", "count": 1}], current, 3, current)


def slot_of(box):
    slots = [path for path in box.folder.rglob("r*-s*") if path.is_file() and "." not in path.name]
    expect_equal(len(slots), 1, "slots")
    return slots[0]


def hands_a_damaged_image_is_not_restored(box):
    """what was put aside is compared before it comes back; doctor sees it, too"""
    box.write("a", "0\n")
    applied(box, [write_action(box, "a", "1\n", id="A")])
    box.run("doctor").expect(0)
    slot_of(box).write_text("EVIL")
    doctor = box.run("doctor").expect(74)
    expect_in("step 'A'", doctor.output, "doctor")
    ran = box.run("rollback", "--yes").expect(3)
    expect_in("damaged", ran.output + ran.errors, "the conflict")
    expect_equal(box.read("a"), "1\n", "the file")
    slot = slot_of(box)
    slot.unlink()
    expect_in("missing", box.run("doctor").expect(74).output, "doctor")
    ran = box.run("rollback", "--yes").expect(3)
    expect_in(f"its before-image is missing (kept as {slot})", ran.output, "the conflict")
    expect("changed by somebody else, and left alone" not in ran.output, ran.output)


def hands_a_failed_command_is_not_undone_blindly(box):
    """mkdir fails because the folder is there; rm -rf would take that away"""
    box.write("dd/f", "theirs\n")
    argv, undo = ["mkdir", box.path("dd")], {"argv": ["rm", "-rf", box.path("dd")]}
    ran = box.run("apply", "--yes", box.manifest(
        [{"id": "C", "action": "command.run", "with": {"argv": argv, "undo": undo}}])).expect(1)
    expect_equal(box.read("dd/f"), "theirs\n", "the folder")
    expect_in("everything is as it was", (ran.output + ran.errors).lower(), "the report")
    box.run("apply", "--yes", box.manifest(
        [{"id": "C", "action": "command.run", "with": {"argv": argv, "undo": undo, "touches": [box.path("dd")]}}]
    )).expect(1)
    expect_equal(box.read("dd/f"), "theirs\n", "the folder, with touches")


def hands_a_program_that_cannot_be_started_is_not_undone(box):
    """nothing was begun, so nothing is said to be undone"""
    ran = box.run("apply", "--yes", box.manifest(
        [{"id": "C", "action": "command.run",
          "with": {"argv": [box.path("none")], "undo": {"argv": ["touch", box.path("undone")]}}}])).expect(1)
    expect(not os.path.exists(box.path("undone")), "its undo was run")
    expect("undone" not in (ran.output + ran.errors).replace(box.path("undone"), ""), ran.output + ran.errors)


def hands_a_probe_that_answers_as_before_confirms_the_undo(box):
    """exit 2 before the step and after its undo"""
    applied(box, [{"id": "C", "action": "command.run", "with": {
        "argv": ["sh", "-c", "echo x > " + box.path("c")], "undo": {"argv": ["rm", box.path("c")]},
        "probe": {"argv": ["grep", "-q", "x", box.path("c")]}}}])
    box.run("rollback", "--yes").expect(0)


def hands_a_parent_that_became_a_link_is_a_conflict(box):
    """what was written lies in the folder that was moved away"""
    box.write("real/other", "")
    applied(box, [write_action(box, "real/x", "1\n", id="X")])
    os.rename(box.path("real"), box.path("moved"))
    box.write("evil/x", "1\n")
    os.symlink("evil", box.path("real"))
    ran = box.run("rollback", "--yes").expect(3)
    expect_in(box.path("real/x"), ran.output + ran.errors, "the conflict")
    expect_equal(box.read("moved/x"), "1\n", "our file")
    expect_equal(box.read("evil/x"), "1\n", "their file")


def command(box, script, undo, **more):
    return {"id": "C", "action": "command.run",
            "with": {"argv": ["sh", "-c", script], "undo": {"argv": ["sh", "-c", undo]}, "cwd": str(box.target), **more}}


FAILS = {"id": "F", "action": "check", "with": {"command": ["false"]}, "after": ["C"]}
NO_PROOF = "without probe nothing can tell"


def hands_an_undo_is_proved_by_what_it_touches(box):
    """no probe: an undo that leaves the file otherwise has failed, one that restores it hasn't"""
    box.write("f", "1\n")
    lies = command(box, "echo 2 >> f", "true", touches=[box.path("f")])
    ran = box.run("apply", "--yes", box.manifest([lies, FAILS])).expect(3)
    expect_in("succeeded, and yet " + box.path("f"), ran.output + ran.errors, "the report")
    box.run("resolve", box.run("history", "--json").json()[0]["run"], "C", "--as", "undone", "--reason", "seen").expect(0)
    box.run("resume", "--yes").expect(1)
    box.write("f", "1\n")
    honest = command(box, "echo 2 >> f", "printf '1\\n' > g && mv g f", touches=[box.path("f")])
    ran = box.run("apply", "--yes", box.manifest([honest, FAILS])).expect(1)
    expect_equal(box.read("f"), "1\n", "the file")
    expect(NO_PROOF not in ran.output + ran.errors, ran.shown())


def hands_what_an_undo_may_have_left_is_told(box):
    """in a folder that was there, what is new may be others': no failure, but no proof either"""
    os.mkdir(box.path("d"))
    step = command(box, "touch d/ours", "true", touches=[box.path("d")])
    ran = box.run("apply", "--yes", box.manifest([step, FAILS])).expect(1)
    expect_in(box.path("d/ours") + " was not there before", ran.output + ran.errors, "the report")
    os.unlink(box.path("d/ours"))
    step = command(box, "touch d/ours", "rm d/ours", touches=[box.path("d")])
    applied(box, [step])
    box.write("d/theirs", "")
    ran = box.run("rollback", "--yes").expect(0)
    expect_in("if the undo of C did what it should", ran.output + ran.errors, "the report of a rollback")
    step = command(box, "mkdir e && touch e/f", "rm e/f", touches=[box.path("e")])
    box.run("apply", "--yes", box.manifest([step, FAILS])).expect(3)


def hands_an_undo_that_nothing_proves_is_told(box):
    """neither probe nor touches: the report doesn't claim more than is known"""
    plain = command(box, "touch made", "rm made")
    ran = box.run("apply", "--yes", box.manifest([plain, FAILS])).expect(1)
    expect_in("if the undo of C did what it should", ran.output + ran.errors, "the report")
    applied(box, [plain])
    ran = box.run("rollback", "--yes").expect(0)
    expect_in(NO_PROOF, ran.output + ran.errors, "the report of a rollback")


def hands_a_moved_file_that_others_changed_is_never_said_to_be_restored(box):
    """a move keeps no copy: even where a person wants it back as it is, its content isn't as it was"""
    box.write("a", "1\n")
    applied(box, [{"id": "M", "action": "file.move", "with": {"from": box.path("a"), "to": box.path("b")}}])
    box.write("b", "theirs\n")
    box.run("rollback", "--yes").expect(3)
    expect_equal(box.read("b"), "theirs\n", "what others wrote")
    ran = box.run("rollback", "--yes", "--overwrite-conflict", "M").expect(3)
    expect_equal(box.read("a"), "theirs\n", "what is back")
    expect_in("a move keeps no copy", ran.output + ran.errors, "the report")


TESTS = [value for name, value in list(globals().items()) if name.startswith("hands_")]

if __name__ == "__main__":
    sys.exit(run_tests(TESTS, parser(__doc__).parse_args()))
