"""The root folder of a student's process: what Python needs, read-only, and a folder of its own."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from autograder.sandbox import kernel
from autograder.sandbox.measures import Record

PACKAGE = Path(__file__).resolve().parents[1]
OUTSIDE = "/.outside"  # where the old root folder is seen while the new one is furnished
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")


def readable_paths() -> list[Path]:
    """What Python needs to run: the interpreter, its packages, the system's libraries, and this package without its neighbours.

    Of each prefix only the usual folders, because the prefix itself may hold a course (a virtual environment made in it).
    """
    prefixes = map(Path, (sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix, "/usr", "/usr/local"))
    parts = ("bin", "lib", "lib32", "lib64", "libexec", "share", "etc/fonts", "pyvenv.cfg")
    python = f"python{sys.version_info.major}.{sys.version_info.minor}"
    settings = ("ld.so.cache", "localtime", "fonts", "alternatives", "matplotlibrc", python)
    paths = [
        *(prefix / part for prefix in prefixes for part in parts),
        *(Path(entry) for entry in sys.path if Path(entry).name in ("site-packages", "dist-packages")),
        *(Path("/etc", name) for name in settings),
        *map(Path, ("/bin", "/lib", "/lib64", "/nix/store", "/sys/devices/system/cpu")),
        PACKAGE,
    ]
    return [path for path in dict.fromkeys(paths) if os.path.exists(path)]


def change_root() -> None:
    """Make an empty folder in memory the root; the old one is seen at `OUTSIDE` until `_close_outside`."""
    kernel.mount("", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.mount("tmpfs", "/tmp", "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "size=1m,mode=755")
    try:
        os.mkdir(f"/tmp{OUTSIDE}")
        kernel.pivot_root("/tmp", f"/tmp{OUTSIDE}")
    except OSError:
        kernel.unmount("/tmp")
        raise
    os.chdir("/")


def furnish(record: Record, shown: Mapping[str, str]) -> None:
    """Put into the new root folder what the student's process needs: folders in memory, devices, and `shown`, read-only."""
    for folder, size in (("/tmp", "256m"), ("/dev/shm", "64m")):
        os.makedirs(folder)
        options = f"size={size},nr_inodes=16384,mode=1777"
        kernel.mount("tmpfs", folder, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, options)
    for folder in ("/proc", "/dev/pts"):
        os.makedirs(folder)
    no_programs = kernel.MS_NOSUID | kernel.MS_NOEXEC
    terminals = ("devpts", "/dev/pts", "devpts", no_programs, "newinstance,ptmxmode=0666,mode=620")
    record.detail("No terminals in the sandbox", "", kernel.mount, *terminals)
    for name, target in (("ptmx", "pts/ptmx"), ("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
        os.symlink(target, f"/dev/{name}")
    real = _topmost(shown.values())
    for path in (*_DEVICES, *real):
        record.detail(f"{path} is not in the sandbox", "Let the user who grades read it.", _show, path)
    for given, target in shown.items():
        if not os.path.lexists(given):
            os.makedirs(os.path.dirname(given), exist_ok=True)
            os.symlink(target, given)
    record.attempt("read-only files", _make_read_only, real)


def _topmost(paths: Iterable[str]) -> list[str]:
    every = set(paths)
    return sorted(path for path in every if not any(path.startswith(f"{other}/") for other in every))


def _show(path: str) -> None:
    source = OUTSIDE + path
    if os.path.isdir(source):
        os.makedirs(path, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        Path(path).touch()
    kernel.mount(source, path, flags=kernel.MS_BIND | kernel.MS_REC)


def _make_read_only(paths: Sequence[str]) -> None:
    """Every mount at or below `paths` (a folder may come with others inside it) refuses writing, devices and set-user-id."""
    mounts = Path(f"{OUTSIDE}/proc/self/mountinfo").read_text(errors="surrogateescape")
    folders = tuple(f"{path}/" for path in paths)
    for line in mounts.splitlines():
        fields = line.split(" ")
        point = re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), fields[4])
        if f"{point}/".startswith(folders):
            flags = kernel.MS_REMOUNT | kernel.MS_BIND | kernel.MS_RDONLY | kernel.MS_NOSUID | kernel.MS_NODEV
            if "noexec" in fields[5].split(","):  # the kernel refuses to loosen this one for an ordinary user
                flags |= kernel.MS_NOEXEC
            kernel.mount("", point, flags=flags)


def rules(shown: Iterable[str], folder: str, private_root: bool) -> Iterator[tuple[Path, int]]:
    """What Landlock allows: the same as the new root folder, so that either can stand in for the other."""
    read = kernel.EXECUTE | kernel.READ_FILE | kernel.READ_DIRECTORY
    for path in (*shown, *(("/proc",) if private_root else ("/proc/self", "/proc/cpuinfo", "/proc/meminfo"))):
        yield Path(path), read
    for path in _DEVICES:
        yield Path(path), kernel.READ_FILE | kernel.WRITE_FILE | kernel.TRUNCATE | kernel.DEVICE_CONTROL
    for path in ("/tmp", "/dev/shm", "/dev/pts") if private_root else (folder,):
        yield Path(path), kernel.ALL_RIGHTS & ~kernel.MAKE_DEVICES
