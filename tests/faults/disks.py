"""Disks for the power cuts: images of file systems on a volume that can copy a file in an instant (xfs with reflinks, in
memory), mounted and copied as a test likes. For a mount namespace of one's own."""

import ctypes
import os
import pathlib
import shutil
import subprocess
import time
import uuid

from harness import Failure

CLONE_NEWNS = 0x00020000
MEGABYTES = {"ext4": 64, "xfs": 300, "btrfs": 128}  # the smallest that mkfs makes, and that hold a journal and a world
MAKE = {"ext4": ["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=1,lazy_journal_init=1"],
        "xfs": ["mkfs.xfs", "-q", "-f", "-K"],
        "btrfs": ["mkfs.btrfs", "-q", "-f"]}
CHECK = {"ext4": ["e2fsck", "-fn"], "xfs": ["xfs_repair", "-n"], "btrfs": ["btrfs", "check"]}


def call(*words):
    ended = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise Failure(f"{' '.join(map(str, words))}: exit {ended.returncode}: {ended.stdout}{ended.stderr}")


def mount(image, at, options=""):
    call("mount", "-o", ",".join(part for part in ("loop", options) if part), image, at)


def unmount(at):
    """A process that has just been killed may hold it for an instant."""
    for attempt in range(100):
        if subprocess.run(["umount", str(at)], capture_output=True, check=False).returncode == 0:
            return
        time.sleep(0.01 * (attempt + 1))
    raise Failure(f"{at} can't be unmounted")


class Volume:
    """Where the images lie."""

    def __init__(self, folder, gigabytes=16):
        self.folder = pathlib.Path(folder) / "volume"
        self.folder.mkdir()
        image = pathlib.Path(folder) / "volume.img"
        with open(image, "wb") as file:
            file.truncate(gigabytes << 30)
        call("mkfs.xfs", "-q", "-m", "reflink=1", image)
        mount(image, self.folder)

    def copy(self, source, name):
        target = self.folder / name
        call("cp", "--reflink=always", source, target)
        return target


class Disk:
    """An image with a file system of a kind."""

    def __init__(self, volume, name, kind, options=""):
        self.kind = kind
        self.options = ",".join(part for part in (options, "nouuid" if kind == "xfs" else "") if part)
        self.image = volume.folder / f"{name}.img"
        with open(self.image, "wb") as file:
            file.truncate(MEGABYTES[kind] << 20)
        call(*MAKE[kind], self.image)

    def mount(self, at, image=None):
        mount(image or self.image, at, self.options)

    def check(self, image):
        """What the file system's own checker says after recovery; it must be content."""
        call(*CHECK[self.kind], image)


def why_not(kind):
    """None where this kind of disk can be made and mounted."""
    if shutil.which(MAKE[kind][0]) is None:
        return f"{MAKE[kind][0]} isn't installed"
    with open("/proc/filesystems", encoding="ascii") as file:
        if kind not in file.read().split():
            return f"this kernel has no {kind}"
    return None


def why_no_volume(folder):
    """None where images can be mounted."""
    try:
        return Volume(folder) and None
    except (Failure, OSError) as failure:
        return str(failure)


def enter_another_boot(folder):
    """For a worker: mounts of its own, and the identity of another boot, as after a real power cut."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    name = pathlib.Path(folder) / f"boot-{os.getpid()}"
    name.write_text(f"{uuid.uuid4()}\n")
    call("mount", "--bind", name, "/proc/sys/kernel/random/boot_id")
