#!/usr/bin/env python3
"""Security checks 11 and 14 to 17: plans and manifests from strangers. The journal is in journal_test.py."""

import copy
import json
import os
import sys

from common import (canonical_digest, differences, expect, expect_equal, expect_in, main, no_signal, peak_memory, refused,
                    snapshot)

MOST_MEMORY = 700  # MiB


def saved_plan(ground, name="saved"):
    ground.write("conf", "former\n")
    manifest = ground.manifest([
        {"id": "a", "action": "file.write", "with": {"path": ground.path("conf"), "content": "new\n"}},
        {"id": "b", "action": "command.run", "depends_on": ["a"], "with": {
            "argv": ["touch", ground.path("made")], "undo": {"argv": ["rm", ground.path("made")]},
            "probe": {"argv": ["test", "-e", ground.path("made")]}}}])
    ground.run("plan", manifest, "-o", ground.folder / name).expect(0)
    return json.loads((ground.folder / name).read_text())


def applied_as(ground, plan, what, codes):
    """Applies a changed plan, which must change nothing."""
    before = snapshot(ground.target)
    if plan["digest"] == canonical_digest(plan):
        plan["id"] = os.urandom(16).hex()  # or one that went through would keep out all others: an id is used once
    ran = ground.run("apply", ground.text("changed", json.dumps(plan)))
    no_signal(ran, what)
    if ran.exit not in codes or differences(snapshot(ground.target), before):
        ground.wrong(f"{what}: was not refused: {ran.shown()[:1200]}")
        ground.run("rollback", "--yes")
    ground.tried()


def security_11_a_changed_plan(ground):
    """A plan that was changed, whose digest isn't the one that was agreed to, or that was used, is refused"""
    plan = saved_plan(ground)
    expect_equal(canonical_digest(plan), plan["digest"], "the digest, reckoned here")
    evil = json.loads(json.dumps(plan).replace('new\\\\n', 'evil\\\\n').replace('"touch"', '"rm"'))
    expect(evil != plan, "the plan isn't changed")
    applied_as(ground, evil, "a changed plan", (6, 65))
    evil["digest"] = canonical_digest(evil)
    saved = ground.text("changed", json.dumps(evil))
    refused(ground.run("apply", saved, "--require-digest", plan["digest"]), "another digest", (6,))
    expect_equal(ground.read("conf"), "former\n", "the target")
    ground.run("apply", ground.folder / "saved", "--require-digest", plan["digest"]).expect(0)
    refused(ground.run("apply", ground.folder / "saved"), "a used plan", (6,))
    ground.run("rollback", "--yes").expect(0)
    refused(ground.run("apply", ground.folder / "saved"), "a used plan", (6,))
    ground.tried(4)


def security_11_the_plan_in_the_journal(ground):
    """The plan that the journal holds is bound by its digest: resume and rollback with a changed one are refused"""
    ground.apply([{"action": "file.write", "with": {"path": ground.path("conf"), "content": "agreed on\n"}}]).expect(0)
    data = ground.journal_file()
    whole = data.read_bytes()
    places = [at for at in range(len(whole)) if whole.startswith(b"agreed on", at)]
    expect(places, "the content isn't found in the journal")
    for at in places:
        data.write_bytes(whole[:at] + b"EVILxx on" + whole[at + 9:])
        for words in (["rollback", "--yes"], ["show", "r-1"], ["status"]):
            ran = ground.run(*words)
            no_signal(ran, str(words))
            if ran.exit != 74 and "EVIL" in ran.output + ran.errors:
                ground.wrong(f"{words} with a changed plan: was not refused: {ran.shown()[:1200]}")
        if ground.read("conf") != "agreed on\n" if os.path.exists(ground.path("conf")) else False:
            ground.wrong("it was written")
        ground.tried()
    data.write_bytes(whole)


def objects_of(value, way=()):
    """Every object of a document, with the way to it."""
    if isinstance(value, dict):
        yield way
        for key, below in value.items():
            yield from objects_of(below, (*way, key))
    elif isinstance(value, list):
        for number, below in enumerate(value):
            yield from objects_of(below, (*way, number))


FREE = {"details", "before", "after", "with", "arguments", "facts", "state", "xattrs", "env", "stats", "context"}


def at_way(document, way):
    for part in way:
        document = document[part]
    return document


def security_14_unknown_fields(ground):
    """Unknown fields, kinds, operations and versions in a plan or a manifest are refused, never ignored"""
    plan = saved_plan(ground)
    for way in list(objects_of(plan)):
        if any(part in FREE for part in way):
            continue  # what kinds and detectors noted in their own words; the digest covers it
        evil = copy.deepcopy(plan)
        at_way(evil, way)["surprise"] = 1
        evil["digest"] = canonical_digest(evil)
        applied_as(ground, evil, f"an unknown field in {way}", (6, 65))
    for key, value in (("format", "backout-plan/2"), ("format", "backout-plan/1.1"), ("format", 1), ("actions", {}),
                       ("on_drift", "ignore"), ("name", "../../etc"), ("name", 7)):
        evil = copy.deepcopy(plan)
        evil[key] = value
        evil["digest"] = canonical_digest(evil)
        applied_as(ground, evil, f"{key} = {value}", (6, 65))
    for key, value in (("category", "shell"), ("kind", "file.shred"), ("effect", "magic"), ("arguments", {}), ("step", 7), ("step", -1), ("id", None),
                       ("depends_on", ["nobody"]), ("depends_on", ["b"]), ("undo", None)):
        evil = copy.deepcopy(plan)
        evil["actions"][0][key] = value
        evil["digest"] = canonical_digest(evil)
        applied_as(ground, evil, f"actions[0].{key} = {value}", (1, 6, 65, 77))
    for text in ('{"backout": 2, "name": "x", "actions": []}', '{"backout": 1, "name": "x", "actions": [], "sudo": true}',
                 '{"backout": 1, "name": "x", "actions": [{"action": "file.write", "with": {"path": "/tmp/x", "contnet": ""}}]}',
                 '{"backout": 1, "name": "x", "actions": [{"action": "file.shred", "with": {"path": "/tmp/x"}}]}',
                 '{"backout": "1", "name": "x", "actions": []}', '{"backout": 1.5, "name": "x", "actions": []}'):
        refused(ground.run("apply", "--yes", ground.text("m.json", text)), text, (65,))
        ground.tried()


def heavy_documents(ground):
    """(what, file, how far): documents that are too deep, too long, or too large."""
    deep = 10_000
    start = '{"backout": 1, "name": "x", "actions": '
    yield "nested lists", ground.text("deep", start + "[" * deep + "]" * deep + "}")
    yield "nested objects", ground.text("objects", '{"a":' * deep + "1" + "}" * deep)
    yield "a nested condition", ground.text("when", start + '[{"action": "dir.create", "when": "' + "(" * deep + "true" +
                                            ")" * deep + '", "with": {"path": "/tmp/x"}}]}')
    yield "many nots", ground.text("nots", start + '[{"action": "dir.create", "when": "' + "not " * deep +
                                   'true", "with": {"path": "/tmp/x"}}]}')
    yield "nested references", ground.text("references", start + '[{"action": "dir.create", "with": {"path": "' +
                                           "${" * deep + "}" * deep + '"}}]}')
    yield "2,000,001 actions", ground.text("actions", start + "[" + "{}," * 2_000_000 + "{}]}")
    yield "a long text", ground.text("long", start[:-1] + '"' + "a" * (16 << 20) + '"}')
    huge = ground.folder / "huge"
    with open(huge, "wb") as file:
        file.truncate(1100 << 20)
    yield "1.1 GiB of nothing", str(huge)
    yield "blanks", ground.text("blanks", " " * (8 << 20))
    lines = json.dumps([{"cuda": str(number), "url": "u"} for number in range(50_000)])
    ground.text("table.json", lines)
    yield "a big table without a match", ground.text("select", start + '[{"action": "dir.create", "with": {"path": {"select": {'
                                                     '"table": "table.json", "on": {"cuda": "x"}, "value": "url"}}}}]}')
    yield "a costly pattern", ground.text("pattern", start + '[{"action": "file.write", "with": {"path": "${inputs.x}", "content": ""}}],'
                                          '"inputs": {"x": {"default": "' + "a" * 40 + '!", "pattern": "^(a+)+$"}}}')


def security_15_depth_size_and_count(ground):
    """Documents too deep, too long, too many: one clear error, bounded memory, no signal"""
    for what, path in heavy_documents(ground):
        for verb in (["plan"], ["apply", "--yes"])[:2 if ground.arguments.full else 1]:
            code, words, peak = peak_memory(ground.argv([*verb, path]), ground.environment, ground.folder)
            if code != 65 or not words.strip():
                ground.wrong(f"{what}: {verb} was not refused cleanly: exit {code}: {words[:300]}")
            if peak > MOST_MEMORY:
                ground.wrong(f"{what}: {verb} took {peak} MiB")
            ground.tried()
        os.unlink(path)


def security_16_odd_json(ground):
    """Doubled keys, NaN, huge numbers, a byte order mark, invalid UTF-8: each has its answer"""
    start = b'{"backout": 1, "name": "x", "actions": ['
    action = b'{"action": "file.write", "with": {"path": "%s", "content": "x"%%s}}' % os.fsencode(ground.path("new"))
    odd = {"doubled key": b', "content": "y"', "NaN": b', "mode": NaN', "Infinity": b', "mode": Infinity',
           "huge number": b', "mode": 1e999999', "long number": b', "mode": ' + b"9" * 5000, "negative zero": b', "mode": -0',
           "surrogate": b', "mode": "\\ud800"', "overlong": b', "mode": "\xc0\xaf"', "raw newline": b', "mode": "06\n44"',
           "NUL escape": b', "mode": "0\\u0000"', "invalid UTF-8": b', "mode": "\xff"', "hex": b', "mode": 0x1A4',
           "single quotes": b", 'mode': '0644'", "doubled by escape": b', "c\\u006fntent": "y"'}
    for what, more in odd.items():
        ran = ground.run("apply", "--yes", ground.text("m.json", start + action.replace(b"%s", more) + b"]}"))
        no_signal(ran, what)
        if ran.exit != 65 or os.path.exists(ground.path("new")):
            ground.wrong(f"{what}: was not refused: {ran.shown()[:800]}")
        ground.tried()
    plain = start + action.replace(b"%s", b"") + b"]}"
    for what, text in (("UTF-16", plain.decode().encode("utf-16")), ("two documents", plain + plain), ("a NUL behind", plain + b"\0")):
        refused(ground.run("apply", "--yes", ground.text("m.json", text)), what, (65,))
        ground.tried()
    marked = ground.run("plan", ground.text("m.json", b"\xef\xbb\xbf" + plain))
    expect(marked.exit in (0, 65), f"a byte order mark: {marked.shown()}")
    for text in (b'{"v": 1, "v": 2}', b'{"v": NaN}', b"\xff", b"[" * 5000, b"[]", b""):
        ran = ground.run("plan", "--inputs", ground.text("inputs", text), ground.text("m.json", start + b'], "inputs": {"v": {}}}'))
        refused(ran, f"inputs {text[:20]}", (65,))
        ground.tried()
    plan = json.dumps(saved_plan(ground))
    for what, text in (("doubled key", plan.replace('"name":', '"name": "y", "name":', 1)), ("deep", plan[:-1] + ', "x": ' + "[" * 9999),
                       ("cut", plan[:len(plan) // 2])):
        refused(ground.run("apply", ground.text("p", text)), f"a plan, {what}", (6, 65))
        ground.tried()


def security_17_no_code_from_data(ground):
    """Nothing that stands in a document is evaluated: no shell, no expressions but those of `when`"""
    marker = ground.folder / "marker"
    traps = [f"$(touch {marker})", f"`touch {marker}`", f"; touch {marker};", f"|touch {marker}", f"&& touch {marker}",
             f"\n touch {marker}\n", f"' ; touch {marker} ; '", f"__import__('os').system('touch {marker}')",
             f"{{{{ lookup('pipe','touch {marker}') }}}}", f"%x(touch {marker})", "${jndi:ldap://127.0.0.1/x}",
             "!!python/object/apply:os.system ['x']", f"$((`touch {marker}`))", f"<(touch {marker})", f"-exec touch {marker}"]
    for trap in traps:
        literal = trap.replace("${", "$${")
        name = "t" + str(traps.index(trap))
        actions = [{"id": "w", "action": "file.write", "description": literal, "with": {"path": ground.path(name), "content": literal}},
                   {"id": "c", "action": "command.run", "with": {
                       "argv": ["printf", "%s", literal], "env": {"X": literal}, "stdin": literal, "outputs": {"o": ""},
                       "undo": {"argv": ["true", literal]}}},
                   {"id": "o", "action": "file.write", "with": {"path": ground.path(name + "o"), "content": "${actions.c.o}"}},
                   {"id": "e", "action": "file.edit", "depends_on": ["w"], "with": {
                       "path": ground.path(name), "edits": [{"line": "# " + literal.replace("\n", " ")}]}}]
        ground.apply(actions).expect(0)
        expect_equal(ground.read(name + "o").strip(), trap.strip(), "what the program was given")
        ground.run("rollback", "--yes").expect(0)
        more = ({"when": trap}, {"id": trap}, {"verify": [{"file": trap}]})[traps.index(trap) % 3]
        ran = ground.apply([{"action": "dir.create", "with": {"path": ground.path("d")}, **more}])
        no_signal(ran, str(more))
        ground.tried()
        expect(not marker.exists(), f"{trap}: it was run")
    expect_in("argv", ground.run("kinds", "command.run").output, "kinds")


if __name__ == "__main__":
    sys.exit(main(globals()))
