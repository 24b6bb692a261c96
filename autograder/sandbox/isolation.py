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
import sys
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from autograder.sandbox import kernel, limits
from autograder.sandbox.limits import Limits

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
            self.missing.append(f"No {measure}: it was left out on request.")
            return False
        advice = _ADVICE.get(measure, _NAMESPACE_ADVICE if "namespace" in measure else "")
        if done := self.detail(f"No {measure}", advice, action, *arguments):
            self.measures.append(measure)
        return done

    def detail(self, failure: str, advice: str, action: Callable[..., object], *arguments: object) -> bool:
        """Do it; only a failure is worth a word."""
        try:
            action(*arguments)
        except OSError as error:
            self.missing.append(f"{failure}: {error.strerror or error}. {advice}".strip())
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
    prefixes = [Path(prefix) for prefix in (sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix, "/usr", "/usr/local")]
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
    return [path for path in dict.fromkeys(paths) if path.exists()]


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
    record, outer = _Record(without), _Outer()
    course = {Path.cwd(), _PACKAGE.parent}
    shown = {str(path.absolute()): os.path.realpath(path) for path in readable}
    user, mapped = limits.choose_user(), limits.mapped_bytes()
    os.umask(0o022)
    limits.close_descriptors(keep_descriptors)
    limits.empty_environment()
    limits.offer_to_memory_killer()
    built_by_user = not limits.may_mount() and _enter_building_site(record, user)
    beside = limits.tasks_beside(own_user=built_by_user or os.getuid() == 0)
    private_root = _build(record, outer, shown)
    folder = "/tmp/home"
    if not private_root:
        folder = outer.folder = tempfile.mkdtemp(prefix="autograder-")
        os.chown(folder, user if os.getuid() == 0 else -1, -1)
    outer.fork_student()
    record.attempt("resource limits", limits.set_resource_limits, allowance, mapped, beside)
    _give_up_rights(record, user, private_root)
    limits.live_in(folder)
    record.attempt("landlock", kernel.landlock, _rules(shown.values(), folder, private_root))
    local_sockets = {"mount namespace", "network namespace"}.issubset(record.measures)
    record.attempt("seccomp", limits.refuse_system_calls, local_sockets)
    os.umask(0o077)
    _look_around(record, shown, course)
    return record.result()


@dataclass
class _Outer:
    """The process that stays behind: it holds the keeper's lifeline, and ends as the student ended."""

    parent: int = field(default_factory=os.getppid)
    keeper: int = 0
    lifeline: int = -1
    folder: str = ""  # to be removed at the end; a private root vanishes by itself

    def start_process_namespace(self) -> None:
        """Make the namespace and its process 1."""
        kernel.unshare(kernel.CLONE_NEWPID)
        reader, self.lifeline = os.pipe()
        duplicate = (os.POSIX_SPAWN_DUP2, reader, 0)
        self.keeper = os.posix_spawn("/bin/sh", ["sh", "-c", "read line"], {}, file_actions=[duplicate])
        os.close(reader)

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
                number = os.WTERMSIG(status)
                if number != signal.SIGKILL:
                    signal.signal(number, signal.SIG_DFL)
                os.kill(os.getpid(), number)
            os._exit(os.WEXITSTATUS(status))
        finally:  # whatever happened, never go on with what the caller means for the student's process
            os._exit(1)


def _enter_building_site(record: _Record, user: int) -> bool:
    """For whoever may not mount: a user namespace in which he may. Root without the right to mount becomes ordinary first."""
    record.detail("No unprivileged user", _ADVICE["unprivileged user"], limits.become, user)
    if "user namespace" in record.without:
        return False
    return record.detail("No user namespace", _NAMESPACE_ADVICE, _enter_user_namespace, os.open("/proc/self", os.O_PATH))


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
    """Make the namespaces, and the new root folder; say whether there is one."""
    for measure, flag in _NAMESPACES.items():
        record.attempt(measure, kernel.unshare, flag)
    record.detail("Another name for this machine", "", socket.sethostname, "sandbox")
    in_mount_namespace = "mount namespace" not in record.without and ...
