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
import signal
import socket
import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

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
from autograder.sandbox.measures import ADVICE, NAMESPACE_ADVICE, Isolation, Record
from autograder.sandbox.outer import Outer
from autograder.sandbox.root_folder import OUTSIDE, PACKAGE, change_root, furnish, readable_paths, rules

__all__ = ["Isolation", "Limits", "enter", "probe", "readable_paths"]

_COURSE = ("solutions", "source", "submitted", "autograded", "gradebook.db")
_NAMESPACES = {
    "network namespace": kernel.CLONE_NEWNET,
    "ipc namespace": kernel.CLONE_NEWIPC,
    "uts namespace": kernel.CLONE_NEWUTS,
}


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
    record, outer = Record(without), Outer(keep_descriptors)
    course = {Path.cwd(), PACKAGE.parent}
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
    record.attempt("landlock", kernel.landlock, rules(shown.values(), folder, private_root))
    local_sockets = {"mount namespace", "network namespace"}.issubset(record.measures)
    record.attempt("seccomp", refuse_system_calls, local_sockets)
    os.umask(0o077)
    _look_around(record, shown, course)
    return record.result()


def _enter_building_site(record: Record, user: int) -> bool:
    """For whoever may not mount: a user namespace in which he may. Root without the right to mount becomes ordinary first."""
    record.detail("Not in force: unprivileged user", ADVICE["unprivileged user"], become, user)
    if "user namespace" in record.without:
        return False
    process = os.open("/proc/self", os.O_PATH)
    return record.detail("Not in force: user namespace", NAMESPACE_ADVICE, _enter_user_namespace, process)


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


def _build(record: Record, outer: Outer, shown: Mapping[str, str]) -> bool:
    """Make the namespaces and the new root folder; say whether there is one."""
    # The keeper belongs into the mount namespace, so that changing the root folder changes its root as well.
    private_root = "mount namespace" not in record.without and record.detail(
        "Not in force: mount namespace", NAMESPACE_ADVICE, kernel.unshare, kernel.CLONE_NEWNS
    )
    record.attempt("pid namespace", outer.start_process_namespace)
    for measure, flag in _NAMESPACES.items():
        record.attempt(measure, kernel.unshare, flag)
    if "uts namespace" in record.measures:
        socket.sethostname("sandbox")
    outer.wait_for_keeper()
    if private_root := private_root and record.attempt("mount namespace", change_root):
        furnish(record, shown)
    return private_root


def _give_up_rights(record: Record, user: int, private_root: bool) -> None:
    """In the student's process: close the way back to the old root, then become nobody."""
    os.setsid()
    process = os.open(f"{OUTSIDE if private_root else ''}/proc/self", os.O_PATH)
    if private_root:
        if "pid namespace" in record.measures:  # otherwise it would show the processes outside
            flags = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC
            record.detail("No /proc in the sandbox", "", kernel.mount, "proc", "/proc", "proc", flags)
        kernel.unmount(OUTSIDE)
        os.rmdir(OUTSIDE)
        kernel.mount("", "/", flags=kernel.MS_REMOUNT | kernel.MS_BIND | kernel.MS_RDONLY | kernel.MS_NOSUID | kernel.MS_NODEV)
    record.attempt("unprivileged user", become, user)
    # Of its own even for an ordinary user: the rights over the sandbox's mounts belong to the namespace above.
    record.attempt("user namespace", _enter_user_namespace, process)
    record.attempt("no capabilities", kernel.drop_capabilities)
    record.attempt("no new privileges", kernel.forbid_new_privileges)
    kernel.die_with_parent(signal.SIGKILL)


def _look_around(record: Record, shown: Mapping[str, str], course: Iterable[Path]) -> None:
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
