#!/usr/bin/env python3
"""Secrets: they reach commands and files, may be given to every call that needs them, and are stored nowhere else. And
runs made under --root: they are looked at and taken back there."""

import hashlib
import json
import shlex
import sys

from harness import expect, expect_equal, expect_in, parser, run_tests, write_action

CANARY = "CANARYq8x"
SECRET = {"tok": {"secret": True, "env": "TEST_TOKEN"}}


def with_token(box):
    return {**box.environment, "TEST_TOKEN": CANARY}


def inputs_file(box):
    return box.text("inputs.json", json.dumps({"tok": CANARY}))


def expect_not_stored(box):
    """Neither in the journal's pages nor in what the reading verbs print of it. Images are the users' own files."""
    expect(CANARY.encode() not in box.journal_file().read_bytes(), "the secret is in the journal")
    run = box.newest_run()["run"]
    for words in (["log", run], ["log", run, "--json"], ["show", run], ["show", run, "--json"]):
        expect(CANARY not in box.run(*words).expect(0).output, f"the secret is in {words}")


def token_commands(box):
    """One gives the secret out, the next takes it from there; both need it again to be undone."""
    first = {"argv": ["sh", "-c", f"touch {box.path('e')}; echo \"<$TOK>\""], "env": {"TOK": "${inputs.tok}"},
             "undo": {"argv": ["sh", "-c", f"echo $T > {box.path('undone')}; rm {box.path('e')}"],
                      "env": {"T": "${inputs.tok}"}},
             "probe": {"argv": ["test", "-e", box.path("e")]}, "touches": [box.path("e")], "outputs": {"o": ""}}
    second = {"argv": ["sh", "-c", f"echo $O > {box.path('f')}"], "env": {"O": "${actions.E.o}"},
              "undo": {"argv": ["sh", "-c", f"echo $O > {box.path('undone-f')}; rm {box.path('f')}"],
                       "env": {"O": "${actions.E.o}"}},
              "probe": {"argv": ["test", "-e", box.path("f")]}, "touches": [box.path("f")]}
    return [{"id": "E", "action": "command.run", "with": first}, {"id": "F", "action": "command.run", "with": second}]


def outputs_hold_them_by_name(box):
    """A command that gives a secret out: the next step gets it, the journal doesn't"""
    manifest = box.manifest(token_commands(box), inputs=SECRET)
    box.run("apply", "--yes", manifest, environment=with_token(box)).expect(0)
    expect_equal(box.read("f"), f"<{CANARY}>\n", "what the second command got")
    expect_not_stored(box)


def own_outputs_hold_them_by_name(box):
    """What an undo needs of its own command holds a secret that only the undo is given: the journal has its name"""
    given = {"argv": ["sh", "-c", f"touch {box.path('e')}; echo made-{CANARY}"], "outputs": {"id": ""},
             "undo": {"argv": ["sh", "-c", f"echo $ID $TOK > {box.path('undone')}; rm {box.path('e')}"],
                      "env": {"ID": "${actions.E.id}", "TOK": "${inputs.tok}"}},
             "probe": {"argv": ["test", "-e", box.path("e")]}, "touches": [box.path("e")]}
    manifest = box.manifest([{"id": "E", "action": "command.run", "with": given}], inputs=SECRET)
    # The manifest is a test's: it holds the secret, and so do the words of the command.
    box.run("apply", "--yes", manifest, environment=with_token(box)).expect(0)
    records = box.run("log", box.newest_run()["run"], "--json").expect(0).json()
    applied = next(record for record in records if record["type"] == "step_applied")
    expect(CANARY not in json.dumps(applied), "the secret is in the outputs")
    box.run("rollback", "--yes").expect(65)
    box.run("rollback", "--yes", environment=with_token(box)).expect(0)
    expect_equal(box.read("undone"), f"made-{CANARY} {CANARY}\n", "what the undo got")


def outputs_cannot_ask_for_them(box):
    """A program that prints a reference to a secret doesn't get it filled in: its step fails, and all goes back"""
    trap = json.dumps({"o": {"$template": [{"ref": "inputs.tok"}]}})
    manifest = box.manifest([
        {"id": "E", "action": "command.run",
         "with": {"argv": ["echo", trap], "undo": {"argv": ["true"]}, "probe": {"argv": ["false"]},
                  "outputs": {"o": "/o"}}},
        {"id": "F", "action": "file.write", "with": {"path": box.path("f"), "content": "${actions.E.o}"}},
        {"id": "G", "action": "file.write", "with": {"path": box.path("g"), "content": "${inputs.tok}"}}],
        inputs=SECRET)
    ran = box.run("apply", "--yes", manifest, environment=with_token(box)).expect(1)
    expect_in("reserved key", ran.output + ran.errors, "why")
    expect_not_stored(box)


KEY = "-----BEGIN-----\nMIIsecretline1\nMIIsecretline2\n-----END-----\n"
LONG = "".join(f"part{number}-" for number in range(400))


def a_secret_of_many_lines_is_masked(box):
    """A key's lines, together or alone, and a long one that is cut off, in words of a failure, output and outputs"""
    for name, script, code, secret in (("failed", 'echo "$K" >&2; exit 1', 1, KEY),
                                       ("cut", 'echo "$K" >&2; exit 1', 1, LONG),
                                       ("line", 'echo "$K" | sed -n 2p', 0, KEY),
                                       ("json", 'echo "$K" | python3 -c "import json, sys; '
                                                'print(json.dumps(sys.stdin.read()))"', 0, KEY)):
        command = {"argv": ["sh", "-c", script], "env": {"K": "${inputs.tok}"}, "undo": {"argv": ["rm", "-f", box.path(name)]},
                   "probe": {"argv": ["test", "-e", box.path(name)]}, "outputs": {"o": ""}}
        if code == 0:
            command["argv"][2] += f"; touch {box.path(name)}"
        manifest = box.manifest([{"id": "E", "action": "command.run", "with": command},
                                 write_action(box, name + "-got", "${actions.E.o}", id="F")], inputs=SECRET)
        given = {**box.environment, "TEST_TOKEN": secret}
        for words in ([], ["--json"]):
            ran = box.run("apply", "--yes", "-vv", *words, manifest, environment=given).expect(code)
            expect_clean(ran.output + ran.errors, f"the output of {name}")
            expect_clean(box.journal_file().read_bytes().decode("latin-1"), f"the journal after {name}")
            for reading in (["log"], ["show"]):
                run = box.newest_run()["run"]
                expect_clean(box.run(*reading, run, "--json").expect(0).output, f"{reading} after {name}")
            if code == 0 and not words:
                wanted = "MIIsecretline1" if name == "line" else json.dumps(KEY)
                expect_in(wanted.strip('"').removesuffix("\\n"), box.read(name + "-got"), "what the next step got")
                box.run("rollback", "--yes", environment=given).expect(0)


def expect_clean(text, where):
    for part in ("secretline", "-----END", "part399", "part350"):
        expect(part not in text, f"{part} is in {where}:\n{text[:3000]}")


def a_plan_holds_no_digest_of_them(box):
    """Planned a second time, the file that holds the secret is known by its fingerprint, and a change is noticed"""
    manifest = box.manifest([write_action(box, "conf", "${inputs.tok}", id="F"),
                             write_action(box, "other", "1", id="G")], inputs=SECRET)
    digest = hashlib.sha256(CANARY.encode()).hexdigest()
    box.run("apply", "--yes", manifest, environment=with_token(box)).expect(0)
    (box.target / "other").unlink()
    plan = box.folder / "saved.plan"
    box.run("plan", "-o", plan, manifest, environment=with_token(box)).expect(0)
    expect(digest not in plan.read_text(), "the digest is in the plan")
    box.run("check", plan, environment=with_token(box)).expect(0)
    box.write("conf", "x" * len(CANARY))
    stale = box.run("apply", plan, environment=with_token(box)).expect(6)
    expect_in("conf", stale.errors, "what is stale")
    box.write("conf", CANARY)
    box.run("apply", "--yes", manifest, environment=with_token(box)).expect(0)
    expect(digest.encode() not in box.journal_file().read_bytes(), "the digest is in the journal")
    expect_not_stored(box)


def outputs_with_them_are_planned_again(box):
    """Applied and planned again: the kept command's output holds the secret by its name, and nothing is to be done"""
    command = {"argv": ["sh", "-c", f"touch {box.path('e')}; printf '<%s>' $(cat)"], "stdin": "${inputs.tok}",
               "undo": {"argv": ["rm", box.path("e")]}, "probe": {"argv": ["test", "-e", box.path("e")]},
               "outputs": {"o": ""}}
    actions = [{"id": "c", "action": "command.run", "with": command},
               write_action(box, "f", "got ${actions.c.o}\n", id="F")]
    manifest = box.manifest(actions, inputs=SECRET)
    box.run("apply", "--yes", manifest, environment=with_token(box)).expect(0)
    expect_equal(box.read("f"), f"got <{CANARY}>\n", "what was written")
    again = box.run("plan", "--detailed-exitcode", manifest, environment=with_token(box)).expect(0)
    expect(CANARY not in again.output, again.output)
    (box.target / "f").unlink()
    box.run("apply", "--yes", manifest, environment=with_token(box)).expect(0)
    expect_equal(box.read("f"), f"got <{CANARY}>\n", "what was written again")
    expect_not_stored(box)
    undeclared = box.manifest([{**actions[0], "with": {**command, "stdin": "x"}}, actions[1]])
    box.run("plan", undeclared, environment=with_token(box)).expect(65)


def rollback_asks_for_them_first(box):
    """Taking back needs the secret of a command: without it nothing is begun; with it, everything is undone"""
    manifest = box.manifest(token_commands(box), inputs=SECRET)
    box.run("apply", "--yes", manifest, environment=with_token(box)).expect(0)
    refused = box.run("rollback", "--yes").expect(65)
    expect_in("TEST_TOKEN", refused.errors, "the way to give it")
    expect_equal(len(box.run("history", "--json").json()), 1, "runs")
    box.run("rollback", "--yes", "--inputs", inputs_file(box)).expect(0)
    expect_equal((box.read("undone"), box.read("undone-f")), (f"{CANARY}\n", f"<{CANARY}>\n"), "what the undos got")
    expect_not_stored(box)


def edits_of_secrets_go_back(box):
    """A secret line in a file that others changed since: only the line goes, given the secret"""
    for name, kind, more in (("text", "file.edit", {"edits": [{"line": "k=${inputs.tok}"}]}),
                             ("json", "json.merge", {"merge": {"k": "${inputs.tok}"}})):
        path = box.write(name, "a\nb\n" if kind == "file.edit" else '{"a": 1}\n')
        manifest = box.manifest([{"id": "G", "action": kind, "with": {"path": path, **more}}], inputs=SECRET)
        box.run("apply", "--yes", manifest, environment=with_token(box)).expect(0)
        expect_in(CANARY, box.read(name), kind)
        foreign = box.read(name) + "foreign\n" if kind == "file.edit" else box.read(name).replace("{", '{"zz": 2,', 1)
        box.write(name, foreign)
        box.run("rollback", "--yes", environment=with_token(box)).expect(0)
        expect(CANARY not in box.read(name), f"{kind}: the secret is still there")
        expect_in("foreign" if kind == "file.edit" else "zz", box.read(name), "what others wrote")
        expect_not_stored(box)


def resume_takes_them(box):
    """Killed before the step that needs it: resume refuses without the secret, and goes on with it"""
    manifest = box.manifest([
        {"id": "S", "action": "command.run",
         "with": {"argv": ["sh", "-c", f"touch {box.path('s')}; kill -9 $PPID"],
                  "undo": {"argv": ["rm", box.path("s")]}, "probe": {"argv": ["test", "-e", box.path("s")]},
                  "touches": [box.path("s")]}},
        {"id": "F", "action": "file.write", "depends_on": ["S"],
         "with": {"path": box.path("conf"), "content": "k=${inputs.tok}\n"}}], inputs=SECRET)
    expect_equal(box.run("apply", "--yes", manifest, environment=with_token(box)).exit, 137, "killed")
    box.run("resume", "--yes", "--lock-timeout", "20s").expect(65)
    box.run("resume", "--yes", "--inputs", inputs_file(box)).expect(0)
    expect_equal(box.read("conf"), f"k={CANARY}\n", "what was written")
    expect_not_stored(box)


def cutting_off(box, name, when="apply"):
    """A command that kills the program that runs it, once: while it is applied, or while it is undone."""
    path, mark = box.path(name), box.folder / f"killed-{name}"
    cut = f"[ -e {mark} ] || {{ touch {mark}; kill -9 $PPID; }}"
    lines = {"apply": f"touch {path}", "undo": f"rm -f {path}"}
    lines[when] += f"; {cut}"
    return {"id": name, "action": "command.run",
            "with": {"argv": ["sh", "-c", lines["apply"]], "undo": {"argv": ["sh", "-c", lines["undo"]]},
                     "probe": {"argv": ["test", "-e", path]}, "touches": [path]}}


def below_and_above(box):
    """Files before and after the commands that need the secret, and one that was changed."""
    box.write("old", "former\n")
    return ([write_action(box, "old", "ours\n", id="A")], [write_action(box, "new", "ours\n", id="Z")])


def expect_all_back_but(box, left):
    names = sorted(path.name for path in box.target.iterdir())
    expect_equal(names, sorted(["old", *left]), "what is there")
    expect_equal(box.read("old"), "former\n", "the changed file")


def way_out_with_skip(box):
    """What status prints, as words."""
    lines = box.run("status").expect(0).output.splitlines()
    return next(shlex.split(line)[1:] for line in lines if line.startswith("    backout rollback") and "--skip" in line)


def lost_secret_leaves_a_way_out(box):
    """Killed, and the secret of an undo is lost: status and the refusal name --skip, and the rest goes back with it"""
    below, above = below_and_above(box)
    chain = below + token_commands(box) + above + [cutting_off(box, "k")]
    for earlier, later in zip(chain, chain[1:]):
        later["after"] = [earlier["id"]]
    manifest = box.manifest(chain, inputs=SECRET)
    expect_equal(box.run("apply", "--yes", manifest, environment=with_token(box)).exit, 137, "killed")
    run = box.newest_run()["run"]
    wait = ["--lock-timeout", "20s"]
    refused = box.run("rollback", "--yes", *wait).expect(65)
    expect_in(f"backout rollback {run} --skip E --skip F", " ".join(refused.errors.split()), "the way out")
    box.run("rollback", "--yes", "--skip", "nobody", *wait).expect(65)
    way = way_out_with_skip(box)
    expect_equal(way, ["rollback", run, "--skip", "E", "--skip", "F"], "what status names")
    preview = box.run(*way, "--plan").expect(0).output
    expect_equal(preview.count("left out by --skip"), 2, f"what stays in\n{preview}")
    box.run(*way, "--yes", *wait).expect(3)
    expect_all_back_but(box, ["e", "f"])
    expect_equal([one["run"] for one in box.run("status", "--json").json()["incomplete"]], [run], "incomplete")
    box.run("rollback", run, "--yes").expect(65)
    box.run("rollback", run, "--yes", environment=with_token(box)).expect(0)
    expect_all_back_but(box, ["undone", "undone-f"])
    expect_equal(box.run("status", "--json").json()["incomplete"], [], "incomplete, mended")


def unfinished_rollback_asks_first(box):
    """A rollback that was killed: resume asks for the secrets before it does anything; without them --skip leads out"""
    below, above = below_and_above(box)
    actions = below + token_commands(box)[:1] + above + [cutting_off(box, "k", "undo")]
    for earlier, later in zip(actions, actions[1:]):
        later["after"] = [earlier["id"]]
    box.run("apply", "--yes", box.manifest(actions, inputs=SECRET), environment=with_token(box)).expect(0)
    run = box.newest_run()["run"]
    expect_equal(box.run("rollback", "--yes", environment=with_token(box)).exit, 137, "killed")
    back = box.newest_run()["run"]
    expect(back != run, "the rollback is a run of its own")
    records = len(box.run("log", back, "--json").expect(0).json())
    refused = box.run("resume", "--yes", "--lock-timeout", "20s").expect(65)
    expect_in("'tok'", refused.errors, "the input")
    expect_in(f"backout rollback {back} --skip E", " ".join(refused.errors.split()), "the way out")
    expect_equal(len(box.run("log", back, "--json").expect(0).json()), records, "what the journal has of it")
    expect(box.read("new") == "ours\n", "a step went back")
    box.run(*way_out_with_skip(box), "--yes").expect(3)
    expect_all_back_but(box, ["e"])
    box.run("rollback", run, "--yes", environment=with_token(box)).expect(0)
    expect_all_back_but(box, ["undone"])


def a_run_stays_in_its_root(box):
    """Made under --root, looked at and taken back there, whether the flag is given again or not"""
    root = box.folder / "root"
    inside = root / box.path("conf").lstrip("/")
    inside.parent.mkdir(parents=True)
    manifest = box.manifest([write_action(box, "conf", "same\n", id="A")])
    plan = box.folder / "saved.plan"
    box.run("plan", "--root", root, "-o", plan, manifest).expect(0)
    box.run("apply", plan).expect(0)
    expect_equal(inside.read_text(), "same\n", "in the root")
    expect(not (box.target / "conf").exists(), "outside the root")
    box.write("conf", "same\n")
    box.run("verify").expect(0)
    inside.write_text("other\n")
    box.run("verify").expect(2)
    inside.write_text("same\n")
    refused = box.run("rollback", "--yes", "--root", box.folder).expect(64)
    expect_in(str(root), refused.errors, "the run's own root")
    box.run("rollback", "--yes").expect(0)
    expect(not inside.exists(), "taken back in the root")
    expect_equal(box.read("conf"), "same\n", "the machine's own file")


TESTS = [outputs_hold_them_by_name, own_outputs_hold_them_by_name, outputs_cannot_ask_for_them,
         a_secret_of_many_lines_is_masked, a_plan_holds_no_digest_of_them, outputs_with_them_are_planned_again,
         rollback_asks_for_them_first, edits_of_secrets_go_back,
         resume_takes_them, lost_secret_leaves_a_way_out, unfinished_rollback_asks_first, a_run_stays_in_its_root]

if __name__ == "__main__":
    sys.exit(run_tests(TESTS, parser(__doc__).parse_args()))
