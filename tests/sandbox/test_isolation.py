"""Each test is an attempt to break out of the sandbox, or an honest thing that must still work in it.

A refusal proves nothing when another wall would have caught the attempt as well; so the walls are also tried one at a time
(`without` takes the others away), and a control shows that the attempt succeeds where no wall stands.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

import pytest

from autograder.sandbox import isolation, kernel
from autograder.sandbox.isolation import Isolation, Limits, enter, probe, readable_paths
from autograder.sandbox.limits import refuse_system_calls

SECRET = Path(__file__)  # lies in the course's folder, beside the package
COURSE = Path(isolation.__file__).parents[2]
LIMITS = Limits(memory_bytes=512 * 2**20, cpu_seconds=20, file_bytes=64 * 2**20)
HIDING = {"mount namespace", "landlock", "unprivileged user"}
NETWORK = {"network namespace", "landlock", "seccomp"}
PATIENCE = 60.0  # seconds; only a broken wall needs them


@dataclass
class Outcome:
    """What became of one sandbox: what its code returned, how it ended, what was in force."""

    value: Any
    status: int
    isolation: Isolation


def start(
    action: Callable[[int], Any],
    limits: Limits = LIMITS,
    without: Collection[str] = (),
    before: Callable[[], None] = lambda: None,
) -> tuple[int, int]:
    """Fork, close the child in, and let it report: the process, and a descriptor that ends when its last process has."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        close_in_and_report(writer, action, limits, without, before)
    os.close(writer)
    return child, reader


def close_in_and_report(
    report: int, action: Callable[[int], Any], limits: Limits, without: Collection[str], before: Callable[[], None]
) -> NoReturn:
    try:
        before()
        os.set_inheritable(report, True)
        in_force = enter(limits, readable_paths(), {report}, without)
        os.write(report, json.dumps([asdict(in_force), action(report)]).encode())
        os._exit(0)
    except BaseException as error:
        os.write(report, json.dumps([None, f"{type(error).__name__}: {error}"]).encode())
    finally:
        os._exit(99)


def read_all(descriptor: int) -> bytes:
    """Everything until the last writer is gone, which must not take long."""
    received = b""
    while select.select([descriptor], [], [], PATIENCE)[0]:
        piece = os.read(descriptor, 65536)
        if not piece:
            os.close(descriptor)
            return received
        received += piece
    raise AssertionError("a process of the sandbox is still running")


def run(action: Callable[[], Any], *arguments: Any, **options: Any) -> Outcome:
    """Run `action` in a sandbox, to the end; the rest as for `start`."""
    child, reader = start(lambda _: action(), *arguments, **options)
    report = read_all(reader)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    in_force, value = json.loads(report or '[{"level": "", "measures": [], "missing": []}, null]')
    assert in_force is not None, value
    return Outcome(value, status, Isolation(in_force["level"], tuple(in_force["measures"]), tuple(in_force["missing"])))


def refusal(action: Callable[..., object], *arguments: Any) -> str:
    """The name of what `action` raises; "" when it succeeds."""
    try:
        action(*arguments)
    except Exception as error:
        return type(error).__name__
    return ""


def as_we_are() -> None:
    """Root or not, as the tests run."""


def ordinary_user() -> None:
    """Become one, as whoever grades without being root; already are one if the tests do not run as root."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setresgid(54321, 54321, 54321)
        os.setresuid(54321, 54321, 54321)
        kernel.set_dumpable(True)  # as a process is that was started by this user


def root_in_a_container() -> None:
    """Keep the rights that root has in a container by default: to change user, but not to mount."""
    if os.getuid() == 0:
        kept = sum(1 << capability for capability in (0, 1, 3, 5, 6, 7))  # chown, dac_override, fowner, kill, setgid, setuid
        header = (ctypes.c_uint32 * 2)(0x20080522, 0)
        assert ctypes.CDLL(None).capset(header, (ctypes.c_uint32 * 6)(kept, kept)) == 0


def kernel_that_refuses() -> None:
    """A container's filter: no namespaces, no mounts."""
    kernel.forbid_new_privileges()
    refuse_system_calls(local_sockets=True)


# What is in force


def test_this_machine_offers_full_isolation() -> None:
    found = probe(readable_paths())
    assert found.level == "full", found.missing
    assert {"landlock", "seccomp"} <= set(found.measures), found.missing
    assert found.missing == ()


@pytest.mark.parametrize("before", [ordinary_user, root_in_a_container])
def test_isolation_does_not_need_an_administrator(before: Callable[[], None]) -> None:
    outcome = run(lambda: [refusal(SECRET.read_text), os.getuid(), os.getcwd()], before=before)
    assert outcome.value[0] == "FileNotFoundError"
    assert outcome.value[1] != 0
    assert outcome.value[2] == "/tmp/home"
    assert (outcome.status, outcome.isolation.level) == (0, "full"), outcome.isolation.missing


def test_what_the_kernel_refuses_is_missing_with_a_remedy_and_landlock_stands_in() -> None:
    outcome = run(lambda: refusal(SECRET.read_text), before=kernel_that_refuses)
    assert outcome.value in {"PermissionError", "FileNotFoundError"}
    assert outcome.isolation.level == "partial"
    sentence = next(text for text in outcome.isolation.missing if "mount namespace" in text)
    assert sentence.startswith("Not in force: mount namespace (Operation not permitted). Allow user namespaces (sysctl ")


def test_without_any_wall_the_level_is_none() -> None:
    outcome = run(lambda: None, without={"mount namespace", "landlock"})
    assert outcome.isolation.level == "none"
    assert "Not in force: landlock (left out on request)." in outcome.isolation.missing


def test_a_course_among_the_readable_paths_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [*readable_paths(), COURSE]
    monkeypatch.setitem(globals(), "readable_paths", lambda: paths)
    outcome = run(lambda: refusal(SECRET.read_text))
    assert outcome.value == ""
    assert outcome.isolation.level == "none"
    assert "The course is in sight" in outcome.isolation.missing[-1]


def test_readable_paths_hold_the_package_and_not_the_course() -> None:
    paths = readable_paths()
    assert COURSE / "autograder" in paths
    assert not any(COURSE.is_relative_to(path) for path in paths)


# Files


def test_a_secret_beside_the_course_cannot_be_read() -> None:
    places = [str(SECRET), str(COURSE / "pyproject.toml"), "/etc/passwd", "/proc/1/environ", os.path.expanduser("~/.profile")]
    outcome = run(lambda: [refusal(Path(place).read_text) for place in places])
    assert set(outcome.value) <= {"FileNotFoundError", "PermissionError"}


def test_the_root_folder_holds_what_was_asked_for_and_nothing_else() -> None:
    asked = {path.absolute().parts[1] for path in readable_paths()} | {Path(os.path.realpath(p)).parts[1] for p in readable_paths()}
    assert set(run(lambda: os.listdir("/"), without={"landlock"}).value) <= asked | {"dev", "proc", "tmp"}


@pytest.mark.parametrize("wall", ["mount namespace", "landlock"])
def test_one_wall_alone_hides_the_secret(wall: str) -> None:
    outcome = run(lambda: [refusal(SECRET.read_text), refusal(os.listdir, COURSE)], without=HIDING - {wall})
    assert outcome.value[0] in {"FileNotFoundError", "PermissionError"}
    assert outcome.value[1] in {"", "PermissionError"}  # what lies above the package is an empty folder


def test_control_the_secret_is_readable_without_walls() -> None:
    assert run(lambda: refusal(SECRET.read_text), without=HIDING).value == ""


@pytest.mark.parametrize("without", [(), {"landlock", "unprivileged user"}, {"mount namespace", "unprivileged user"}])
def test_nothing_outside_can_be_written(without: Collection[str]) -> None:
    targets = [Path(sys.prefix, "bin", "mark"), COURSE / "autograder" / "mark", Path("/mark"), Path("/usr/bin/mark")]
    outcome = run(lambda: [refusal(target.touch) for target in targets], without=without)
    marked = [target for target in targets if target.exists()]
    for target in marked:  # the wall is broken: clean up before saying so
        target.unlink()
    assert marked == []
    assert set(outcome.value) <= {"OSError", "PermissionError", "FileNotFoundError"}


def test_the_temporary_folder_is_private() -> None:
    mark = Path("/tmp/mark-of-a-sandbox")
    assert run(lambda: [mark.write_text("x"), os.getcwd() == os.environ["HOME"]]).value == [1, True]
    assert run(mark.exists).value is False
    assert not mark.exists()


@pytest.mark.parametrize("without", [(), {"mount namespace"}])
def test_the_home_folder_is_writable_and_goes_away(without: Collection[str]) -> None:
    def use_home() -> tuple[str, int]:
        Path("note").write_text("x")
        return os.getcwd(), os.stat("note").st_mode & 0o777

    home, mode = run(use_home, without=without).value
    assert mode == 0o600
    assert not os.path.exists(home)


def test_the_root_of_process_1_is_no_way_out() -> None:
    outcome = run(lambda: [refusal(os.listdir, "/proc/1/root"), refusal(Path("/proc/1/mem").read_bytes)], before=ordinary_user)
    assert outcome.value == ["PermissionError", "PermissionError"]


# Network and processes


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.mark.parametrize("wall", sorted(NETWORK))
def test_one_wall_alone_keeps_from_a_server_of_the_machine(listener: socket.socket, wall: str) -> None:
    address = listener.getsockname()
    outcome = run(lambda: refusal(socket.create_connection, address, 1), without=NETWORK - {wall})
    assert outcome.value in {"OSError", "PermissionError"}


def test_control_the_server_answers_without_walls(listener: socket.socket) -> None:
    address = listener.getsockname()
    assert run(lambda: refusal(socket.create_connection, address, 1), without=NETWORK).value == ""


@pytest.mark.parametrize("wall", sorted(NETWORK))
def test_one_wall_alone_keeps_from_an_abstract_socket(wall: str) -> None:
    def connect() -> str:
        return refusal(lambda: socket.socket(socket.AF_UNIX).connect(name))

    name = f"\0autograder-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(name)
        server.listen()
        assert run(connect, without=NETWORK - {wall}).value in {"ConnectionRefusedError", "PermissionError"}
        assert run(connect, without=NETWORK).value == ""


def test_sockets_of_the_host_below_a_virtual_machine_are_refused() -> None:
    assert run(lambda: refusal(socket.socket, socket.AF_VSOCK)).value == "PermissionError"


def test_other_processes_are_neither_seen_nor_signalled() -> None:
    us = os.getpid()

    def look() -> list[Any]:
        seen = [name for name in os.listdir("/proc") if name.isdigit()]
        return [refusal(os.kill, us, 0), seen, refusal(os.kill, -1, signal.SIGKILL), refusal(os.kill, 1, signal.SIGKILL)]

    for before in (as_we_are, ordinary_user):
        outcome = run(look, before=before)
        assert outcome.value[:2] == ["ProcessLookupError", ["1", "2"]]
        assert outcome.status == 0


# Limits


def test_too_much_memory_is_a_memory_error() -> None:
    sizes = [2 * LIMITS.memory_bytes, LIMITS.memory_bytes // 4]
    assert run(lambda: [refusal(bytearray, size) for size in sizes]).value == ["MemoryError", ""]


def test_memory_that_no_limit_counts_is_refused() -> None:
    libc = ctypes.CDLL(None)
    assert run(lambda: [refusal(os.memfd_create, "x"), libc.shmget(0, 4096, 0o1600)]).value == ["PermissionError", -1]


@pytest.mark.parametrize("before", [as_we_are, ordinary_user])
def test_a_fork_bomb_stops_and_leaves_nothing_behind(before: Callable[[], None]) -> None:
    def bomb() -> int:
        for started in range(1000):
            try:
                child = os.fork()
            except BlockingIOError:
                return started
            if not child:
                signal.pause()
        return 1000

    outcome = run(bomb, replace(LIMITS, processes=12), before=before)
    assert 5 <= outcome.value <= 12


def test_a_file_longer_than_the_limit_fails() -> None:
    def write() -> list[str]:
        block = bytes(2**20)
        return [refusal(Path("short").write_bytes, block), refusal(Path("long").write_bytes, block + b"x")]

    assert run(write, replace(LIMITS, file_bytes=2**20)).value == ["", "OSError"]


def test_the_temporary_folder_is_capped() -> None:
    def fill() -> int:
        block = bytes(2**20)
        for written in range(1000):
            if refusal(Path(f"{written}").write_bytes, block):
                return written
        return 1000

    assert 200 <= run(fill).value <= 256


def test_processor_time_ends_even_for_who_ignores_the_warning() -> None:
    def spin() -> None:
        signal.signal(signal.SIGXCPU, signal.SIG_IGN)
        while True:
            pass

    assert run(spin, replace(LIMITS, cpu_seconds=1)).status == -signal.SIGKILL


# What the process is left with


def run_program(body: str, **variables: str) -> Any:
    """What the variable `value` holds after `body` ran in a sandbox that a fresh Python process forked."""
    opening, _, inside = textwrap.dedent(body).partition("# inside\n")
    script = f"""
import json, os
from autograder.sandbox.isolation import Limits, enter, readable_paths
{opening}
reader, writer = os.pipe()
if not os.fork():
    level = enter(Limits(), readable_paths(), {{writer}}).level
    assert level == "full", level
    try:
{textwrap.indent(inside, " " * 8)}
    except BaseException as error:
        value = repr(error)
    os.write(writer, json.dumps(value).encode())
    os._exit(0)
os.close(writer)
print(os.fdopen(reader).read())
"""
    program = [sys.executable, "-c", script]
    done = subprocess.run(program, env={**os.environ, **variables}, cwd=COURSE, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_no_secret_of_the_environment_is_left() -> None:
    body = """
        import subprocess
        from pathlib import Path
        # inside
        programs = subprocess.run(["env"], capture_output=True, text=True).stdout
        value = [str(os.environ), programs, Path("/proc/self/environ").read_text()], sorted(os.environ)
    """
    texts, names = run_program(body, TOKEN_OF_THE_LMS="hunter2", MPLBACKEND="Agg")
    assert "PATH" in texts[1]
    assert not any("hunter2" in text or "TOKEN" in text for text in texts)
    assert {"HOME", "LANG", "MPLBACKEND", "OMP_NUM_THREADS", "PATH"} <= set(names)


def test_what_a_notebook_does_still_works() -> None:
    body = """
        import multiprocessing, subprocess, sys, threading
        import matplotlib.pyplot as plt
        import numpy as np
        import torch
        from IPython.core.interactiveshell import InteractiveShell
        # inside
        value = {}
        layer = torch.nn.Linear(20, 3)
        loss = layer(torch.randn(8, 20)).square().mean()
        loss.backward()
        torch.optim.Adam(layer.parameters()).step()
        torch.set_num_threads(2)
        value["torch with threads"] = (torch.ones(600, 600) @ torch.ones(600, 600)).sum().item() == 600**3
        loader = torch.utils.data.DataLoader(torch.arange(8.0), batch_size=4, num_workers=1)
        value["loader with a process"] = [batch.sum().item() for batch in loader]
        torch.save(layer.state_dict(), "weights.pt")
        value["saved weights"] = sorted(torch.load("weights.pt"))
        value["too much for torch"] = False
        try:
            torch.empty(2**33, dtype=torch.uint8)
        except RuntimeError as error:
            value["too much for torch"] = "memory" in str(error)
        plt.plot(np.linalg.svd(np.random.rand(50, 50))[1])
        plt.savefig("figure.png")
        value["figure"] = os.path.getsize("figure.png") > 1000
        worker = threading.Thread(target=value.update, args=({"thread": True},))
        worker.start()
        worker.join()
        with multiprocessing.get_context("fork").Pool(2) as pool:
            value["pool"] = pool.map(abs, [-1, -2])
        program = [sys.executable, "-c", "import autograder.sandbox.isolation, numpy; print(numpy.arange(3).sum())"]
        value["program"] = subprocess.run(program, capture_output=True, text=True).stdout
        shell = InteractiveShell.instance()
        shell.run_cell("answer = !echo 42")
        value["cell"] = shell.user_ns["answer"]
        value["command"] = [shell.run_cell(cell).success for cell in ("!true > ran", "%timeit -n1 -r1 1", "assert open('ran')")]
    """
    assert run_program(body, MPLBACKEND="Agg") == {
        "torch with threads": True,
        "loader with a process": [6.0, 22.0],
        "saved weights": ["bias", "weight"],
        "too much for torch": True,
        "figure": True,
        "thread": True,
        "pool": [1, 2],
        "program": "3\n",
        "cell": ["42"],
        "command": [True, True, True],
    }


def test_no_descriptor_leaks_in_and_none_to_programs() -> None:
    def look() -> list[Any]:
        own = sorted(int(name) for name in os.listdir("/proc/self/fd"))
        program = subprocess.run(["ls", "/proc/self/fd"], capture_output=True, text=True, close_fds=False)
        return [own, program.stdout.split(), open(0, closefd=False).read(), os.readlink("/proc/self/fd/1")]

    def leave_open() -> None:
        descriptor = os.open(SECRET, os.O_RDONLY)
        os.set_inheritable(descriptor, True)
        os.dup2(descriptor, 0)

    own, program, text, standard_output = run(look, before=leave_open).value
    assert own[:3] == [0, 1, 2]
    assert len(own) == 5  # with the report's, and the one that lists the folder
    assert program == ["0", "1", "2", "3"]
    assert (text, standard_output) == ("", "/dev/null")


def test_lost_rights_cannot_be_regained() -> None:
    libc = ctypes.CDLL(None, use_errno=True)

    def call(name: str, *arguments: Any) -> str:
        return refusal(getattr(kernel, name), *arguments)

    def attempt() -> list[str]:
        users = refusal(os.setuid, 0)
        return [call("mount", "tmpfs", "/tmp", "tmpfs"), call("unmount", "/tmp"), users, refusal(os.chroot, "/tmp")]

    def attempt_new_namespaces() -> list[Any]:
        flags = ctypes.c_long(kernel.CLONE_NEWUSER | signal.SIGCHLD)
        clone, clone3 = ctypes.c_long({"x86_64": 56, "aarch64": 220}[os.uname().machine]), ctypes.c_long(435)
        made = libc.syscall(clone, flags, None, None, None, None), libc.syscall(clone3, None, ctypes.c_long(0)), ctypes.get_errno()
        return [call("unshare", kernel.CLONE_NEWUSER), *made, libc.ptrace(0, 0, 0, 0)]

    def status() -> dict[str, str]:
        lines = Path("/proc/self/status").read_text().splitlines()
        return {line.split(":")[0]: line.split()[1] for line in lines if line.startswith(("Cap", "NoNewPrivs"))}

    for without in ((), {"seccomp"}, {"seccomp", "landlock"}, {"user namespace"}):
        refused = run(attempt, without=without).value
        assert set(refused) <= {"PermissionError", "OSError"}
        rights = run(status, without=without).value
        assert rights.pop("NoNewPrivs") == "1"
        if "user namespace" in without and os.getuid() != 0:
            del rights["CapBnd"]  # an ordinary user may not empty it, and without new privileges it gives nothing
        assert {int(value, 16) for value in rights.values()} == {0}
    assert run(attempt_new_namespaces).value == ["PermissionError", -1, -1, 38, -1]


# How it ends


@pytest.mark.parametrize(
    ("ending", "status"),
    [
        (lambda: os._exit(7), 7),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), -signal.SIGKILL),
        (os.abort, -signal.SIGABRT),
        (lambda: ctypes.string_at(0), -signal.SIGSEGV),
    ],
)
def test_exit_status_and_signals_are_passed_on(ending: Callable[[], object], status: int) -> None:
    assert run(ending).status == status


def escape_from_the_parent(report: int) -> None:
    """A new program, started from a thread, has forgotten what should happen when its parent dies; then it stops itself."""
    os.set_inheritable(report, True)
    os.write(report, b"ready")
    threading.Thread(target=os.execv, args=("/bin/sh", ["sh", "-c", "trap '' HUP TERM INT; kill -STOP $$"])).start()
    signal.pause()


def wait_for_ever(report: int) -> None:
    os.write(report, b"ready")
    signal.pause()


@pytest.mark.parametrize("action", [wait_for_ever, escape_from_the_parent])
@pytest.mark.parametrize("before", [as_we_are, ordinary_user])
def test_killing_the_outer_process_kills_the_student(action: Callable[[int], None], before: Callable[[], None]) -> None:
    child, reader = start(action, before=before)
    assert os.read(reader, 5) == b"ready"
    os.kill(child, signal.SIGKILL)
    assert read_all(reader) == b""
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def test_killing_the_outer_process_kills_without_a_pid_namespace_who_does_not_resist() -> None:
    child, reader = start(wait_for_ever, without={"pid namespace"})
    assert os.read(reader, 5) == b"ready"
    os.kill(child, signal.SIGKILL)
    assert read_all(reader) == b""
    os.waitpid(child, 0)


def test_the_student_dies_with_the_template() -> None:
    reader, writer = os.pipe()
    template = os.fork()
    if not template:
        if not os.fork():
            close_in_and_report(writer, escape_from_the_parent, LIMITS, (), as_we_are)
        os.close(writer)
        signal.pause()
    os.close(writer)
    assert os.read(reader, 5) == b"ready"
    os.kill(template, signal.SIGKILL)
    assert read_all(reader) == b""
    os.waitpid(template, 0)
