#!/usr/bin/env python3
"""What people and machines get wrong: each ends with one clear error and the right exit status, and nothing is changed
and nothing lost."""

import json
import os
import re
import sys

from harness import (NOBODY, expect, expect_equal, expect_in, expect_same_tree, needs_root, parser, run_tests,
                     wait_until, waiting_action, write_action)

PLACE = re.compile(r"(?m)^(?:backout: )?(?:error: )?\S*?([^\s:]+):(\d+):(\d+): ")
UNPRIVILEGED = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]


def refused(box, ran, code, *words, place=None):
    """Exit status, one error, its words, and for manifests FILE:LINE:COLUMN."""
    ran.expect(code)
    for word in words:
        expect_in(word, ran.errors, "the message")
    expect(ran.errors.strip(), f"no message: {ran.shown()}")
    if place is not None:
        found = PLACE.search(ran.errors)
        expect(found, f"no FILE:LINE:COLUMN in: {ran.errors}")
        expect_equal((found[1].rsplit("/", 1)[-1], int(found[2])), ("manifest.json", place), f"place in {ran.errors}")
    expect("terminate" not in ran.errors and "what()" not in ran.errors, ran.shown())


def untouched(box, call):
    """Runs `call`, and sees to it that neither targets nor state are anything else afterwards."""
    before = box.snapshot(box.folder)
    call()
    expect_same_tree(box.snapshot(box.folder), before, "something was changed")


def malformed(box, text, *words, place=None):
    path = box.text("manifest.json", text)

    def both():
        refused(box, box.run("plan", path), 65, *words, place=place)
        refused(box, box.run("apply", path, "--yes"), 65, *words, place=place)
    untouched(box, both)


def action_text(action):
    return '{"backout": 1, "name": "test",\n "actions": [\n  ' + action + "\n]}"


def broken_json(box):
    """Broken JSON: cut off, a missing comma, a text that isn't closed, NaN, nothing at all"""
    malformed(box, "", place=1)
    malformed(box, '{"backout": 1,\n "name"', place=2)
    malformed(box, '{"backout": 1\n "name": "x"}', place=2)
    malformed(box, '{"backout": 1,\n "name": "x}', place=2)
    malformed(box, '{"backout": 1, "name": "x",\n "actions": [NaN]}', place=2)
    malformed(box, '{"backout": 1, "name": "x", "actions": []}\n trailing', place=2)
    malformed(box, "[" * 2000, place=1)
    malformed(box, b'{"backout": 1,\n "name": "\xff\xfe"}', place=2)


def unknown_missing_and_doubled_keys(box):
    """Unknown keys and kinds name the nearest; missing and doubled ones are told"""
    out = box.path("out")
    malformed(box, action_text('{"action": "file.write", "with": {"path": "%s", "contents": "x"}}' % out), "content",
              place=3)
    malformed(box, action_text('{"action": "file.wriet", "with": {"path": "%s"}}' % out), "file.write", place=3)
    malformed(box, action_text('{"action": "file.write", "with": {"content": "x"}}'), "path", place=3)
    malformed(box, action_text('{"action": "file.write", "wiht": {}}'), "with", place=3)
    malformed(box, action_text('{"action": "file.write",\n   "action": "file.delete", "with": {}}'), "twice", place=4)
    malformed(box, '{"backout": 1,\n "actions": []}', "name")
    malformed(box, '{"backout": 2,\n "name": "x", "actions": []}', place=1)
    malformed(box, '{\n "name": "x", "actions": []}', "backout")


def wrong_types(box):
    """Wrong types: a number for a text, a text for a list, a mode that is none"""
    out = box.path("out")
    malformed(box, action_text('{"action": "file.write", "with": {"path": 7, "content": "x"}}'), place=3)
    malformed(box, action_text('{"action": "command.run", "with": {"argv": "ls -l"}}'), "argv", place=3)
    malformed(box, action_text('{"action": "file.write", "with": {"path": "%s", "content": "x",\n "mode": "rw"}}' % out),
              "mode", place=4)
    malformed(box, '{"backout": 1, "name": "x",\n "actions": {}}', "actions", place=2)
    malformed(box, '{"backout": 1,\n "name": "Not A Name", "actions": []}', "name", place=2)


def references_cycles_and_ids(box):
    """A bad reference, a cycle, a doubled or unknown id, two steps on one target without an order"""
    out, other = box.path("out"), box.path("other")
    write = '{"id": "%s", "action": "file.write", "with": {"path": "%s", "content": "%s"}%s}'
    malformed(box, action_text(write % ("a", out, "${inputs.nobody}", "")), "nobody", place=3)
    malformed(box, action_text(write % ("a", out, "${actions.b.path}", "")), "b", place=3)
    malformed(box, action_text(write % ("a", out, "x", ', "depends_on": ["b"]') + ",\n" +
                               write % ("b", other, "x", ', "depends_on": ["a"]')), "a", "b")
    malformed(box, action_text(write % ("a", out, "x", "") + ",\n" + write % ("a", other, "x", "")), "a")
    malformed(box, action_text(write % ("a", out, "x", ', "depends_on": ["nobody"]')), "nobody", place=3)
    malformed(box, action_text(write % ("a", out, "x", "") + ",\n" + write % ("b", out, "y", "")), "a", "b")


def targets_of_the_wrong_type(box):
    """The target is a directory, or a link; a parent is missing, or is a file"""
    os.mkdir(box.path("directory"))
    os.symlink("elsewhere", box.path("link"))
    box.write("file", "x\n")

    def planned(name):
        return box.run("apply", box.manifest([write_action(box, name, "new\n")]), "--yes")

    def all_of_them():
        refused(box, planned("directory"), 65, "directory", "dir.delete")
        refused(box, planned("link"), 65, "link", "follow")
        refused(box, planned("missing/new"), 65, "make_parents")
        refused(box, planned("file/new"), 65, box.path("file"))
    box.manifest([write_action(box, "x", "x")])
    before = box.snapshot()
    all_of_them()
    expect_same_tree(box.snapshot(), before, "something was changed")
    expect(not box.state.exists(), "there is a state directory already")


@needs_root
def a_mount_point(box):
    """The target is a mount point"""
    manifest = box.manifest([{"action": "dir.delete", "with": {"path": box.path("mount")}}])
    os.mkdir(box.path("mount"))
    script = f"mount -t tmpfs none {box.path('mount')} && touch {box.path('mount/in')} && exec \"$@\""
    ran = box.run("apply", manifest, "--yes", before=["unshare", "-m", "sh", "-c", script, "sh"])
    refused(box, ran, 65, "mount")
    moved = box.manifest([{"action": "file.move", "with": {"from": box.path("mount"), "to": box.path("moved")}}])
    ran = box.run("apply", moved, "--yes", before=["unshare", "-m", "sh", "-c", script, "sh"])
    refused(box, ran, 65, "mount")


@needs_root
def unwritable_targets(box):
    """The target can't be written, as an unprivileged user: found before the first step"""
    box.folder.chmod(0o755)
    os.mkdir(box.path("open"))
    os.chmod(box.path("open"), 0o777)
    box.write("closed/file", "x\n")
    actions = [write_action(box, "open/one", "1\n"), write_action(box, "closed/file", "2\n")]
    manifest = box.manifest(actions)
    state = box.folder / "theirs"
    state.mkdir()
    os.chown(state, NOBODY, NOBODY)
    before = box.snapshot()
    ran = box.run("apply", manifest, "--yes", "--state-dir", state / "state", before=UNPRIVILEGED)
    refused(box, ran, 77, box.path("closed"))
    expect_same_tree(box.snapshot(), before, "something was changed")
    owner = {"action": "file.attributes", "with": {"path": box.path("closed/file"), "owner": "nobody"}}
    ran = box.run("apply", box.manifest([owner]), "--yes", "--state-dir", state / "state", before=UNPRIVILEGED)
    refused(box, ran, 77)


def sources_vanish_or_change(box):
    """The source changes or vanishes between plan and apply"""
    source = box.text("source", "planned\n")
    manifest = box.manifest([{"id": "one", "action": "file.write", "with": {"path": box.path("one"), "content": "1\n"}},
                             {"action": "file.write", "with": {"path": box.path("two"), "source": source},
                              "depends_on": ["one"]}])
    for change in (lambda: box.text("source", "changed\n"), lambda: os.unlink(source)):
        box.text("source", "planned\n")
        box.run("plan", manifest, "-o", box.folder / "saved").expect(0)
        change()
        before = box.snapshot()
        ran = box.run("apply", box.folder / "saved")
        # Small sources are in the plan itself; where they are not, they are compared.
        if ran.exit == 0:
            expect_equal(box.read("two"), "planned\n", "what was planned is what is written")
            box.run("rollback", "--yes").expect(0)
        else:
            refused(box, ran, 6, "source")
        expect_same_tree(box.snapshot(), before, "something was changed")
        (box.folder / "saved").unlink()
    missing = box.manifest([{"action": "file.write", "with": {"path": box.path("two"), "source": "no-such-file"}}])
    refused(box, box.run("apply", missing, "--yes"), 65, "no-such-file")


def a_big_source_changes(box):
    """A source too big for the plan is compared again when it is applied"""
    source = box.folder / "big"
    source.write_bytes(b"a" * (9 << 20))
    manifest = box.manifest([{"action": "file.write", "with": {"path": box.path("two"), "source": str(source)}}])
    box.run("plan", manifest, "-o", box.folder / "saved").expect(0)
    source.write_bytes(b"b" * (9 << 20))
    before = box.snapshot()
    ran = box.run("apply", box.folder / "saved")
    expect(ran.exit in (1, 6), ran.shown())
    expect_in("big", ran.errors + ran.output, "what changed")
    expect_same_tree(box.snapshot(), before, "something was changed")


def strange_names(box):
    """Names of 300 bytes, paths of 5,000, newlines, NUL, invalid UTF-8, dot dot"""
    before = box.snapshot()

    def planned(name):
        return box.run("apply", box.manifest([write_action(box, name, "x\n", make_parents=True)]), "--yes")
    refused(box, planned("n" * 300), 65, "300 bytes")
    refused(box, planned("/".join(["d" * 100] * 50)), 65)
    refused(box, planned("a\0b"), 65)
    ran = planned("../escape/../target/fine")
    expect(ran.exit in (0, 65), ran.shown())
    if ran.exit == 0:
        box.run("rollback", "--yes").expect(0)
    raw = b'{"backout": 1, "name": "test", "actions": [{"action": "file.write",\n "with": {"path": "/\xff\xfe", "content": ""}}]}'
    refused(box, box.run("apply", box.text("manifest.json", raw), "--yes"), 65, place=2)
    expect_same_tree(box.snapshot(), before, "something was changed")


def a_name_with_a_newline(box):
    """A newline in a name works, and is never printed raw"""
    before = box.snapshot()
    manifest = box.manifest([write_action(box, "two\nlines\x1b[31m", "x\n")])
    ran = box.run("apply", manifest, "--yes").expect(0)
    expect("two\nlines" not in ran.output + ran.errors and "\x1b[31m" not in ran.output + ran.errors, ran.shown())
    box.run("rollback", "--yes").expect(0)
    expect_same_tree(box.snapshot(), before, "rolled back")


def names_that_are_not_utf8(box):
    """Names below a tree that are not UTF-8 come back as they were"""
    os.mkdir(os.fsencode(box.path("tree")))
    with open(os.fsencode(box.path("tree")) + b"/\xff\xfe", "w") as file:
        file.write("x\n")
    before = box.snapshot()
    box.run("apply", box.manifest([{"action": "dir.delete", "with": {"path": box.path("tree")}}]), "--yes").expect(0)
    box.run("rollback", "--yes").expect(0)
    expect_same_tree(box.snapshot(), before, "rolled back")


def two_runs_at_once(box):
    """The second run is told who works, and changes nothing"""
    manifest = box.manifest([waiting_action(box, "begun", "go")])
    running = box.start("apply", manifest, "--yes")
    wait_until((box.folder / "begun").exists, "the first run")
    before = box.snapshot()
    ran = box.run("apply", box.manifest([write_action(box, "x", "x")], "other.json"), "--yes")
    refused(box, ran, 75, str(running.pid))
    expect_same_tree(box.snapshot(), before, "something was changed")
    (box.folder / "go").touch()
    box.ended(running).expect(0)


def state_of_others(box):
    """The state directory is writable by the group, reached through a link, or a file"""
    manifest = box.manifest([write_action(box, "x", "x")])
    before = box.snapshot()
    box.state.mkdir(0o770)
    box.state.chmod(0o770)
    refused(box, box.run("apply", manifest, "--yes"), 77, str(box.state))
    box.state.chmod(0o700)
    link = box.folder / "link"
    link.symlink_to(box.state)
    refused(box, box.run("apply", manifest, "--yes", "--state-dir", link), 77, "link")
    file = box.folder / "a file"
    file.touch()
    ran = box.run("apply", manifest, "--yes", "--state-dir", file)
    expect(ran.exit in (65, 74, 77), ran.shown())
    expect_same_tree(box.snapshot(), before, "something was changed")


@needs_root
def state_of_somebody_else(box):
    """The state directory belongs to somebody else"""
    box.state.mkdir(0o700)
    os.chown(box.state, NOBODY, NOBODY)
    before = box.snapshot()
    refused(box, box.run("apply", box.manifest([write_action(box, "x", "x")]), "--yes"), 77, str(box.state))
    expect_same_tree(box.snapshot(), before, "something was changed")


@needs_root
def state_on_a_read_only_file_system(box):
    """The state directory is on a read-only file system: refused before anything; reading verbs work"""
    manifest = box.manifest([write_action(box, "x", "x")])
    box.state.mkdir(0o700)
    script = f"mount -t tmpfs -o ro,mode=700 none {box.state} && exec \"$@\""
    before = box.snapshot()
    ran = box.run("apply", manifest, "--yes", before=["unshare", "-m", "sh", "-c", script, "sh"])
    expect(ran.exit in (74, 77), ran.shown())
    expect_in("read-only", ran.errors.lower(), "the reason")
    expect_same_tree(box.snapshot(), before, "something was changed")
    box.run("apply", manifest, "--yes").expect(0)
    script = f"mount --bind {box.state} {box.state} && mount -o remount,ro,bind {box.state} && exec \"$@\""
    box.run("status", before=["unshare", "-m", "sh", "-c", script, "sh"]).expect(0)
    box.run("history", before=["unshare", "-m", "sh", "-c", script, "sh"]).expect(0)
    box.run("verify", before=["unshare", "-m", "sh", "-c", script, "sh"]).expect(0)


def journal_truncated_empty_or_newer(box):
    """The journal is cut off, empty, missing, or from a newer version: refused, and never replaced"""
    manifest = box.manifest([write_action(box, "x", "x\n")])
    box.run("apply", manifest, "--yes").expect(0)
    data = box.journal_file()
    whole = data.read_bytes()
    before = box.snapshot()
    other = box.manifest([write_action(box, "y", "y\n")], "other.json")
    for damage in (whole[:5000], b"", whole[:16] + bytes([99]) + whole[17:]):
        data.write_bytes(damage)
        for words in (["status"], ["apply", other, "--yes"], ["rollback", "--yes"]):
            refused(box, box.run(*words), 74)
        expect(data.read_bytes() == damage, "the damaged journal was written to")
    data.unlink()
    for words in (["status"], ["apply", other, "--yes"], ["rollback", "--yes"]):
        refused(box, box.run(*words), 74)
    expect(not data.exists(), "a missing journal was replaced by an empty one")
    expect_same_tree(box.snapshot(), before, "something was changed")
    data.write_bytes(whole)
    data.chmod(0o600)
    box.run("rollback", "--yes").expect(0)


@needs_root
def no_space_for_the_images(box):
    """No space for the images: found before the first step"""
    script = (f"mount -t tmpfs -o size=24m none {box.target} && mkdir -m 700 {box.target}/state && "
              f"head -c 9000000 /dev/zero > {box.target}/ballast && echo former > {box.target}/conf && "
              f"\"$@\"; code=$?; cat {box.target}/conf; ls -a {box.target}; exit $code")
    big = box.folder / "big"
    big.write_bytes(os.urandom(20 << 20))
    manifest = box.manifest([write_action(box, "conf", "new\n", id="conf"),
                             {"action": "file.write", "with": {"path": box.path("big"), "source": str(big)},
                              "depends_on": ["conf"]}])
    for verb in (["plan"], ["apply", "--yes"]):
        ran = box.run(*verb, manifest, "--state-dir", box.target / "state",
                      before=["unshare", "-m", "sh", "-c", script, "sh"]).expect(65)
        expect_in("too little room", ran.errors, "the reason")
    expect_in("former\n", ran.output, "the former content")
    listing = ran.output[ran.output.rindex("former\n"):]
    expect("big" not in listing.split(), f"the big file is there: {listing}")


@needs_root
def no_space_while_rolling_back(box):
    """A full disk keeps nobody from taking back"""
    script = (f"mount -t tmpfs -o size=40m none {box.target} && mkdir -m 700 {box.target}/state && "
              f"echo former > {box.target}/conf && '{box.program}' apply --yes {box.folder}/manifest.json "
              f"--state-dir {box.target}/state >&2 && "
              f"(head -c 100m /dev/zero > {box.target}/ballast || true) && \"$@\"; code=$?; cat {box.target}/conf; "
              "exit $code")
    box.manifest([write_action(box, "conf", "new\n" * 5000, id="conf")])
    ran = box.run("rollback", "--yes", "--state-dir", box.target / "state",
                  before=["unshare", "-m", "sh", "-c", script, "sh"])
    ran.expect(0)
    expect(ran.output.endswith("former\n"), ran.shown())


def inputs_that_are_missing_or_wrong(box):
    """Inputs: missing, unknown, against their pattern"""
    manifest = box.manifest([write_action(box, "x", "${inputs.version}")],
                            inputs={"version": {"pattern": "^[0-9.]+$", "description": "the release"}})
    before = box.snapshot(box.folder)
    refused(box, box.run("apply", manifest, "--yes"), 65, "version")
    refused(box, box.run("apply", manifest, "--yes", "--input", "version=../../etc"), 65, "version")
    refused(box, box.run("apply", manifest, "--yes", "--input", "version=1", "--input", "verzion=1"), 65, "verzion")
    refused(box, box.run("apply", manifest, "--yes", "--input", "version"), 64)
    expect_same_tree(box.snapshot(box.folder), before, "something was changed")


def plans_that_are_broken(box):
    """A saved plan that is cut off, or has an unknown field"""
    manifest = box.manifest([write_action(box, "x", "x\n")])
    box.run("plan", manifest, "-o", box.folder / "saved").expect(0)
    text = (box.folder / "saved").read_text()
    before = box.snapshot()
    given = box.text("given.json", '{"zz": 1}')
    expect_in("'zz', which --input gives", box.run("apply", "saved", "--input", "zz=1").expect(65).errors, "the input")
    expect_in("given.json:1:2: ", box.run("apply", "saved", "--inputs", given).expect(65).errors, "the input")
    ran = box.run("apply", box.text("cut", text[:len(text) // 2]), "--yes")
    expect(ran.exit in (6, 65), ran.shown())
    document = json.loads(text)
    document["surprise"] = 1
    ran = box.run("apply", box.text("more", json.dumps(document)))
    expect(ran.exit in (6, 65), ran.shown())
    expect_same_tree(box.snapshot(), before, "something was changed")
    expect(not box.state.exists(), "a state directory was made")


def reading_leaves_no_trace(box):
    """Reading verbs make no name anywhere"""
    manifest = box.manifest([write_action(box, "x", "x\n")])

    def read():
        box.run("plan", manifest).expect(0)
        box.run("status").expect(0)
        box.run("history").expect(0)
        box.run("verify", manifest).expect(2)
        box.run("graph", manifest).expect(0)
        box.run("doctor").expect(0)
        box.run("kinds").expect(0)
        box.run("schema").expect(0)
    untouched(box, read)


TESTS = [broken_json, unknown_missing_and_doubled_keys, wrong_types, references_cycles_and_ids,
         targets_of_the_wrong_type, a_mount_point, unwritable_targets, sources_vanish_or_change, a_big_source_changes,
         strange_names, a_name_with_a_newline, names_that_are_not_utf8, two_runs_at_once, state_of_others,
         state_of_somebody_else, state_on_a_read_only_file_system, journal_truncated_empty_or_newer,
         no_space_for_the_images, no_space_while_rolling_back, inputs_that_are_missing_or_wrong,
         plans_that_are_broken, reading_leaves_no_trace]

if __name__ == "__main__":
    sys.exit(run_tests(TESTS, parser(__doc__).parse_args()))
