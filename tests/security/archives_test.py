#!/usr/bin/env python3
"""Security check 9: archives that are traps."""

import io
import os
import stat
import sys
import tarfile
import zipfile

from common import differences, expect, main, no_signal, peak_memory, touched

MOST_MEMORY = 400  # MiB


def entry(name, kind=tarfile.REGTYPE, link="", content=b"trap\n", mode=0o644):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, link, mode
    info.size = len(content) if kind == tarfile.REGTYPE else 0
    return info, content


def device(name, kind):
    info, content = entry(name, kind)
    info.devmajor, info.devminor = 1, 3
    return info, content


def links_then(*ways):
    """A link, and an entry that is written through it."""
    return [[entry("in/", tarfile.DIRTYPE, mode=0o755), entry("in/way", tarfile.SYMTYPE, way), entry("in/way/f")]
            for way in ways]


def tar_traps(outside):
    """Names and lists of entries. Each must be refused as a whole."""
    return [[entry("/etc/backout-escape")], [entry(f"{outside}/f")], [entry("../f")], [entry("a/../../outside/f")],
            [entry("a/..")], [entry("..")], *links_then("..", "../../outside", str(outside), "/", "."),
            [entry("way", tarfile.SYMTYPE, str(outside)), entry("way", tarfile.DIRTYPE), entry("way/f")],
            [entry("way", tarfile.SYMTYPE, "a"), entry("a", tarfile.SYMTYPE, str(outside)), entry("way/f")],
            [entry("hard", tarfile.LNKTYPE, str(outside / "f"))], [entry("hard", tarfile.LNKTYPE, "../outside/f")],
            [entry("soft", tarfile.SYMTYPE, str(outside / "f")), entry("hard", tarfile.LNKTYPE, "soft")],
            [entry("soft", tarfile.SYMTYPE, "../../outside/f")], [entry("soft", tarfile.SYMTYPE, "/etc/passwd")],
            [entry("twice"), entry("twice")], [entry("twice"), entry("./twice")], [entry("f"), entry("f/below")],
            [device("null", tarfile.CHRTYPE)], [device("disk", tarfile.BLKTYPE)],
            [entry("n" * 300)], [entry("d/" * 2500 + "f")], [entry("hard", tarfile.LNKTYPE, "hard")],
            [entry("hard", tarfile.LNKTYPE, "later"), entry("later")]]


def tar_of(path, entries, mode="w"):
    with tarfile.open(path, mode) as tar:
        for info, content in entries:
            tar.addfile(info, io.BytesIO(content) if info.size else None)
    return str(path)


def extract(ground, archive, **more):
    return ground.apply([{"action": "archive.extract", "with": {"source": str(archive), "path": ground.path("out"), **more}}])


def judge(ground, ran, before, outside, what, allowed=()):
    no_signal(ran, what)
    now = touched(outside)
    if differences(now, before):
        ground.wrong(f"{what}: escaped: {differences(now, before)[:3]}")
    if ran.exit == 0 and what not in allowed:
        ground.wrong(f"{what}: was not refused: {ran.shown()[:1500]}")
    if ran.exit != 0 and os.path.lexists(ground.path("out")):
        ground.wrong(f"{what}: left something behind")
    if ran.exit == 0:
        ground.run("rollback", "--yes").expect(0)
    ground.tried()


def security_09_archive_traps(ground):
    """Entries that lead out, by name, by link or through a link: the archive is refused, and nothing is written"""
    outside = ground.outside()
    before = touched(outside)
    for number, entries in enumerate(tar_traps(outside)):
        names = f"{number}: " + ", ".join(f"{info.name[:40]} -> {info.linkname[:40]}" for info, _ in entries)
        archive = tar_of(ground.folder / "trap.tar", entries)
        judge(ground, extract(ground, archive), before, outside, names)
        if number % 3 == 0:  # stripping may turn a harmless name into another
            stripped = [(info, content) for info, content in entries]
            for info, _ in stripped:
                info.name = "top/" + info.name
            archive = tar_of(ground.folder / "trap.tar", stripped)
            harmless = names.startswith("0: /etc")  # "top//etc/…" is a name below the folder
            ran = extract(ground, archive, strip=1)
            judge(ground, ran, before, outside, names, [names] if harmless else [])
    for name in ("/etc/backout-escape", "../f", "a/../../outside/f", "..\\f/../../x"):
        with zipfile.ZipFile(ground.folder / "trap.zip", "w") as file:
            file.writestr(name, "trap")
        judge(ground, extract(ground, ground.folder / "trap.zip"), before, outside, f"zip {name}")


def security_09_archives_lose_special_bits(ground):
    """Setuid bits, owners and fifos of an archive are not taken over; odd names come out as they are, and go back"""
    archive = tar_of(ground.folder / "a.tar", [entry("su", mode=0o6755), entry("dir", tarfile.DIRTYPE, mode=0o7777),
                                               entry("dir/new\nline"), entry("A"), entry("a")])
    extract(ground, archive).expect(0)
    for path in (ground.target / "out").rglob("*"):
        mode = path.lstat().st_mode
        if mode & 0o6000:
            ground.wrong(f"{path.name} has mode {stat.filemode(mode)}")
        expect(path.lstat().st_uid == os.geteuid(), f"{path} belongs to {path.lstat().st_uid}")
        ground.tried()
    expect(ground.points >= 5, "not all entries are there")
    ground.run("rollback", "--yes").expect(0)
    expect(not os.path.lexists(ground.path("out")), "what was unpacked is still there")
    ran = extract(ground, tar_of(ground.folder / "f.tar", [entry("fifo", tarfile.FIFOTYPE)]))
    if ran.exit == 0:
        ground.run("rollback", "--yes").expect(0)
    expect(not os.path.lexists(ground.path("out")), "a fifo stays")
    ground.tried()


def bombs(ground):
    """Archives that are small and unpack to much: by ratio, by the number of entries, by both at once."""
    zeros = ground.folder / "ratio.tar.gz"
    with tarfile.open(zeros, "w:gz", compresslevel=9) as tar:
        info = tarfile.TarInfo("zeros")
        info.size = 150 << 20
        with open("/dev/zero", "rb") as file:
            tar.addfile(info, file)
    yield "by size", zeros, {"limits": {"bytes": 100 << 20}}
    yield "by ratio", zeros, {"limits": {"ratio": 50}}
    count = 1_100_000 if ground.arguments.full else 30_000
    many = ground.folder / "many.tar.gz"
    with tarfile.open(many, "w:gz", compresslevel=1) as tar:
        for number in range(count):
            tar.addfile(tarfile.TarInfo(f"d{number % 100}/{number}"))
    yield "by count", many, {} if ground.arguments.full else {"limits": {"entries": 10_000}}
    lie = ground.folder / "lie.tar"
    info = tarfile.TarInfo("f")
    info.size = 1 << 40
    lie.write_bytes(info.tobuf() + b"short")
    yield "by a lie", lie, {}


def security_09_bombs(ground):
    """Archives that unpack to too much, by ratio, by count, by a lie: refused with bounded memory, nothing left"""
    for what, archive, more in bombs(ground):
        manifest = ground.manifest([{"action": "archive.extract", "with": {
            "source": str(archive), "path": ground.path("out"), **more}}])
        code, words, peak = peak_memory(ground.argv(["apply", "--yes", manifest]), ground.environment, ground.folder)
        expect(code in (1, 65), f"{what}: was not refused: exit {code}: {words}")
        expect(peak < MOST_MEMORY, f"{what}: {peak} MiB in use")
        expect(not os.path.lexists(ground.path("out")), f"{what}: left something behind")
        left = sum(path.stat().st_size for path in ground.state.rglob("*") if path.is_file() and ".mdb" not in path.name)
        expect(left < 10 << 20, f"{what}: {left} bytes of what was unpacked are left in the state directory")
        ground.tried()


if __name__ == "__main__":
    sys.exit(main(globals()))
