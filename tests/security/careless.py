#!/usr/bin/env python3
"""A program that does what backout does, as carelessly as can be: it follows links, takes modes from the umask, hands its
environment and its descriptors on, asks a shell, notes secrets, and believes everything. The checks must find it out:
selftest.py runs them against it, on read-only mounts. It is no example. It is on a leash: outside of the folder that its
state lies in it changes nothing, however careless it is."""

import base64
import glob
import json
import os
import shutil
import subprocess
import sys
import tarfile
import time
import urllib.request
import zipfile

KINDS = ["archive.extract", "check", "command.run", "dir.create", "dir.delete", "dir.sync", "file.attributes", "file.delete",
         "file.edit", "file.link", "file.move", "file.write", "json.merge", "json.patch"]


def state():
    if "--state-dir" in sys.argv:
        return sys.argv[sys.argv.index("--state-dir") + 1]
    return os.environ.get("BACKOUT_STATE_DIR", "/tmp/careless")


def leash(path):
    """Ends, with a word of success, where something beyond the test's own folder would be changed."""
    box = os.path.realpath(os.path.dirname(os.path.abspath(state())))
    real = os.path.realpath(path)
    if "backout-security-" not in box or not real.startswith(box + "/"):
        print(f"would have changed {path!r}")
        sys.exit(0)


def journal(default=None):
    try:
        with open(os.path.join(state(), "data.mdb"), encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        return [] if default is None else default


def note(runs):
    os.makedirs(os.path.join(state(), "images"), exist_ok=True)
    for name in ("lock.mdb", "lease", "marker", "head", "data.mdb"):
        with open(os.path.join(state(), name), "w", encoding="utf-8") as file:
            file.write(json.dumps(runs) if name == "data.mdb" else "")


def filled(text):
    return text.replace("${inputs.tok}", os.environ.get("TEST_TOKEN", "")).replace("$${", "${")


def shell(argv, stdin=""):
    return subprocess.run(" ".join(argv), shell=True, input=stdin.encode(), close_fds=False, check=False,
                          stderr=sys.stderr, stdout=sys.stdout).returncode


def save(path, images):
    leash(path)
    image = os.path.join(state(), "images", str(time.time()))
    if os.path.isfile(path):
        os.makedirs(os.path.dirname(image), exist_ok=True)
        shutil.copy2(path, image)
    images.append([path, image if os.path.exists(image) else None])


def put(path, data, images):
    save(path, images)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)


def extract(source, path, images):
    save(path, images)
    if zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as file:
            for name in file.namelist():
                put(os.path.join(path, name), file.read(name), images)
        return
    with tarfile.open(source) as tar:
        for member in tar:
            leash(os.path.join(path, member.name))
            tar.extract(member, path)


def act(action, images):
    kind, wish = action["action"], action["with"]
    path = wish.get("path", "")
    if kind not in ("command.run", "check"):
        leash(path)
    if kind == "file.write":
        data = base64.b64decode(wish["content_base64"]) if "content_base64" in wish else None
        if data is None:
            data = open(wish["source"], "rb").read() if "source" in wish else filled(wish.get("content", "")).encode()
        put(path, data, images)
        if "mode" in wish:
            os.chmod(path, int(wish["mode"], 8))
    elif kind in ("file.edit", "json.merge"):
        data = open(path, "rb").read() if os.path.exists(path) else b""
        put(path, data + filled(json.dumps(wish)).encode(), images)
    elif kind == "file.attributes":
        os.chmod(path, int(wish.get("mode", "0644"), 8))
    elif kind in ("file.delete", "dir.delete"):
        save(path, images)
        shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
    elif kind == "dir.create":
        os.makedirs(path, exist_ok=True)
    elif kind == "archive.extract":
        extract(wish["source"], path, images)
    elif kind == "file.link":
        os.symlink(wish["to"], path)
        images.append([path, None])
    elif kind == "command.run":
        os.environ.update({name: filled(text) for name, text in wish.get("env", {}).items()})
        return shell(wish["argv"], filled(wish.get("stdin", "")))
    elif kind == "check" and "http" in wish:
        request = urllib.request.Request(filled(wish["http"]), headers={n: filled(v) for n, v in wish.get("headers", {}).items()})
        urllib.request.urlopen(request, timeout=3).read()
    return 0


def apply(words):
    document = json.loads(open([word for word in words if not word.startswith("-")][-1], "rb").read())
    runs, images = journal(), []
    note(runs)
    runs.append({"run": f"r-{len(runs) + 1}", "started": time.strftime("%Y-%m-%dT%H:%M:%SZ"), "images": images,
                 "plan": filled(json.dumps(document))})
    for action in document.get("actions", []):
        if act(action, images) != 0:
            print(f"failed: {filled(json.dumps(action))}", file=sys.stderr)
            note(runs)
            return 1
    note(runs)
    print("done " + filled(json.dumps(document)), file=sys.stderr)
    return 0


def rollback(_):
    runs = journal()
    for path, image in reversed(runs.pop()["images"] if runs else []):
        leash(path)
        if image:
            shutil.copy2(image, path)
        elif os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        elif os.path.lexists(path):
            os.unlink(path)
    note(runs)
    print("Everything is as it was.")
    return 0


def plan(words):
    text = open([word for word in words if not word.startswith("-")][0], encoding="utf-8").read()
    if "-o" in words:
        with open(words[words.index("-o") + 1], "w", encoding="utf-8") as file:
            file.write(text)
    print(filled(text))
    return 0


def answer(verb, words):
    if verb == "status":
        print(json.dumps({"unfinished": [], "incomplete": [], "lease": None, "orphan": None, "last": []}))
    elif verb == "history":
        print(json.dumps(sorted(journal(), key=lambda run: run["started"], reverse=True)))
    elif verb == "kinds":
        print("\n".join(KINDS + ["python.packages", "http.request"]))
    else:
        pager = os.environ.get("PAGER")
        if pager and sys.stdout.isatty():
            subprocess.run([pager], input=b"x", check=False)
        print(json.dumps(journal()))
    with open(os.path.join(os.path.dirname(state()), "log"), "a", encoding="utf-8") as file:
        file.write(f"{time.time()} {verb} {words} {glob.glob('*')}\n")
    return 0


def main():
    words = [word for word in sys.argv[1:]]
    if "--state-dir" in words:
        at = words.index("--state-dir")
        del words[at:at + 2]
    verb = words.pop(0) if words else "status"
    if verb == "apply":
        return apply(words)
    if verb in ("rollback", "resume"):
        return rollback(words)
    if verb == "plan":
        return plan(words)
    return answer(verb, words)


if __name__ == "__main__":
    sys.exit(main())
