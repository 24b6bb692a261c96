"""What a closed-in process is left with: a user, a share of the machine, an environment, descriptors, system calls."""

from __future__ import annotations

import contextlib
import errno
import os
import platform
import re
import resource
import sys
import tempfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from autograder.sandbox import kernel


@dataclass(frozen=True)
class Limits:
    """The most that one sandbox may use. Each of its processes has the limits on memory and time to itself."""

    memory_bytes: int = 4 * 2**30  # address space on top of what is mapped already: torch maps a lot and uses little of it
    cpu_seconds: int = 120  # then comes SIGXCPU, and a second later SIGKILL
    processes: int = 64  # processes and threads of the whole sandbox
    file_bytes: int = 64 * 2**20  # length of one file; a longer one raises OSError
    open_files: int = 256  # descriptors of one process


def may_mount() -> bool:
    """Whether this process has the rights of the system's administrator (root in a container often has not)."""
    return bool(int(Path("/proc/self/status").read_text().partition("CapEff:")[2].split()[0], 16) >> 21 & 1)


def choose_user() -> int:
    """A user id that belongs to nobody and to no other sandbox, so that what it runs can be counted.

    From 1 900 000 000 on, distributions and systemd give ids to nobody. A container may know fewer: then one of its last.
    """
    ranges = [tuple(map(int, line.split())) for line in Path("/proc/self/uid_map").read_text().splitlines()]
    wanted = 1_900_000_000 + os.getpid()
    if any(first <= wanted < first + length for first, _, length in ranges):
        return wanted
    first, _, length = max(ranges, key=lambda entry: entry[2])
    return first + length - 1 - os.getpid() % max(length // 2, 1)


def become(user: int) -> None:
    """Change for good to this user and the group of the same number; an ordinary user stays who he is."""
    if os.getuid() != 0:
        return
    if user == 0:
        raise OSError(errno.EPERM, "root is the only user that this container knows")
    with contextlib.suppress(PermissionError):  # no right to do it now; then `kernel.drop_capabilities` will, or say so
        kernel.empty_bounding_set()
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    kernel.set_dumpable(True)  # or the process could not open its own files in /proc


def mapped_bytes() -> int:
    """How much address space this process uses already."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def set_resource_limits(limits: Limits, mapped: int, tasks_beside: int) -> None:
    """Put `limits` in force, given what is mapped already and how many tasks outside count against the same user."""
    wanted = {
        resource.RLIMIT_AS: (mapped + limits.memory_bytes,) * 2,
        resource.RLIMIT_CPU: (limits.cpu_seconds, limits.cpu_seconds + 1),
        resource.RLIMIT_NPROC: (limits.processes + tasks_beside,) * 2,
        resource.RLIMIT_FSIZE: (limits.file_bytes,) * 2,
        resource.RLIMIT_NOFILE: (limits.open_files,) * 2,
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_MSGQUEUE: (0, 0),
    }
    for what, (soft, hard) in wanted.items():
        ceiling = resource.getrlimit(what)[1]
        if ceiling != resource.RLIM_INFINITY:  # whoever started us may have set a stricter one
            soft, hard = min(soft, ceiling), min(hard, ceiling)
        resource.setrlimit(what, (soft, hard))


def tasks_beside(in_user_namespace: bool) -> int:
    """How many tasks outside count against an ordinary user's limit on processes: his own, all over the machine.

    From Linux 5.14 on, a user namespace has a count of its own.
    """
    version = [int(number) for number in re.findall(r"\d+", os.uname().release)[:2]]
    if in_user_namespace and version >= [5, 14]:
        return 0
    tasks = 0
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it may have ended by now
            if process.stat().st_uid == os.getuid():
                tasks += len(os.listdir(process / "task"))
    return tasks


def offer_to_memory_killer() -> None:
    """When the machine runs out of memory, let the kernel end this process and not the worker."""
    Path("/proc/self/oom_score_adj").write_text("1000")


def close_descriptors(keep: Collection[int]) -> None:
    """Close everything but `keep`, hide those from programs started later, and point 0, 1 and 2 at /dev/null."""
    for standard in (0, 1, 2):
        os.dup2(os.open(os.devnull, os.O_RDWR), standard)
    for descriptor in {int(name) for name in os.listdir("/proc/self/fd")} - {0, 1, 2, *keep}:
        with contextlib.suppress(OSError):  # the one that listed the folder is closed already
            os.close(descriptor)
    for descriptor in keep:
        os.set_inheritable(descriptor, False)


def empty_environment() -> None:
    """Leave nothing of the environment but what Python and its libraries need to run on one core."""
    kept = {name: os.environ[name] for name in ("MPLBACKEND",) if name in os.environ}
    os.environ.clear()
    kernel.clear_environment()
    # What the process was started with can still be read in /proc/self/environ: fields 50 and 51 say where it stands.
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    kernel.overwrite(int(fields[47]), int(fields[48]))
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    path = os.pathsep.join([str(Path(sys.prefix, "bin")), "/usr/local/bin", "/usr/bin", "/bin"])
    os.environ.update(kept | threads, PATH=path, USER="student", LANG="C.UTF-8")


def live_in(folder: str) -> None:
    """Make `folder`, and make it the home, the current and the temporary folder."""
    os.mkdir(folder, mode=0o700)
    os.chdir(folder)
    os.environ.update(HOME=folder, TMPDIR=folder)
    tempfile.tempdir = None  # it may have been looked up before


# The numbers of x86-64 and of 64-bit ARM; None where a call does not exist.
_REFUSED: dict[str, tuple[int | None, int | None]] = {
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51),
    "unshare": (272, 97), "setns": (308, 268), "open_by_handle_at": (304, 265),
    "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430), "fsconfig": (431, 431),
    "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442), "open_tree_attr": (467, 467),
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "pidfd_getfd": (438, 438), "process_madvise": (440, 440), "move_pages": (279, 239), "migrate_pages": (256, 238),
    "kexec_load": (246, 104), "kexec_file_load": (320, 294), "reboot": (169, 142), "uselib": (134, None),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106),
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "lookup_dcookie": (212, 18),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "swapon": (167, 224), "swapoff": (168, 225), "acct": (163, 89), "syslog": (103, 116),
    "quotactl": (179, 60), "quotactl_fd": (443, 443), "fanotify_init": (300, 262), "vhangup": (153, 58),
    "settimeofday": (164, 170), "clock_settime": (227, 112), "clock_adjtime": (305, 266), "adjtimex": (159, 171),
    "sethostname": (170, 161), "setdomainname": (171, 162),
    "iopl": (172, None), "ioperm": (173, None), "modify_ldt": (154, None),
    # Memory that no limit counts:
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194), "msgget": (68, 186), "semget": (64, 190),
}  # fmt: skip
_MACHINES = {"x86_64": (0, 0xC000003E, 56, 41), "aarch64": (1, 0xC00000B7, 220, 198)}  # column, AUDIT_ARCH_*, clone, socket
_CLONE3, _AF_UNIX = 435, 1
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN, _KILL, _REFUSE, _ALLOW = 0x20, 0x15, 0x35, 0x45, 0x06, 1 << 31, 5 << 16, 0x7FFF0000
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data


def refuse_system_calls(local_sockets: bool) -> None:
    """Refuse the calls that lead out of a sandbox or into rarely used parts of the kernel, and all of the network.

    `local_sockets` says whether Unix sockets may be opened: only where no socket of another program can be reached by its path.
    """
    if (machine := platform.machine()) not in _MACHINES:
        raise OSError(errno.ENOSYS, f"the numbers of the system calls are not known for {machine}")
    kernel.install_system_call_filter(list(_filter(local_sockets, *_MACHINES[machine])))


def _filter(local_sockets: bool, column: int, architecture: int, clone: int, socket: int) -> Iterator[tuple[int, int, int, int]]:
    yield (_LOAD, 0, 0, _ARCHITECTURE)
    yield (_EQUAL, 1, 0, architecture)
    yield (_RETURN, 0, 0, _KILL)  # a 32-bit call: its numbers mean something else
    yield (_LOAD, 0, 0, _NUMBER)
    yield (_AT_LEAST, 0, 1, 0x40000000)  # x32 calls, a second set of numbers for everything below
    yield (_RETURN, 0, 0, _REFUSE | errno.ENOSYS)
    for numbers in _REFUSED.values():
        if (number := numbers[column]) is not None:
            yield (_EQUAL, 0, 1, number)
            yield (_RETURN, 0, 0, _REFUSE | errno.EPERM)
    yield (_EQUAL, 0, 1, _CLONE3)  # its flags lie in memory, out of a filter's sight: let libc fall back on clone
    yield (_RETURN, 0, 0, _REFUSE | errno.ENOSYS)
    yield (_EQUAL, 0, 4, clone)
    yield (_LOAD, 0, 0, _FIRST_ARGUMENT)
    yield (_ANY_BIT, 0, 1, kernel.CLONE_NEW_ANY)
    yield (_RETURN, 0, 0, _REFUSE | errno.EPERM)
    yield (_RETURN, 0, 0, _ALLOW)
    yield (_EQUAL, 0, 4, socket)
    yield (_LOAD, 0, 0, _FIRST_ARGUMENT)
    yield (_EQUAL, 0, 1, _AF_UNIX if local_sockets else 0xFFFFFFFF)
    yield (_RETURN, 0, 0, _ALLOW)
    yield (_RETURN, 0, 0, _REFUSE | errno.EACCES)
    yield (_RETURN, 0, 0, _ALLOW)
