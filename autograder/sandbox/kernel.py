"""System calls that Python has no name for. Each raises OSError when the kernel refuses; none decides anything."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Iterable
from pathlib import Path

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
CLONE_NEW_ANY = 0x7E020000  # every flag above, and CLONE_NEWCGROUP

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 0x1, 0x2, 0x4, 0x8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 0x20, 0x1000, 0x4000, 0x40000
MNT_DETACH = 2

# Landlock rights, in the kernel's order; the comments name the Landlock version that brought a right.
EXECUTE, WRITE_FILE, READ_FILE, READ_DIRECTORY = 1 << 0, 1 << 1, 1 << 2, 1 << 3
MAKE_DEVICES = 1 << 6 | 1 << 11
REFER, TRUNCATE, DEVICE_CONTROL = 1 << 13, 1 << 14, 1 << 15  # 2, 3, 5
FILE_RIGHTS = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | DEVICE_CONTROL  # the others make sense for folders only
ALL_RIGHTS = (1 << 16) - 1
_RIGHTS_BY_VERSION = {1: REFER - 1, 2: TRUNCATE - 1, 3: DEVICE_CONTROL - 1, 4: DEVICE_CONTROL - 1}

_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_LANDLOCK_CREATE_RULESET, _LANDLOCK_ADD_RULE, _LANDLOCK_RESTRICT_SELF = 444, 445, 446  # the same on every architecture
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_CAPBSET_READ, _PR_CAPBSET_DROP = 1, 4, 22, 23, 24
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_MODE_FILTER = 2
_CAPABILITY_VERSION_3 = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, call: str) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), call)
    return int(result)


def _system_call(name: str, number: int, *arguments: int | ctypes.Array[ctypes.c_char] | None) -> int:
    # Variadic arguments must have the width of a register: ctypes would pass a plain int in 32 bits.
    wide = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    return _checked(_libc.syscall(ctypes.c_long(number), *wide), name)


def _prctl(option: int, argument: int = 0) -> int:
    rest = [ctypes.c_ulong(value) for value in (argument, 0, 0, 0)]
    return _checked(_libc.prctl(option, *rest), f"prctl({option})")


def unshare(flags: int) -> None:
    """Leave the namespaces in `flags` for new ones."""
    _checked(_libc.unshare(flags), "unshare")


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """Mount `source` on `target`, see mount(2)."""
    paths = [os.fsencode(text) for text in (source, target, kind)]
    _checked(_libc.mount(*paths, ctypes.c_ulong(flags), options.encode()), f"mount on {target}")


def unmount(target: str) -> None:
    """Take away what is mounted on `target`; it vanishes at once, even if it is busy."""
    _checked(_libc.umount2(os.fsencode(target), MNT_DETACH), f"unmount {target}")


def pivot_root(new_root: str, put_old: str) -> None:
    """Make `new_root` the root folder; the old one is then seen at `put_old`, which lies below it."""
    number = _PIVOT_ROOT.get(platform.machine())
    if number is None:
        raise OSError(errno.ENOSYS, f"pivot_root has no known number on {platform.machine()}")
    new, old = (ctypes.create_string_buffer(os.fsencode(path)) for path in (new_root, put_old))
    _system_call("pivot_root", number, new, old)


def clear_environment() -> None:
    """Empty the C library's environment, which may hold names that os.environ does not know."""
    _checked(_libc.clearenv(), "clearenv")


def overwrite(start: int, end: int) -> None:
    """Write zeros over the memory of this process between two addresses."""
    ctypes.memset(start, 0, end - start)


def die_with_parent(signal_number: int) -> None:
    """Receive this signal when the parent dies. A change of user forgets it: ask for it afterwards."""
    _prctl(_PR_SET_PDEATHSIG, signal_number)


def set_dumpable(dumpable: bool) -> None:
    """Say whether processes of the same user may look into this one; a change of user says no."""
    _prctl(_PR_SET_DUMPABLE, int(dumpable))


def forbid_new_privileges() -> None:
    """From now on no program gives more rights than its caller has, set-user-id or not."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def _known_capabilities() -> Iterable[int]:
    for capability in range(64):
        try:
            held = _prctl(_PR_CAPBSET_READ, capability)
        except OSError:  # beyond the last one that this kernel knows
            return
        if held:
            yield capability


def empty_bounding_set() -> None:
    """Take every capability out of the set that a program could ever be given."""
    for capability in _known_capabilities():
        _prctl(_PR_CAPBSET_DROP, capability)


def drop_capabilities() -> None:
    """Give up every capability for good."""
    try:
        empty_bounding_set()
    finally:
        header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
        _checked(_libc.capset(header, bytes(24)), "capset")


def landlock_version() -> int:
    """The version of Landlock that this kernel has; 0 without Landlock."""
    try:
        return _system_call("landlock_create_ruleset", _LANDLOCK_CREATE_RULESET, None, 0, 1)
    except OSError:
        return 0


def landlock(rules: Iterable[tuple[Path, int]]) -> None:
    """Refuse every file except those below the paths of `rules`, with the rights given there; refuse TCP as well.

    From version 6 on, processes and abstract sockets outside are out of reach too. Paths that do not exist are left out.
    """
    version = landlock_version()
    if not version:
        raise OSError(errno.ENOSYS, "this kernel has no Landlock, or it was not switched on at boot")
    handled = _RIGHTS_BY_VERSION.get(version, ALL_RIGHTS)
    network, scopes = (3 if version >= 4 else 0), (3 if version >= 6 else 0)
    attributes = ctypes.create_string_buffer(struct.pack("=QQQ", handled, network, scopes), 24)
    ruleset = _system_call("landlock_create_ruleset", _LANDLOCK_CREATE_RULESET, attributes, 24, 0)
    try:
        for path, rights in rules:
            _add_rule(ruleset, path, rights & handled)
        _system_call("landlock_restrict_self", _LANDLOCK_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _add_rule(ruleset: int, path: Path, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:  # not there or not within reach: nothing to allow
        return
    try:
        allowed = rights if path.is_dir() else rights & FILE_RIGHTS
        rule = ctypes.create_string_buffer(struct.pack("=Qi", allowed, descriptor), 12)
        _system_call("landlock_add_rule", _LANDLOCK_ADD_RULE, ruleset, 1, rule, 0)
    finally:
        os.close(descriptor)


class _FilterProgram(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def install_system_call_filter(instructions: list[tuple[int, int, int, int]]) -> None:
    """Put a seccomp program in force for good; an instruction is (code, jump if true, jump if false, constant)."""
    code = b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = _FilterProgram(len(instructions), ctypes.addressof(buffer))
    mode, address = ctypes.c_ulong(_SECCOMP_MODE_FILTER), ctypes.byref(program)
    _checked(_libc.prctl(_PR_SET_SECCOMP, mode, address, ctypes.c_ulong(0), ctypes.c_ulong(0)), "prctl(seccomp)")
