"""What the end-to-end tests share: a scratch folder, the program as people call it, snapshots of trees, and a verdict.

A test is a list of functions, each with a sentence as its docstring. Everything that is looked at is looked at through
the program's own interface or the file system; nothing here knows how the program works inside.
"""

import argparse
import base64
import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import shutil
import signal
import stat
import struct
import subprocess
import tempfile
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
CHECKOUT = HERE.parent.parent
NOT_RUN = 77  # what ctest shows as "Skipped"
NOBODY = 65534
FS_IOC_GETFLAGS = 0x80086601
FS_IOC_SETFLAGS = 0x40086602
SHOWN_FLAGS = 0x10 | 0x20 | 0x40 | 0x80  # immutable, append-only, nodump, noatime


class Failure(Exception):
    """What a test expected and didn't find."""


def expect(condition, message):
    if not condition:
        raise Failure(message)


def expect_equal(found, wanted, what):
    if found != wanted:
        raise Failure(f"{what}: expected {wanted!r}, found {found!r}")


def expect_in(part, text, what):
    if part not in text:
        raise Failure(f"{what}: expected {part!r} in:\n{text}")


class Ran:
    """A call that has ended."""

    def __init__(self, argv, code, output, errors):
        self.argv = argv
        self.exit = 128 - code if code < 0 else code
        self.output = output
        self.errors = errors

    def json(self):
        try:
            return json.loads(self.output)
        except ValueError as error:
            raise Failure(f"{self.shown()}\nno JSON document: {error}") from error

    def events(self):
        return [json.loads(line) for line in self.output.splitlines()]

    def shown(self):
        words = " ".join(word if word.isprintable() and len(word) < 200 else repr(word[:60]) for word in self.argv)
        return f"{words}\nexit {self.exit}\n--- output\n{self.output}--- errors\n{self.errors}---"

    def expect(self, code):
        if self.exit != code:
            raise Failure(f"expected exit {code}: {self.shown()}")
        return self


class Box:
    """A scratch folder with a place for targets, one for the state, and one for manifests."""

    def __init__(self, program, folder):
        self.program = str(program)
        self.folder = pathlib.Path(folder)
        self.target = self.folder / "target"
        self.state = self.folder / "state"
        self.target.mkdir(exist_ok=True)
        self.environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                            "HOME": str(self.folder), "LC_ALL": "C.UTF-8", "BACKOUT_STATE_DIR": str(self.state)}

    def path(self, name):
        return str(self.target / name)

    def write(self, name, content, mode=0o644, mtime=None):
        """A file among the targets."""
        path = self.target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.chmod(mode)
        if mtime is not None:
            os.utime(path, ns=(mtime, mtime))
        return str(path)

    def read(self, name):
        return (self.target / name).read_bytes().decode()

    def manifest(self, actions, name="manifest.json", **more):
        """A manifest beside the targets; an action is a dictionary."""
        document = {"backout": 1, "name": "test", "actions": actions, **more}
        return self.text(name, json.dumps(document, indent=1))

    def text(self, name, text):
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    def argv(self, words):
        return [self.program, *map(str, words)]

    def run(self, *words, stdin="", before=(), timeout=120, environment=None):
        """Calls the program. `before` is put before it: another program that starts it."""
        argv = [*map(str, before), *self.argv(words)]
        ended = subprocess.run(argv, input=stdin.encode(), capture_output=True, timeout=timeout,
                               env=environment or self.environment, cwd=self.folder, check=False)
        return Ran(argv, ended.returncode, ended.stdout.decode("utf-8", "replace"),
                   ended.stderr.decode("utf-8", "replace"))

    def start(self, *words):
        """The program at work, in a process group of its own."""
        return subprocess.Popen(self.argv(words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, env=self.environment, cwd=self.folder, start_new_session=True)

    def ended(self, running, timeout=60):
        output, errors = running.communicate(timeout=timeout)
        return Ran(running.args, running.returncode, output.decode(), errors.decode())

    def journal_file(self):
        """The file that holds the journal."""
        found = list(self.state.glob("**/data.mdb"))
        expect_equal(len(found), 1, f"files of the journal in {self.state}")
        return found[0]

    def newest_run(self):
        runs = self.run("history", "--json").expect(0).json()
        return runs[0] if runs else None

    def snapshot(self, folder=None):
        return snapshot(folder or self.target)


def wait_until(condition, what, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        expect(time.monotonic() < end, f"waited {seconds} s for {what}")
        time.sleep(0.01)


@contextlib.contextmanager
def scratch(prefix="backout-e2e-", memory=False):
    """A folder that goes away. In memory where that is wanted and there is one: a kill leaves there what it leaves
    anywhere, and a sync costs nothing."""
    base = "/dev/shm" if memory and os.access("/dev/shm", os.W_OK) else None
    folder = pathlib.Path(tempfile.mkdtemp(prefix=prefix, dir=base))
    try:
        yield folder
    finally:
        make_removable(folder)
        shutil.rmtree(folder, ignore_errors=True)


def make_removable(folder):
    """Flags that forbid changes would outlive the test."""
    for base, folders, files in os.walk(folder):
        for name in [".", *files]:
            path = os.path.join(base, name)
            # A server that is just ending may take its own files away meanwhile.
            with contextlib.suppress(FileNotFoundError):
                if flags_of(path) & 0x30:
                    set_flags(path, 0)
        for name in folders:
            with contextlib.suppress(OSError):
                os.chmod(os.path.join(base, name), 0o700, follow_symlinks=True)


def flags_of(path):
    if not stat.S_ISREG(os.lstat(path).st_mode) and not stat.S_ISDIR(os.lstat(path).st_mode):
        return 0
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return 0
    try:
        return struct.unpack("i", fcntl.ioctl(fd, FS_IOC_GETFLAGS, b"\0" * 4))[0] & SHOWN_FLAGS
    except OSError:
        return 0
    finally:
        os.close(fd)


def set_flags(path, flags):
    """False where the file system or the user can't."""
    fd = os.open(path, os.O_RDONLY)
    try:
        former = struct.unpack("i", fcntl.ioctl(fd, FS_IOC_GETFLAGS, b"\0" * 4))[0] & ~SHOWN_FLAGS
        fcntl.ioctl(fd, FS_IOC_SETFLAGS, struct.pack("i", former | flags))
        return True
    except OSError:
        return False
    finally:
        os.close(fd)


def set_xattr(path, name, value):
    """False where the file system has none."""
    try:
        os.setxattr(path, name, value, follow_symlinks=False)
        return True
    except OSError:
        return False


def access_list(*entries):
    """The bytes of an ACL: entries are (tag, permissions, id)."""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


ACL_FOR_NOBODY = access_list((0x01, 6, 0xFFFFFFFF), (0x02, 4, NOBODY), (0x04, 4, 0xFFFFFFFF), (0x10, 4, 0xFFFFFFFF),
                             (0x20, 4, 0xFFFFFFFF))


def entry_of(path, name, inodes):
    status = os.lstat(path)
    kind = stat.S_IFMT(status.st_mode)
    entry = {"type": kind, "mode": stat.S_IMODE(status.st_mode), "owner": (status.st_uid, status.st_gid),
             "mtime": status.st_mtime_ns}
    if kind == stat.S_IFREG:
        entry["content"] = hashlib.sha256(path.read_bytes()).hexdigest() if status.st_size else ""
        entry["names"] = inodes.setdefault((status.st_dev, status.st_ino), name)
    elif kind == stat.S_IFLNK:
        entry["to"] = os.readlink(path)
    elif kind in (stat.S_IFBLK, stat.S_IFCHR):
        entry["device"] = status.st_rdev
    xattrs = {}
    with contextlib.suppress(OSError):
        for key in os.listxattr(path, follow_symlinks=False):
            xattrs[key] = base64.b64encode(os.getxattr(path, key, follow_symlinks=False)).decode()
    entry["xattrs"] = xattrs
    entry["flags"] = flags_of(path)
    return entry


def snapshot(folder):
    """Everything of a tree that a person or a program could miss: names, types, contents, modes, owners, times in
    nanoseconds, extended attributes and access lists, link texts, which names share an inode, and flags."""
    folder = pathlib.Path(folder)
    inodes = {}
    entries = {".": entry_of(folder, ".", inodes)}
    for base, folders, files in os.walk(os.fsencode(folder)):
        folders.sort()
        for name in sorted(folders + files):
            path = pathlib.Path(os.fsdecode(os.path.join(base, name)))
            relative = str(path.relative_to(folder))
            entries[relative] = entry_of(path, relative, inodes)
    return entries


def differences(found, wanted, ignore=lambda name, attribute: False):
    """One line a difference; empty if the two snapshots are the same."""
    lines = []
    for name in sorted(set(found) | set(wanted)):
        if name not in found:
            lines.append(f"{name}: is missing")
        elif name not in wanted:
            lines.append(f"{name}: must not be there")
        else:
            for attribute in sorted(set(found[name]) | set(wanted[name])):
                one, other = found[name].get(attribute), wanted[name].get(attribute)
                if one != other and not ignore(name, attribute):
                    lines.append(f"{name}: {attribute} is {one!r}, expected {other!r}")
    return lines


def expect_same_tree(found, wanted, what, ignore=lambda name, attribute: False):
    lines = differences(found, wanted, ignore)
    expect(not lines, f"{what}:\n  " + "\n  ".join(lines))


def new_times(before, after):
    """Times that a run sets itself: those of entries that it made or changed. They are not foreseeable."""
    changed = {name for name in after if name not in before or before[name] != after[name]}
    return lambda name, attribute: attribute == "mtime" and name in changed


def write_action(box, name, content, **more):
    action = {"action": "file.write", "with": {"path": box.path(name), "content": content}}
    action["with"].update({key: more.pop(key) for key in list(more) if key in ("mode", "make_parents", "validate")})
    return {**action, **more}


def waiting_action(box, begun, go, **more):
    """A command that says that it began, and ends when the file `go` is there. It is taken back by removing that."""
    script = f"touch {box.folder / begun}; while [ ! -e {box.folder / go} ]; do sleep 0.02; done"
    return {"id": "wait", "action": "command.run",
            "with": {"argv": ["sh", "-c", script], "undo": {"argv": ["rm", "-f", str(box.folder / go)]},
                     "touches": [box.path("none")],
                     "probe": {"argv": ["test", "-e", str(box.folder / go)]}}, **more}


def needs_root(test):
    test.needs_root = True
    return test


def kill_group(running):
    """kill -9 of the program and all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    running.stdout.close()
    running.stderr.close()


def parser(description):
    result = argparse.ArgumentParser(description=description)
    result.add_argument("--program", required=True, type=os.path.abspath, help="the backout to test")
    result.add_argument("--only", default="", help="only tests whose name contains this")
    result.add_argument("--list", action="store_true")
    return result


def run_tests(tests, arguments, memory=False):
    """Runs each in a box of its own, and returns the exit status."""
    failed, left_out = [], 0
    wanted = [test for test in tests if arguments.only in test.__name__]
    if not wanted:
        print("no test has such a name")
        return 64
    for test in wanted:
        name, about = test.__name__, (test.__doc__ or "").strip()
        if getattr(test, "needs_root", False) and os.geteuid() != 0:
            print(f"NOT RUN {name}: needs root")
            left_out += 1
            continue
        begun = time.monotonic()
        try:
            with scratch(memory=memory) as folder:
                test(Box(arguments.program, folder))
            print(f"PASS {name} ({time.monotonic() - begun:.1f} s): {about}", flush=True)
        except Exception as error:  # whatever it is, the others are run too
            failed.append(name)
            print(f"FAIL {name}: {about}", flush=True)
            print(str(error) if isinstance(error, Failure) else traceback.format_exc(), flush=True)
    print(f"{len(wanted) - len(failed) - left_out} passed, {len(failed)} failed, {left_out} not run")
    if failed:
        print("failed: " + " ".join(failed))
        return 1
    return NOT_RUN if left_out == len(wanted) else 0
