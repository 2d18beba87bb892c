"""Changes for the kill sweep: a world to start from, and a manifest for it. One for each kind and way of it."""

import io
import os
import tarfile

from harness import ACL_FOR_NOBODY, NOBODY, set_flags, set_xattr, write_action

THEIRS = "theirs"  # where commands work: its time is changed by them and by their undo, and is theirs
LONG_AGO = 1_000_000_000_123_456_789  # nanoseconds; no clock gives this again


def furnish(box):
    """A tree with all that a file can have. Nothing here is touched by a scenario unless it says so."""
    box.write("kept/plain", "plain\n", 0o640, LONG_AGO)
    box.write("kept/program", "#!/bin/sh\n", 0o4755, LONG_AGO)
    os.link(box.path("kept/plain"), box.path("kept/second name"))
    os.symlink("plain", box.path("kept/link"))
    os.symlink("nowhere", box.path("kept/dangling"))
    os.mkfifo(box.path("kept/fifo"), 0o600)
    for name in ("kept/link", "kept/dangling", "kept/fifo"):
        os.utime(box.path(name), ns=(LONG_AGO, LONG_AGO), follow_symlinks=False)
    decorate(box, "kept/program")
    os.mkdir(box.path(THEIRS))


def decorate(box, name):
    """What a file may carry besides its content; as much as this user and this file system can."""
    path = box.path(name)
    if os.geteuid() == 0:
        os.chown(path, NOBODY, NOBODY)
        set_xattr(path, "system.posix_acl_access", ACL_FOR_NOBODY)
    set_xattr(path, "user.note", b"\x00\xff bytes")
    set_flags(path, 0x40)  # nodump
    os.utime(path, ns=(LONG_AGO, LONG_AGO))


def age_directories(box):
    for base, _, _ in sorted(os.walk(box.target), reverse=True):
        os.utime(base, ns=(LONG_AGO, LONG_AGO))


def tree(box, name):
    box.write(f"{name}/a", "a\n", 0o600, LONG_AGO)
    box.write(f"{name}/below/b", "b\n", 0o755, LONG_AGO)
    os.symlink("a", box.path(f"{name}/link"))
    os.mkdir(box.path(f"{name}/empty"), 0o711)
    decorate(box, f"{name}/below/b")


def archive(box):
    path = box.folder / "release.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name, content, mode in (("v2/a", b"new a\n", 0o644), ("v2/below/c", b"c\n", 0o755)):
            info = tarfile.TarInfo(name)
            info.size, info.mode, info.mtime = len(content), mode, 1_600_000_000
            tar.addfile(info, io.BytesIO(content))
        link = tarfile.TarInfo("v2/link")
        link.type, link.linkname, link.mtime = tarfile.SYMTYPE, "a", 1_600_000_000
        tar.addfile(link)
    return str(path)


def file_write_create(box):
    return [write_action(box, "new", "hello\n", mode="0600")]


def file_write_update(box):
    box.write("conf", "old\n", 0o640, LONG_AGO)
    decorate(box, "conf")
    os.link(box.path("conf"), box.path("conf.other-name"))
    return [write_action(box, "conf", "new\n")]


def file_write_parents(box):
    return [write_action(box, "made/for/it/new", "hello\n", make_parents=True)]


def file_delete(box):
    box.write("old", "old\n", 0o600, LONG_AGO)
    decorate(box, "old")
    os.link(box.path("old"), box.path("old.other-name"))
    return [{"action": "file.delete", "with": {"path": box.path("old")}}]


def file_move(box):
    box.write("from", "content\n", 0o600, LONG_AGO)
    decorate(box, "from")
    os.mkdir(box.path("there"))
    return [{"action": "file.move", "with": {"from": box.path("from"), "to": box.path("there/to")}}]


def file_link_create(box):
    return [{"action": "file.link", "with": {"path": box.path("current"), "to": "kept"}}]


def file_link_switch(box):
    os.symlink("releases/1", box.path("current"))
    os.utime(box.path("current"), ns=(LONG_AGO, LONG_AGO), follow_symlinks=False)
    return [{"action": "file.link", "with": {"path": box.path("current"), "to": "releases/2"}}]


def file_edit(box):
    box.write("app.ini", "; settings\n[net]\nport = 80\n\n[log]\nlevel = info\n", 0o640, LONG_AGO)
    decorate(box, "app.ini")
    return [{"action": "file.edit", "with": {"path": box.path("app.ini"), "edits": [
        {"line": "; ours", "state": "present", "after": "^; settings$"},
        {"ini": {"section": "net", "key": "port", "value": "8080"}},
        {"block": "a\nb", "marker": "; {mark} ours", "state": "present"},
        {"regex": "^level = .*", "replace": "level = debug", "count": 1}]}}]


def file_attributes(box):
    tree(box, "tree")
    given = {"path": box.path("tree"), "mode": "0750", "recurse": True}
    if os.geteuid() == 0:
        given["owner"] = "nobody"
    return [{"action": "file.attributes", "with": given}]


def dir_create(box):
    return [{"action": "dir.create", "with": {"path": box.path("one/two"), "make_parents": True, "mode": "0700"}}]


def dir_delete(box):
    tree(box, "tree")
    return [{"action": "dir.delete", "with": {"path": box.path("tree")}}]


def dir_sync(box):
    source = box.folder / "source"
    (source / "below").mkdir(parents=True)
    (source / "a").write_text("new a\n")
    (source / "below" / "n").write_text("n\n")
    (source / "x.log").write_text("excluded\n")
    tree(box, "tree")
    box.write("tree/y.log", "stays\n", 0o644, LONG_AGO)
    return [{"action": "dir.sync", "with": {"source": str(source), "path": box.path("tree"), "delete": True,
                                            "exclude": ["*.log"]}}]


def archive_extract_new(box):
    return [{"action": "archive.extract", "with": {"source": archive(box), "path": box.path("app"), "strip": 1}}]


def archive_extract_over(box):
    tree(box, "app")
    return [{"action": "archive.extract", "with": {"source": archive(box), "path": box.path("app"), "strip": 1}}]


JSON_TEXT = '{\n  // theirs\n  "a": 1,\n  "b": {"c": [1, 2]}\n}\n'


def json_merge(box):
    box.write("app.json", JSON_TEXT, 0o600, LONG_AGO)
    decorate(box, "app.json")
    return [{"action": "json.merge", "with": {"path": box.path("app.json"), "merge": {"b": {"d": True}, "a": None}}}]


def json_patch(box):
    box.write("app.json", JSON_TEXT, 0o600, LONG_AGO)
    decorate(box, "app.json")
    return [{"action": "json.patch", "with": {"path": box.path("app.json"), "patch": [
        {"op": "add", "path": "/b/c/-", "value": 3}, {"op": "replace", "path": "/a", "value": "one"}]}}]


def command(box, name="copy"):
    """Torn by a kill in its middle; its probe tells that apart from done and from not begun."""
    source, copy = box.path("kept/plain"), box.path(f"{THEIRS}/{name}")
    probe = f"test -e {copy} || exit 1; cmp -s {source} {copy} || exit 2"
    return {"id": name, "action": "command.run",
            "with": {"argv": ["cp", source, copy], "undo": {"argv": ["rm", "-f", copy]},
                     "probe": {"argv": ["sh", "-c", probe]}, "touches": [copy]}}


def command_run(box):
    return [command(box)]


def several(box):
    """Independent steps, which share a window, and a chain behind them."""
    box.write("conf", "old\n", 0o640, LONG_AGO)
    chain = {"action": "file.link", "with": {"path": box.path("current"), "to": "made"}, "depends_on": ["made"]}
    return [{"id": "made", "action": "dir.create", "with": {"path": box.path("made")}},
            write_action(box, "conf", "new\n", id="conf"),
            {"action": "file.edit", "with": {"path": box.path("kept/plain"),
                                             "edits": [{"line": "ours", "state": "present"}]}},
            write_action(box, "made/inside", "inside\n", id="inside"), chain,
            {**command(box), "depends_on": ["conf", "inside"]}]


def flagged(box):
    """Immutable and append-only files: the flag is cleared for the change, and set again whatever happens between."""
    for name in ("conf", "ini", "gone", "from", "mode"):
        box.write(name, "[a]\nb = 1\n", 0o640, LONG_AGO)
        set_flags(box.path(name), 0x20 if name in ("ini", "gone") else 0x10)
    return [write_action(box, "conf", "new\n", id="conf"),
            {"action": "file.edit", "with": {"path": box.path("ini"),
                                             "edits": [{"ini": {"section": "a", "key": "b", "value": "2"}}]}},
            {"action": "file.delete", "with": {"path": box.path("gone")}},
            {"action": "file.move", "with": {"from": box.path("from"), "to": box.path("to")}},
            {"action": "file.attributes", "with": {"path": box.path("mode"), "mode": "0600"}}]


def failing(box):
    """Ends with a check that says no: the run goes back by itself, and is killed on its way, too."""
    return [*several(box), {"id": "no", "action": "check", "with": {"file": box.path("nowhere")},
                            "depends_on": ["copy"]}]


def two_files(box):
    box.write("conf", "old\n", 0o640, LONG_AGO)
    return [write_action(box, "conf", "new\n", id="conf"), write_action(box, "other", "other\n", id="other")]


def disturb(box):
    """Somebody's change, which a rollback has to leave."""
    box.write("conf", "theirs\n", 0o640)


def mend(box):
    box.write("conf", "new\n", 0o640)


# name: (the change, the verb that is killed). A rollback that is killed goes back all the same.
SCENARIOS = {
    "file_write_create": (file_write_create, "apply"),
    "file_write_update": (file_write_update, "apply"),
    "file_write_parents": (file_write_parents, "apply"),
    "file_delete": (file_delete, "apply"),
    "file_move": (file_move, "apply"),
    "file_link_create": (file_link_create, "apply"),
    "file_link_switch": (file_link_switch, "apply"),
    "file_edit": (file_edit, "apply"),
    "file_attributes": (file_attributes, "apply"),
    "dir_create": (dir_create, "apply"),
    "dir_delete": (dir_delete, "apply"),
    "dir_sync": (dir_sync, "apply"),
    "archive_extract_new": (archive_extract_new, "apply"),
    "archive_extract_over": (archive_extract_over, "apply"),
    "json_merge": (json_merge, "apply"),
    "json_patch": (json_patch, "apply"),
    "command_run": (command_run, "apply"),
    "several": (several, "apply"),
    "flagged": (flagged, "apply"),
    "failing": (failing, "apply"),
    "rollback_of_file_write": (file_write_update, "rollback"),
    "rollback_of_dir_sync": (dir_sync, "rollback"),
    "rollback_of_several": (several, "rollback"),
    "rollback_of_flagged": (flagged, "rollback"),
    "rollback_tried_again": (two_files, "rollback"),
}

# Those that begin without a state directory, so that its making is killed as well.
FROM_NOTHING = {"file_write_create", "command_run"}
# The rollback that is killed comes after one that had to leave a conflict, and its mending.
TRIED_AGAIN = {"rollback_tried_again"}
