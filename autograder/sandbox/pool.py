"""Starting the warm template, and forking students' processes from it."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from types import TracebackType

from autograder.sandbox.isolation import Limits
from autograder.sandbox.process import Sandbox

ENVIRONMENT = {
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",  # forking a process as large as this one is three times as fast with huge pages
    "PYTHONHASHSEED": "0",  # a set of strings has the same order for every student
    "LANG": "C.UTF-8",
    "MPLBACKEND": "Agg",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}


KILLED = -signal.SIGKILL


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Let no alarm tear a question to the template from its answer: the next one would get it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class NotIsolated(Exception):
    """Students' code would run where it can reach the course."""


class Template:
    """The warm process of one grading worker; a context manager.

    Args:
        limits: what one student's process may use.
        isolate: False runs students' code unisolated; only ever on their own machine, or when told to by name.
    """

    def __init__(self, limits: Limits | None = None, *, isolate: bool = True) -> None:
        options = {"isolate": isolate, "limits": dataclasses.asdict(limits or Limits())}
        ours, theirs = socket.socketpair()
        environment = {**ENVIRONMENT, "PATH": os.environ.get("PATH", os.defpath)}
        self._isolate = isolate
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "autograder.sandbox.template", str(theirs.fileno()), json.dumps(options)],
            pass_fds=[theirs.fileno()],
            env=environment,
            stdin=subprocess.DEVNULL,
            cwd="/",
        )
        theirs.close()
        self._control = ours
        if self._line() != "ready":
            raise RuntimeError("the process that students' processes are forked from did not start")

    def fork(self) -> Sandbox:
        """A new student's process."""
        with undisturbed():
            self._control.sendall(b"fork\n")
            message, descriptors, _, _ = socket.recv_fds(self._control, 64, 1)
        if not descriptors:
            raise RuntimeError("the process that students' processes are forked from has ended")
        sandbox = Sandbox(socket.socket(fileno=descriptors[0]), int(message), self._end)
        if self._isolate and sandbox.isolation.level == "none":
            sandbox.close()
            raise NotIsolated("Students' code cannot be isolated on this machine; see `autograder doctor`.")
        return sandbox

    @property
    def alive(self) -> bool:
        """Can students' processes be forked from it?"""
        return self._process.poll() is None

    def _end(self, process: int, patience: float) -> int:
        with undisturbed(), contextlib.suppress(OSError):
            self._control.sendall(f"end {process} {patience}\n".encode())
            return int(self._line() or KILLED)
        return KILLED  # with the template

    def _line(self) -> str:
        line = b""
        while not line.endswith(b"\n"):
            received = self._control.recv(64)
            if not received:
                return ""
            line += received
        return line.decode().strip()

    def close(self) -> None:
        """End the template; the students' processes end with it."""
        self._control.close()
        self._process.wait()

    def __enter__(self) -> Template:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
