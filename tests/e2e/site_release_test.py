#!/usr/bin/env python3
"""A release of a site under Debian's nginx, as examples/site-release does it, with everything that may go wrong: a page
that is a mistake, kill -9 in the middle, and a person who edits in between. nginx is asked all the time."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request

from harness import (CHECKOUT, NOT_RUN, expect, expect_equal, expect_in, expect_same_tree, kill_group, parser,
                     run_tests, wait_until, write_action)

MANAGED = ("releases", "conf", "current", "active.conf")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Site:
    """The example in a folder of its own, with its nginx at work."""

    def __init__(self, box):
        self.box = box
        self.port = free_port()
        self.example = box.folder / "site-release"
        shutil.copytree(CHECKOUT / "examples" / "site-release", self.example,
                        ignore=shutil.ignore_patterns("scratch"))
        self.root = box.folder / "site"
        for folder in (box.folder, box.target):
            folder.chmod(0o755)  # nginx's workers are somebody else when root starts it
        self.shell("prepare.sh", self.root, self.port)

    def shell(self, script, *words):
        ended = subprocess.run([str(self.example / script), *map(str, words)], capture_output=True, check=False,
                               stdin=subprocess.DEVNULL)
        expect(ended.returncode == 0, f"{script}: {ended.stdout.decode()} {ended.stderr.decode()}")

    def words(self, version):
        return [self.example / "manifest.json", "--input", f"version={version}", "--input", f"port={self.port}",
                "--input", f"root={self.root}"]

    def apply(self, version, *more):
        return self.box.run("apply", "--yes", *self.words(version), *more)

    def page(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=5) as answer:
            return answer.read().decode(), answer.headers["X-Configuration"]

    def expect_serves(self, version):
        page, configuration = self.page()
        expect_in(f"release {version}", page, "the page")
        expect_equal(configuration, f"conf/{version}.conf", "nginx's configuration")

    def tree(self):
        """What the release manages; nginx's own files and the folder that they stand in are its own business."""
        whole = self.box.snapshot(self.root)
        whole["active.conf"]["mtime"] = None  # a command makes this link anew, and so does its undo
        return {name: entry for name, entry in whole.items() if name.split("/")[0] in MANAGED}

    def stop(self):
        with contextlib.suppress(Exception):
            self.shell("nginx.sh", "stop", self.root)


class Poll:
    """Asks nginx for its page again and again, and remembers every answer."""

    def __init__(self, site):
        self.site = site
        self.answers, self.failures = [], []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.ask)

    def ask(self):
        while not self.over.is_set():
            try:
                self.answers.append(self.site.page()[0].strip().splitlines()[-1])
            except OSError as error:
                self.failures.append(str(error))
            time.sleep(0.005)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def with_site(test):
    def run(box):
        site = Site(box)
        try:
            test(box, site)
        finally:
            site.stop()
    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


@with_site
def a_good_release_commits(box, site):
    """A good release commits, is served without a gap, and is taken back byte for byte"""
    before = site.tree()
    with Poll(site) as poll:
        site.apply("2.0.0").expect(0)
        site.expect_serves("2.0.0")
    expect(not poll.failures, f"nginx didn't answer: {poll.failures[:3]}")
    expect_equal(set(poll.answers) - {"<p>release 1.0.0</p>", "<p>release 2.0.0</p>"}, set(), "pages served")
    box.run("verify").expect(0)
    box.run("plan", *site.words("2.0.0"), "--detailed-exitcode").expect(0)
    box.run("rollback", "--yes").expect(0)
    site.expect_serves("1.0.0")
    expect_same_tree(site.tree(), before, "rolled back")


@with_site
def a_bad_page_goes_back(box, site):
    """A release whose page fails the check goes back byte for byte; nginx answers throughout"""
    before = site.tree()
    with Poll(site) as poll:
        ran = site.apply("2.1.0").expect(1)
    expect_in("verification", ran.output + ran.errors, "the reason")
    site.expect_serves("1.0.0")
    expect_same_tree(site.tree(), before, "gone back")
    expect(not poll.failures, f"nginx didn't answer: {poll.failures[:3]}")
    expect("<p>release 1.0.0</p>" in poll.answers, "the old page was never served")


@with_site
def a_bad_configuration_is_never_in_force(box, site):
    """A configuration that nginx refuses is never there; the page is the old one throughout"""
    template = site.example / "nginx.conf.in"
    template.write_text(template.read_text().replace("root current;", "root current; nonsense on;"))
    before = site.tree()
    with Poll(site) as poll:
        ran = site.apply("2.0.0").expect(1)
    expect_in("nonsense", ran.output + ran.errors, "nginx's own words")
    expect_equal(set(poll.answers), {"<p>release 1.0.0</p>"}, "pages served")
    expect_same_tree(site.tree(), before, "gone back")


def killed_in_the_middle(box, site):
    """kill -9 between the switch of the link and the reload: the script that reloads waits until told."""
    script = site.example / "nginx.sh"
    text = script.read_text()
    gate = box.folder / "gate"
    script.write_text(text.replace("    activate)\n", f"    activate)\n        while [[ -e {gate} ]]; do sleep 0.02; done\n"))
    gate.touch()
    running = box.start("apply", "--yes", *site.words("2.0.0"))
    wait_until(lambda: "2.0.0" in os.readlink(site.root / "current"), "the switch of the link")
    time.sleep(0.1)
    kill_group(running)
    # The script is in a process group of its own, and goes on where it stands: as after any kill of one process.
    gate.unlink()


@with_site
def killed_and_resumed(box, site):
    """kill -9 in the middle, and resume: the new release is there and in force"""
    killed_in_the_middle(box, site)
    unfinished = box.run("status", "--json").expect(0).json()["unfinished"]
    expect_equal(len(unfinished), 1, "unfinished runs")
    box.run("resume", "--yes", "--lock-timeout", "20s").expect(0)
    site.expect_serves("2.0.0")
    box.run("verify").expect(0)


@with_site
def killed_and_rolled_back(box, site):
    """kill -9 in the middle, and rollback: byte for byte as before, and in force"""
    before = site.tree()
    killed_in_the_middle(box, site)
    box.run("rollback", "--yes", "--lock-timeout", "20s").expect(0)
    site.expect_serves("1.0.0")
    expect_same_tree(site.tree(), before, "rolled back")


@with_site
def rolled_back_a_day_later(box, site):
    """Rolled back by name after another run that has nothing to do with it"""
    before = site.tree()
    site.apply("2.0.0").expect(0)
    release = box.newest_run()["run"]
    box.run("apply", "--yes", box.manifest([write_action(box, "other", "x\n")])).expect(0)
    box.run("rollback", release, "--yes").expect(0)
    site.expect_serves("1.0.0")
    expect_same_tree(site.tree(), before, "rolled back")
    expect_equal(box.read("other"), "x\n", "the other run's file")


@with_site
def an_edit_in_between_is_kept(box, site):
    """A person's edit in between is kept and reported; everything else goes back"""
    before = site.tree()
    site.apply("2.0.0").expect(0)
    page = site.root / "releases" / "2.0.0" / "index.html"
    page.write_text("mended by hand\n")
    box.run("verify").expect(2)
    ran = box.run("rollback", "--yes").expect(3)
    expect_in("conflict", ran.output, "the report")
    expect_equal(page.read_text(), "mended by hand\n", "the edit")
    site.expect_serves("1.0.0")
    rest = {name: entry for name, entry in site.tree().items() if not name.startswith("releases")}
    expect_same_tree(rest, {name: entry for name, entry in before.items() if not name.startswith("releases")},
                     "the rest")


@with_site
def drift_before_the_end_goes_back(box, site):
    """Somebody changes the page while the run is at work: it drifts, everything else goes back, the edit stays"""
    page = site.root / "releases" / "2.0.0" / "index.html"
    script = site.example / "nginx.sh"
    script.write_text(script.read_text().replace("    activate)\n", f"    activate)\n        echo edited >>{page}\n", 1))
    ran = site.apply("2.0.0")
    expect(ran.exit in (1, 3), ran.shown())
    expect_in("drift", ran.output + ran.errors, "the reason")
    site.expect_serves("1.0.0")


TESTS = [a_good_release_commits, a_bad_page_goes_back, a_bad_configuration_is_never_in_force, killed_and_resumed,
         killed_and_rolled_back, rolled_back_a_day_later, an_edit_in_between_is_kept, drift_before_the_end_goes_back]

if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    if not os.access("/usr/sbin/nginx", os.X_OK):
        print("NOT RUN: there is no /usr/sbin/nginx (Debian: nginx-light)")
        sys.exit(NOT_RUN)
    sys.exit(run_tests(TESTS, parser(__doc__).parse_args()))
