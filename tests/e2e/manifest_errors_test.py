#!/usr/bin/env python3
"""Mistakes in manifests and inputs, one at a time over every construct: each is told at its place, with its cause, and
with how to mend it, and nothing is changed."""

import sys

from harness import expect, expect_equal, expect_same_tree, parser, run_tests

HEAD = '{"backout": 1, "name": "test",\n'
TARGET = '"path": "TARGET/out"'
WRITE = '"action": "file.write", "with": {' + TARGET + ', "content": "x"}'
GOOD = '{"id": "a", ' + WRITE + '}'


def actions(*texts, more=""):
    """Line 2 holds `more`, line 3 the first action, and so on."""
    return HEAD + more + '"actions": [\n' + ",\n".join(texts) + "\n]}"


def with_action(more):
    return actions('{"id": "a", ' + WRITE + ',\n' + more + '}')


def with_content(content):
    return actions('{"id": "a", "action": "file.write", "with": {' + TARGET + ',\n"content": ' + content + '}}')


def check(box, cases):
    """Each case: text, LINE:COLUMN, and words that the one line of its error holds."""
    before = box.snapshot()
    for text, place, *words in cases:
        box.text("m.json", text.replace("TARGET", str(box.target)))
        ran = box.run("plan", "m.json").expect(65)
        lines = [line for line in ran.errors.splitlines() if line.startswith(f"m.json:{place}: ")]
        expect_equal(len(lines), 1, f"lines at {place} for\n{text}\n{ran.errors}")
        for word in words:
            expect(word in lines[0], f"{word!r} is missing in\n{ran.errors}for\n{text}")
        expect_equal(ran.errors.strip().count("\n"), 0, f"further lines for\n{text}\n{ran.errors}")
    expect_same_tree(box.snapshot(), before, "something was changed")
    expect(not box.state.exists(), "a state directory was made")


def the_document(box):
    """The document: its version, its name, its parts"""
    check(box, [
        ("[]", "1:1", "an object"),
        ('{"backout": "1", "name": "t", "actions": []}', "1:13", "a number", "write 1"),
        ('{"backout": 2, "name": "t", "actions": []}', "1:13", "format 2", "newer"),
        ('{"backout": 1, "name": "Big Name", "actions": []}', "1:24", "'Big Name'", "small letters"),
        ('{"backout": 1, "name": 7, "actions": []}', "1:24", "a string", "not a number"),
        ('{"backout": 1, "name": "t"}', "1:1", "needs 'actions'"),
        ('{"backout": 1, "name": "t", "actions": {}}', "1:40", "a list", "not an object"),
        ('{"backout": 1, "name": "t", "actions": [],}', "1:42", "comma", "take it away"),
        ("{'backout': 1}", "1:2", "double quotes"),
        ('{"backout": 1, "name": "t", "actions": [] /* open', "1:43", "comment", "*/"),
        ('{"backout": 1, "name": "t", "name": "u", "actions": []}', "1:29", "'name'", "twice", "1:16"),
        ('{"backout": 01, "name": "t", "actions": []}', "1:13", "leading zeros", '"0644"'),
        (HEAD + '"actions": [], "on_drift": "rolback"}', "2:28", "did you mean 'rollback'"),
        (HEAD + '"actions": [], "on_missing_input": "x"}', "2:36", '"fail" or "skip"'),
        (HEAD + '"actions": [], "Inputs": {}}', "2:16", "did you mean 'inputs'"),
    ])


def inputs_and_facts(box):
    """Inputs and facts: their keys, types, patterns, detectors"""
    check(box, [
        (actions(GOOD, more='"inputs": {"v": 7}, '), "2:17", "an object", "default"),
        (actions(GOOD, more='"inputs": {"v": {"defalt": 1}}, '), "2:18", "did you mean 'default'"),
        (actions(GOOD, more='"inputs": {"v": {"pattern": "["}}, '), "2:29", "'['", "]"),
        (actions(GOOD, more='"inputs": {"v": {"pattern": "^a$", "default": "b"}}, '), "2:47", "pattern '^a$'"),
        (actions(GOOD, more='"inputs": {"v": {"secret": "yes"}}, '), "2:28", "true or false"),
        (actions(GOOD, more='"inputs": {"a b": {}}, '), "2:12", "letters, digits"),
        (actions(GOOD, more='"inputs": {"v": {}, "v": {}}, '), "2:21", "twice"),
        (actions(GOOD, more='"inputs": {"v": {}}, '), "2:12", "--input v=VALUE"),
        (actions(GOOD, more='"facts": {"p": {"detect": "pyhton"}}, '), "2:27", "did you mean 'python'"),
        (actions(GOOD, more='"facts": {"p": {"detect": "nonsense"}}, '), "2:27", "there are", "python"),
        (actions(GOOD, more='"facts": {"p": {}}, '), "2:16", "needs 'detect'"),
        (actions(GOOD, more='"facts": {"p": {"detect": "python", "wiht": {}}}, '), "2:37", "did you mean 'with'"),
        (actions(GOOD, more='"facts": {"p": {"detect": "file", "with": {"path": 7}}}, '), "2:52", "a string"),
        (actions(GOOD, more='"facts": [], '), "2:10", "an object"),
    ])


def actions_and_order(box):
    """Actions: kinds, ids, order, conditions on order, targets"""
    other = '{"id": "b", "action": "file.write", "with": {"path": "TARGET/other", "content": "x"}'
    check(box, [
        (actions("7"), "3:1", "an action is an object"),
        (actions('{"with": {}}'), "3:1", "needs 'action'"),
        (actions('{"action": "file.wirte", "with": {}}'), "3:12", "did you mean 'file.write'"),
        (actions('{"action": "nonsense", "with": {}}'), "3:12", "backout kinds"),
        (actions('{"action": "file.write", "with": {"pth": "x", ' + TARGET + ', "content": ""}}'), "3:35",
         "did you mean 'path'"),
        (actions('{"action": "file.write", "with": {"content": "x"}}'), "3:34", "needs 'path'"),
        (actions('{"id": "", ' + WRITE + '}'), "3:8", "an id"),
        (actions(GOOD, GOOD), "4:8", "'a'", "twice", "3:8"),
        (with_action('"depends_on": "b"'), "4:15", "a list of ids"),
        (with_action('"depends_on": ["a"]'), "4:16", "after itself"),
        (with_action('"after": ["zz"]'), "4:11", "'zz'"),
        (with_action('"dependson": []'), "4:1", "did you mean 'depends_on'"),
        (with_action('"group": 7'), "4:10", "a string"),
        (with_action('"pivot": "true"'), "4:10", "true or false"),
        (with_action('"irreversible": 1'), "4:17", "true or false"),
        (actions(GOOD, '{"id": "b", ' + WRITE + '}'), "4:8", "'a' and 'b'", "depends_on"),
        (actions('{"id": "a", "after": ["b"], ' + WRITE + '}', other + ', "after": ["a"]}'), "3:8", "cycle", "a → b"),
    ])


def durations_and_retries(box):
    """timeout, retry"""
    check(box, [
        (with_action('"timeout": "x"'), "4:12", "'x' is no duration", "90s"),
        (with_action('"timeout": 90'), "4:12", '"90s"'),
        (with_action('"timeout": "-1s"'), "4:12", "'-1s' is no duration"),
        (with_action('"timeout": "1e9h"'), "4:12", "'1e9h' is no duration"),
        (with_action('"timeout": "90"'), "4:12", "units"),
        (with_action('"retry": 7'), "4:10", "an object"),
        (with_action('"retry": {"attempts": 0}'), "4:23", "1 to 1000"),
        (with_action('"retry": {"attempts": 1.5}'), "4:23", "whole number"),
        (with_action('"retry": {}'), "4:10", "needs 'attempts'"),
        (with_action('"retry": {"attempts": 2, "bakoff": "1s"}'), "4:26", "did you mean 'backoff'"),
    ])


def conditions(box):
    """when: its grammar, its names, versions"""
    check(box, [
        (with_action('"when": 7'), "4:9", "as a string"),
        (with_action('"when": "1 <"'), "4:13", "ends here"),
        (with_action('"when": "inputs.nope"'), "4:10", "'nope'", "declare it"),
        (with_action('"when": "facts.nope.x == 1"'), "4:10", "'nope'", "declare it"),
        (with_action('"when": "foo == 1"'), "4:10", "quotes", "inputs."),
        (with_action('"when": "1 = 1"'), "4:12", "'=='"),
        (with_action('"when": "true && false"'), "4:15", "'and'"),
        (with_action('"when": "\'open"'), "4:10", "no closing quote"),
        (with_action('"when": "\'a\' < 1"'), "4:14", "compared"),
        (with_action('"when": "\'a\' matches \'[\'"'), "4:22", "'['"),
        (with_action('"when": "version(\'abc\') > version(\'1\')"'), "4:18", "'abc' is not a version"),
        (with_action('"when": "version(3.10) > version(\'1\')"'), "4:18", "quotes"),
        (with_action('"when": "actions.a.path == 1"'), "4:10", "isn't known when the plan is made"),
        (with_action('"when": "python(1)"'), "4:10", "unknown function"),
    ])


def decision_tables(box):
    """select: its keys, its rows, no row that matches"""
    row = '"table": [{"cuda": "12", "url": "x"}]'
    check(box, [
        (with_content('{"select": 7}'), "4:23", "'table', 'on' and 'value'"),
        (with_content('{"select": {' + row + ', "value": "url"}}'), "4:23", "'on'"),
        (with_content('{"select": {' + row + ', "on": {"cuda": "11"}, "value": "url"}}'), "4:23", "cuda = '11'",
         'row 1 (wants cuda "12")', "default"),
        (with_content('{"select": {' + row + ', "on": {"cuad": "11"}, "value": "url"}}'), "4:33", "'cuad'", "'cuda'"),
        (with_content('{"select": {' + row + ', "on": {"cuda": "12"}, "value": "ulr"}}'), "4:94", "'ulr'", "'url'"),
        (with_content('{"select": {"table": "none.json", "on": {"a": "1"}, "value": "u"}}'), "4:33", "none.json"),
    ])


def references(box):
    """References: names that are none, ends that are missing"""
    check(box, [
        (with_content('"${inputs.nope}"'), "4:13", "'nope'", "declare it"),
        (with_content('"é ${input.v}"'), "4:15", "did you mean 'inputs'", "$${"),
        (with_content('"${secrets.x}"'), "4:13", "inputs., facts."),
        (with_content('"${actions.b.x}"'), "4:13", "actions.b.x"),
        (with_content('"${actions.a.path}"'), "4:13", "its own output"),
        (with_content('"${env.BACKOUT_NO_SUCH}"'), "4:13", "BACKOUT_NO_SUCH", "not set"),
        (with_content('"${backout.rnu}"'), "4:13", "backout.run"),
        (with_content('"${file}"'), "4:13", "validate"),
        (with_content('"${inputs.v"'), "4:13", "no '}'"),
        (actions('{"id": "a", "action": "json.merge", "with": {' + TARGET + ',\n"merge": {"${inputs.v}": 1}}}'), "4:11",
         "can't stand in a key", "inputs.v"),
        (actions('{"id": "a", "action": "json.patch", "with": {' + TARGET
                 + ',\n"patch": [{"op": "add", "path": "/a", "value": {"x${env.HOME}": 1}}]}}'), "4:49",
         "can't stand in a key"),
        (actions('{"id": "a", "action": "command.run", "with": {"argv": ["true"],\n"env": {"${inputs.v}": "1"}}}'),
         "4:9", "can't stand in a key"),
    ])


def verifications(box):
    """verify: the nearest key, the right types, the place of each"""
    check(box, [
        (with_action('"verify": [7]'), "4:12", "not a number"),
        (with_action('"verify": [{"comand": ["x"]}]'), "4:12", "did you mean 'command'"),
        (with_action('"verify": [{"tcp": "a:1", "http": "http://x"}]'), "4:12", "'tcp' and 'http'"),
        (with_action('"verify": [{"http": "http://x", "staus": 200}]'), "4:33", "did you mean 'status'"),
        (with_action('"verify": [{"http": "nonsense"}]'), "4:21", "http://"),
        (with_action('"verify": [{"tcp": "x"}]'), "4:20", "HOST:PORT"),
        (with_action('"verify": [{"file": "/x", "sha256": "y"}]'), "4:37", "64 hexadecimal digits"),
        (with_action('"verify": [{"command": ["true"], "within": "soon"}]'), "4:44", "'soon'"),
        (with_action('"verify": [{"command": ["true"], "exit": "0"}]'), "4:42", "whole number"),
        (actions(GOOD, more='"verify": [{"command": ["x"], "withn": "1s"}], '), "2:31", "did you mean 'within'"),
    ])


def arguments_of_kinds(box):
    """What kinds themselves refuse, at the argument that it concerns"""
    write = '{"id": "a", "action": "file.write", "with": {' + TARGET + ',\n'
    edit = '{"id": "a", "action": "file.edit", "with": {"path": "/etc/hostname",\n"edits": '
    check(box, [
        (actions(write + '"content": "", "mode": "999"}}'), "4:24", "octal"),
        (actions(write + '"content": "", "owner": "no-such-user"}}'), "4:25", "no user 'no-such-user'"),
        (actions(write + '"source": "none.txt"}}'), "4:11", "does not exist", "'none.txt'"),
        (actions(write + '"template": "none.tmpl"}}'), "4:13", "does not exist", "'none.tmpl'"),
        (actions(write + '"content": "", "source": "x"}}'), "4:12", "exactly one of"),
        (actions(write + '"content": "", "validate": ["true"]}}'), "4:28", "${file}"),
        (actions(edit + '[{"line": "x", "state": "presnt"}]}}'), "4:34", '"present" or "absent"'),
        (actions(edit + '[{"regex": "[", "replace": ""}]}}'), "4:21", "'['"),
        (actions('{"id": "a", "action": "command.run", "with": {"argv": []}}'), "3:55", "no program"),
        (actions('{"id": "a", "action": "archive.extract", "with": {' + TARGET + ',\n"source": "no.tgz"}}'), "4:11",
         "does not exist", "'no.tgz'"),
    ])


def several_at_once(box):
    """Several mistakes are told in one go, in the order of their places"""
    box.text("m.json", '{"backout": 1, "name": "T T",\n "inptus": {},\n "actions": [{"action": "file.wirte"},\n'
                       ' {"action": "file.write", "with": {"pth": "x", "content": 7}}], "on_drift": 3}')
    ran = box.run("plan", "m.json").expect(65)
    places = [line.split(": ")[0] for line in ran.errors.splitlines()]
    expect_equal(places, ["m.json:1:24", "m.json:2:2", "m.json:3:25", "m.json:4:35", "m.json:4:36", "m.json:4:59",
                          "m.json:4:77"], "places")


def given_inputs(box):
    """Inputs that are given: each file's mistakes at their place in it, unknown names with the nearest"""
    box.text("m.json", actions(GOOD.replace("TARGET", str(box.target)),
                               more='"inputs": {"version": {"pattern": "^[0-9.]+$"}}, '))
    for text, place, *words in [
            ("", "1:1", "nothing in it"), ('{"version": "1"\n "w": 2}', "2:2", "','"),
            ('{"version": "1",\n "version": "2"}', "2:2", "twice", "1:2"), ("[1]", "1:1", "an object"),
            ('{\n "verison": "1"}', "2:2", "did you mean 'version'", "m.json:2:11 declares 'version'"),
            ('{\n "version": "abc"}', "2:13", "^[0-9.]+$", "'abc'"), ('{"version": hunter2}', "1:13", "double quotes")]:
        box.text("in.json", text)
        ran = box.run("plan", "m.json", "--inputs", "in.json").expect(65)
        expect(any(line.startswith(f"in.json:{place}: ") and all(word in line for word in words)
                   for line in ran.errors.splitlines()), f"{place} {words} for {text!r}: {ran.errors}")
        expect("hunter2" not in ran.errors, "what may be a secret is quoted")
    missing = box.run("plan", "m.json", "--inputs", "none.json").expect(65)
    expect(missing.errors.startswith("none.json:1:1: can't be read: No such file"), missing.errors)
    unknown = box.run("plan", "m.json", "--input", "verison=1").expect(65)
    expect("m.json:2:11: there is no input 'verison'" in unknown.errors and "'version'" in unknown.errors,
           unknown.errors)
    expect_equal(box.run("plan", "m.json", "--input", "version").exit, 64, "--input without a value")
    box.run("plan", "m.json", "--inputs", "in.json", "--input", "version=1").expect(65)
    box.text("in.json", '{"version": "2"} // as people write')
    box.run("plan", "m.json", "--inputs", "in.json").expect(0)


TESTS = [the_document, inputs_and_facts, actions_and_order, durations_and_retries, conditions, decision_tables,
         references, verifications, arguments_of_kinds, several_at_once, given_inputs]

if __name__ == "__main__":
    sys.exit(run_tests(TESTS, parser(__doc__).parse_args()))
