#!/usr/bin/env python3
"""What is found out before a run, and looked at after it: inputs, templates, checks, and what can't be looked at."""

import os
import sys

from harness import NOBODY, expect, expect_equal, expect_in, needs_root, parser, run_tests, write_action


def preview_exists_false_is_a_check(box):
    """{"exists": false} of a file: as absent, in a check and among what is verified"""
    gone = {"file": box.path("zz"), "exists": False}
    manifest = box.manifest([{"id": "c", "action": "check", "with": gone},
                             write_action(box, "a", "x\n", verify=[gone])], verify=[gone])
    box.run("apply", "--yes", manifest).expect(0)
    box.write("zz", "there\n")
    box.run("apply", "--yes", manifest).expect(1)
    both = box.manifest([{"id": "c", "action": "check", "with": {**gone, "absent": False}}])
    expect_in("says the contrary of exists", box.run("plan", both).expect(65).errors, "a contradiction")


def preview_an_actions_own_policy_is_the_stronger_one(box):
    """on_missing_input: "fail" of an action, where the manifest says "skip"; other actions are skipped as it says"""
    uses = write_action(box, "a", "${inputs.word}", id="a")
    inputs = {"word": {"description": "a word"}}
    strict = box.manifest([{**uses, "on_missing_input": "fail"}], inputs=inputs, on_missing_input="skip")
    expect_in("word", box.run("apply", "--yes", strict).expect(65).errors, "what is missing")
    box.run("apply", "--yes", box.manifest([uses], inputs=inputs, on_missing_input="skip")).expect(0)
    expect(not (box.target / "a").exists(), "it wasn't skipped")


def from_template(box, made_by):
    use = {"id": "use", "action": "file.write", "depends_on": [made_by["id"]],
           "with": {"path": box.path("out"), "template": box.path("t")}}
    manifest = box.manifest([made_by, use], inputs={"word": {"default": "hello"}})
    box.run("apply", "--yes", manifest).expect(0)
    expect_equal(box.read("out"), "hello\n", "what was made of the template")
    again = box.run("plan", "--detailed-exitcode", manifest).expect(0)
    expect_in("nothing to do", (again.output + again.errors).lower(), "the second plan")


def preview_a_template_may_be_written_by_an_earlier_step(box):
    """a template that an earlier step writes is read as that one will have left it"""
    from_template(box, write_action(box, "t", "$${inputs.word}\n", id="t"))


def preview_a_template_may_be_copied_by_an_earlier_step(box):
    """… or copies, over an older one"""
    box.write("t", "old ${inputs.word}\n")
    box.write("s", "${inputs.word}\n")
    from_template(box, {"id": "t", "action": "file.write", "with": {"path": box.path("t"), "source": box.path("s")}})


def preview_what_needs_a_missing_secret_is_no_drift(box):
    """verify of a run and of a plan: 65 naming the input where it isn't at hand, and in step where it is"""
    command = {"id": "use", "action": "command.run",
               "with": {"argv": ["true"], "undo": {"argv": ["true"]}, "touches": [box.path("none")]}}
    check = {"command": ["sh", "-c", "read word; [ \"$word\" = hidden ]"], "stdin": "${inputs.token}\n"}
    manifest = box.manifest([command], verify=[check],
                            inputs={"token": {"secret": True, "env": "TOKEN"}})
    at_hand = {**box.environment, "TOKEN": "hidden"}
    box.run("plan", manifest, "-o", box.folder / "p", environment=at_hand).expect(0)
    box.run("apply", box.folder / "p", environment=at_hand).expect(0)
    for words in (["verify"], ["verify", box.folder / "p"]):
        box.run(*words, environment=at_hand).expect(0)
        expect_in("'token'", box.run(*words).expect(65).errors, "what is missing")


def preview_of_a_damaged_journal_stops(box):
    """74: plan goes no further than apply would; without a journal it works, and makes none"""
    manifest = box.manifest([write_action(box, "a", "x\n")])
    box.run("plan", manifest).expect(0)
    expect(not box.state.exists(), "plan left a trace")
    box.run("apply", "--yes", manifest).expect(0)
    journal = box.journal_file()
    journal.write_bytes(journal.read_bytes()[:4096])
    for verb in (["plan"], ["apply", "--yes"]):
        expect_in("journal", box.run(*verb, manifest).expect(74).errors, verb[0])


def preview_the_last_event_is_a_report(box):
    """--json with nothing to do: the last event is a report, null, with the exit code"""
    manifest = box.manifest([write_action(box, "a", "x\n")])
    box.write("a", "x\n")
    for words in (["apply", manifest], ["resume"], ["rollback"]):
        last = box.run(*words, "--yes", "--json").expect(0).events()[-1]
        expect_equal((last["type"], last.get("report", ""), last.get("exit")), ("report", None, 0), words[0])


def preview_a_link_above_the_state_directory_is_followed(box):
    """the user's own link above it leads there, at the first call too"""
    (box.folder / "real").mkdir(mode=0o755)
    (box.folder / "link").symlink_to("real")
    there = ["--state-dir", box.folder / "link" / "st"]
    box.run(*there, "apply", "--yes", box.manifest([write_action(box, "a", "x\n")])).expect(0)
    box.run(*there, "rollback", "--yes").expect(0)
    expect((box.folder / "real" / "st" / "data.mdb").exists(), "the journal isn't there")


@needs_root
def preview_somebody_elses_link_above_the_state_directory_is_refused(box):
    """77, before anything is made there"""
    box.folder.chmod(0o755)
    (box.folder / "real").mkdir(mode=0o755)
    (box.folder / "link").symlink_to("real")
    os.chown(box.folder / "link", NOBODY, NOBODY, follow_symlinks=False)
    ran = box.run("--state-dir", box.folder / "link" / "st", "apply", "--yes",
                  box.manifest([write_action(box, "a", "x\n")])).expect(77)
    expect_in("somebody else's link", ran.errors, "why")
    expect_equal(os.listdir(box.folder / "real"), [], "what was made")


TESTS = [value for name, value in list(globals().items()) if name.startswith("preview_")]

if __name__ == "__main__":
    sys.exit(run_tests(TESTS, parser(__doc__).parse_args()))
