"""Close a student's process in: it sees Python and a folder of its own, and reaches nothing else.

Three processes share the work. The *outer* one (the template's child) makes the namespaces and a new root folder, waits,
and ends as the student ended. The *keeper* is process 1 of the new process namespace: a shell that reads from a pipe until
the outer process is gone; when it ends, the kernel ends everything in the namespace, so nothing that a student does to his
own process can make him outlive the outer one. The *student's* process is forked last, closes the doors, and returns.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import resource
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from autograder.sandbox import kernel
from autograder.sandbox.limits import (
    Limits,
    become,
    choose_user,
    close_descriptors,
    empty_environment,
    live_in,
    mapped_bytes,
    may_mount,
    offer_to_memory_killer,
    refuse_system_calls,
    set_resource_limits,
    tasks_beside,
)

__all__ = ["Isolation", "Limits", "enter", "probe", "readable_paths"]

_PACKAGE = Path(__file__).resolve().parents[1]
_COURSE = ("solutions", "source", "submitted", "autograded", "gradebook.db")
_OUTSIDE = "/.outside"  # where the old root folder is seen while the new one is furnished
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
_NAMESPACES = {
    "network namespace": kernel.CLONE_NEWNET,
    "ipc namespace": kernel.CLONE_NEWIPC,
    "uts namespace": kernel.CLONE_NEWUTS,
}
_FULL = frozenset({
    "user namespace", "mount namespace", "pid namespace", "network namespace", "ipc namespace", "read-only files",
    "resource limits", "unprivileged user", "no capabilities", "no new privileges", "course out of sight",
})  # fmt: skip
_NAMESPACE_ADVICE = (
    "Allow user namespaces (sysctl user.max_user_namespaces=15000; on Debian kernel.unprivileged_userns_clone=1; on Ubuntu"
    " kernel.apparmor_restrict_unprivileged_userns=0), or grade as root; in a container, add the capability SYS_ADMIN."
)
_ADVICE = {
    "landlock": "Use Linux 5.13 or newer, with landlock in the list of the boot parameter lsm=.",
    "seccomp": "Use a kernel with CONFIG_SECCOMP_FILTER, on x86-64 or 64-bit ARM.",
    "unprivileged user": "Grade as an ordinary user, or give the container more than one user id.",
}


@dataclass(frozen=True)
class Isolation:
    """What stands between a student's process and the machine.

    `level` is "full", "partial", or "none" (it could read the course). `measures` names what is in force, and `missing` has one
    sentence for each thing that is not, with what to do about it.
    """

    level: str
    measures: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass
class _Record:
    """Takes down which measures came into force; a measure that the kernel refuses is not an exception."""

    without: Collection[str]
    measures: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def attempt(self, measure: str, action: Callable[..., object], *arguments: object) -> bool:
        """Do it, and take it down under its name."""
        if measure in self.without:
            self.missing.append(f"Not in force: {measure} (left out on request).")
            return False
        advice = _ADVICE.get(measure, _NAMESPACE_ADVICE if "namespace" in measure else "")
        if done := self.detail(f"Not in force: {measure}", advice, action, *arguments):
            self.measures.append(measure)
        return done

    def detail(self, failure: str, advice: str, action: Callable[..., object], *arguments: object) -> bool:
        """Do it; only a failure is worth a word."""
        try:
            action(*arguments)
        except OSError as error:
            self.missing.append(f"{failure} ({error.strerror or error}). {advice}".strip())
            return False
        return True

    def result(self) -> Isolation:
        """All that was taken down."""
        level = "full" if _FULL.issubset(self.measures) else "partial"
        if "course out of sight" not in self.measures:
            level = "none"
        return Isolation(level, tuple(self.measures), tuple(dict.fromkeys(self.missing)))


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
        _PACKAGE,
    ]
    return [path for path in dict.fromkeys(paths) if os.path.exists(path)]


def enter(
    limits: Limits, readable: Sequence[Path], keep_descriptors: Collection[int], without: Collection[str] = frozenset()
) -> Isolation:
    """Close this process in; return in a new process, the only one in which a student's code may run.

    Call it in a freshly forked child with one thread. The caller stays behind as the outer process: it never returns, and ends
    with the exit status or signal of the new one. Whoever kills the outer process ends everything in the sandbox.

    Args:
        limits: the most that the sandbox may use.
        readable: files and folders that it sees, read-only; the rest of the machine does not exist for it.
        keep_descriptors: what stays open (all above 2); programs that the student starts do not inherit them.
        without: names of measures to leave out, for tests and for finding out what breaks on a machine.

    Returns:
        What is in force and what is missing. The caller decides whether that is enough.

    Raises:
        Nothing that a kernel's refusal could cause. If anything is raised all the same, do not run the student's code.
    """
    record, outer = _Record(without), _Outer(keep_descriptors)
    course = {Path.cwd(), _PACKAGE.parent}
    shown = {str(path.absolute()): os.path.realpath(path) for path in readable}
    user, mapped = choose_user(), mapped_bytes()
    os.umask(0o022)
    close_descriptors(keep_descriptors)
    empty_environment()
    offer_to_memory_killer()
    in_user_namespace = not may_mount() and _enter_building_site(record, user)
    others = 0 if os.getuid() == 0 else tasks_beside(in_user_namespace)
    private_root = _build(record, outer, shown)
    if not private_root:
        outer.folder = os.path.join(tempfile.gettempdir(), f"autograder-{os.urandom(8).hex()}")
    outer.fork_student()
    record.attempt("resource limits", set_resource_limits, limits, mapped, others)
    _give_up_rights(record, user, private_root)
    folder = outer.folder or "/tmp/home"
    live_in(folder)
    record.attempt("landlock", kernel.landlock, _rules(shown.values(), folder, private_root))
    local_sockets = {"mount namespace", "network namespace"}.issubset(record.measures)
    record.attempt("seccomp", refuse_system_calls, local_sockets)
    os.umask(0o077)
    _look_around(record, shown, course)
    return record.result()


@dataclass
class _Outer:
    """The process that stays behind: it holds the keeper's lifeline, and ends as the student ended."""

    kept: Collection[int]
    parent: int = field(default_factory=os.getppid)
    keeper: int = 0
    lifeline: int = -1
    ready: int = -1
    folder: str = ""  # to be removed at the end; a private root vanishes by itself

    def start_process_namespace(self) -> None:
        """Make the namespace and start its process 1; `wait_for_keeper` before the root folder changes."""
        kernel.unshare(kernel.CLONE_NEWPID)
        reader, self.lifeline = os.pipe()
        self.ready, writer = os.pipe()
        standard = [(os.POSIX_SPAWN_DUP2, reader, 0), (os.POSIX_SPAWN_DUP2, writer, 1)]
        self.keeper = os.posix_spawn("/bin/sh", ["sh", "-c", "echo; read line"], {}, file_actions=standard)
        os.close(reader)
        os.close(writer)

    def wait_for_keeper(self) -> None:
        """Until it has loaded its libraries, which it can find in the old root folder only."""
        if self.keeper:
            os.read(self.ready, 1)
            os.close(self.ready)

    def fork_student(self) -> None:
        """Return in the student's process only."""
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        kernel.die_with_parent(signal.SIGKILL)
        if os.getppid() != self.parent:  # it died before we asked
            os._exit(1)
        if student := os.fork():
            self._follow(student)
        if self.lifeline >= 0:
            os.close(self.lifeline)

    def _follow(self, student: int) -> NoReturn:
        try:
            for descriptor in self.kept:  # or the student's end of a wire would seem open after he is gone
                os.close(descriptor)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
                signal.signal(number, signal.SIG_DFL)
            kernel.set_dumpable(False)
            status = os.waitpid(student, 0)[1]
            if self.keeper:
                os.kill(self.keeper, signal.SIGKILL)
                os.waitpid(self.keeper, 0)  # the kernel has ended the whole namespace by the time this returns
            if self.folder:
                shutil.rmtree(self.folder, ignore_errors=True)
            if os.WIFSIGNALED(status):
                cause = os.WTERMSIG(status)
                if cause != signal.SIGKILL:
                    signal.signal(cause, signal.SIG_DFL)
                os.kill(os.getpid(), cause)
            os._exit(os.WEXITSTATUS(status))
        finally:  # whatever happened, never go on with what the caller means for the student's process
            os._exit(1)


def _enter_building_site(record: _Record, user: int) -> bool:
    """For whoever may not mount: a user namespace in which he may. Root without the right to mount becomes ordinary first."""
    record.detail("Not in force: unprivileged user", _ADVICE["unprivileged user"], become, user)
    if "user namespace" in record.without:
        return False
    process = os.open("/proc/self", os.O_PATH)
    return record.detail("Not in force: user namespace", _NAMESPACE_ADVICE, _enter_user_namespace, process)


def _enter_user_namespace(process: int) -> None:
    """Make a user namespace that knows one user, oneself; `process` is a descriptor of /proc/self, and is closed."""
    user, group = os.getuid(), os.getgid()
    try:
        kernel.unshare(kernel.CLONE_NEWUSER)
        for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            descriptor = os.open(name, os.O_WRONLY, dir_fd=process)
            os.write(descriptor, text.encode())
            os.close(descriptor)
    finally:
        os.close(process)


def _build(record: _Record, outer: _Outer, shown: Mapping[str, str]) -> bool:
    """Make the namespaces and the new root folder; say whether there is one."""
    # The keeper belongs into the mount namespace, so that changing the root folder changes its root as well.
    private_root = "mount namespace" not in record.without and record.detail(
        "Not in force: mount namespace", _NAMESPACE_ADVICE, kernel.unshare, kernel.CLONE_NEWNS
    )
    record.attempt("pid namespace", outer.start_process_namespace)
    for measure, flag in _NAMESPACES.items():
        record.attempt(measure, kernel.unshare, flag)
    if "uts namespace" in record.measures:
        socket.sethostname("sandbox")
    outer.wait_for_keeper()
    if private_root := private_root and record.attempt("mount namespace", _change_root):
        _furnish(record, shown)
    return private_root


def _change_root() -> None:
    """Make an empty folder in memory the root; the old one is seen at `_OUTSIDE` until `_close_outside`."""
    kernel.mount("", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.mount("tmpfs", "/tmp", "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "size=1m,mode=755")
    try:
        os.mkdir(f"/tmp{_OUTSIDE}")
        kernel.pivot_root("/tmp", f"/tmp{_OUTSIDE}")
    except OSError:
        kernel.unmount("/tmp")
        raise
    os.chdir("/")


def _furnish(record: _Record, shown: Mapping[str, str]) -> None:
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
    source = _OUTSIDE + path
    if os.path.isdir(source):
        os.makedirs(path, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        Path(path).touch()
    kernel.mount(source, path, flags=kernel.MS_BIND | kernel.MS_REC)


def _make_read_only(paths: Sequence[str]) -> None:
    """Every mount at or below `paths` (a folder may come with others inside it) refuses writing, devices and set-user-id."""
    mounts = Path(f"{_OUTSIDE}/proc/self/mountinfo").read_text(errors="surrogateescape")
    folders = tuple(f"{path}/" for path in paths)
    for line in mounts.splitlines():
        fields = line.split(" ")
        point = re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), fields[4])
        if f"{point}/".startswith(folders):
            flags = kernel.MS_REMOUNT | kernel.MS_BIND | kernel.MS_RDONLY | kernel.MS_NOSUID | kernel.MS_NODEV
            if "noexec" in fields[5].split(","):  # the kernel refuses to loosen this one for an ordinary user
                flags |= kernel.MS_NOEXEC
            kernel.mount("", point, flags=flags)


def _give_up_rights(record: _Record, user: int, private_root: bool) -> None:
    """In the student's process: close the way back to the old root, then become nobody."""
    os.setsid()
    process = os.open(f"{_OUTSIDE if private_root else ''}/proc/self", os.O_PATH)
    if private_root:
        if "pid namespace" in record.measures:  # otherwise it would show the processes outside
            flags = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC
            record.detail("No /proc in the sandbox", "", kernel.mount, "proc", "/proc", "proc", flags)
        kernel.unmount(_OUTSIDE)
        os.rmdir(_OUTSIDE)
        kernel.mount("", "/", flags=kernel.MS_REMOUNT | kernel.MS_BIND | kernel.MS_RDONLY | kernel.MS_NOSUID | kernel.MS_NODEV)
    record.attempt("unprivileged user", become, user)
    # Of its own even for an ordinary user: the rights over the sandbox's mounts belong to the namespace above.
    record.attempt("user namespace", _enter_user_namespace, process)
    record.attempt("no capabilities", kernel.drop_capabilities)
    record.attempt("no new privileges", kernel.forbid_new_privileges)
    kernel.die_with_parent(signal.SIGKILL)


def _rules(shown: Iterable[str], folder: str, private_root: bool) -> Iterator[tuple[Path, int]]:
    """What Landlock allows: the same as the new root folder, so that either can stand in for the other."""
    read = kernel.EXECUTE | kernel.READ_FILE | kernel.READ_DIRECTORY
    for path in (*shown, *(("/proc",) if private_root else ("/proc/self", "/proc/cpuinfo", "/proc/meminfo"))):
        yield Path(path), read
    for path in _DEVICES:
        yield Path(path), kernel.READ_FILE | kernel.WRITE_FILE | kernel.TRUNCATE | kernel.DEVICE_CONTROL
    for path in ("/tmp", "/dev/shm", "/dev/pts") if private_root else (folder,):
        yield Path(path), kernel.ALL_RIGHTS & ~kernel.MAKE_DEVICES


def _look_around(record: _Record, shown: Mapping[str, str], course: Iterable[Path]) -> None:
    """From inside, see whether the walls are where they should be."""
    for path in shown.values():
        if os.path.lexists(path) and not os.access(path, os.R_OK):
            record.missing.append(f"The sandbox cannot read {path}. Run: chmod -R o+rX {path}, for it and the folders above it.")
    seen = [str(folder / name) for folder in course for name in _COURSE if _can_open(folder / name)]
    if seen:
        record.missing.append(f"The course is in sight: a student's code can open {seen[0]}. Keep it out of Python's own folders.")
    elif {"mount namespace", "landlock"} & set(record.measures):
        record.measures.append("course out of sight")


def _can_open(path: Path) -> bool:
    with contextlib.suppress(OSError):
        os.close(os.open(path, os.O_RDONLY))
        return True
    return False


def probe(readable: Sequence[Path]) -> Isolation:
    """What isolation this machine offers, found out by closing in a process that then does nothing."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            isolation = enter(Limits(), readable, {writer})
        except Exception as error:
            isolation = Isolation("none", (), (f"The trial sandbox could not be built: {error}.",))
        os.write(writer, json.dumps(dataclasses.asdict(isolation)).encode())
        os._exit(0)
    os.close(writer)
    with open(reader) as report:
        text = report.read()
    os.waitpid(child, 0)
    if not text:
        return Isolation("none", (), ("The trial sandbox ended before it could report. Look for its reason in the kernel's log.",))
    fields = json.loads(text)
    return Isolation(fields["level"], tuple(fields["measures"]), tuple(fields["missing"]))
