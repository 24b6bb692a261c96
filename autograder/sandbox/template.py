"""The warm process that students' processes are forked from.

It is started with a clean environment and holds no answers, no hidden checks and no secrets: a student's process is a copy of
its memory.
Run as `python -m autograder.sandbox.template DESCRIPTOR OPTIONS`; it obeys single-line orders on the descriptor until that closes.
"""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import json
import os
import select
import signal
import socket
import sys
import traceback
from pathlib import Path
from typing import Any

from autograder.sandbox.channel import Channel
from autograder.sandbox.isolation import Isolation, Limits, enter, readable_paths
from autograder.sandbox.shell import new_shell, warm
from autograder.sandbox.student import Student


def main() -> None:
    """Serve orders: `fork` gives a process and a socket to it, `end PROCESS PATIENCE` gives its exit status."""
    control = socket.socket(fileno=int(sys.argv[1]))
    options = json.loads(sys.argv[2])
    shell = new_shell()
    warm(shell)
    readable = readable_paths()
    gc.collect()
    gc.freeze()  # keeps the collector of a forked process from touching, and so copying, what it inherited
    control.sendall(b"ready\n")
    for line in control.makefile("r"):
        order, *arguments = line.split()
        if order == "fork":
            _fork(control, shell, options, readable)
        else:
            control.sendall(f"{_end(int(arguments[0]), float(arguments[1]))}\n".encode())


def _fork(control: socket.socket, shell: Any, options: dict[str, Any], readable: list[Path]) -> None:
    ours, theirs = socket.socketpair()
    process = os.fork()
    if process == 0:
        control.close()
        ours.close()
        _become_student(theirs, shell, options, readable)
    theirs.close()
    socket.send_fds(control, [f"{process}\n".encode()], [ours.fileno()])
    ours.close()


def _become_student(connection: socket.socket, shell: Any, options: dict[str, Any], readable: list[Path]) -> None:
    status = 1
    try:
        if options["isolate"]:
            isolation = enter(Limits(**options["limits"]), readable, {connection.fileno()})
        else:
            isolation = Isolation("none", (), ("Isolation was switched off by name.",))
        channel = Channel(connection)
        channel.send(json.dumps(dataclasses.asdict(isolation)).encode())
        Student(channel, shell).serve()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def _end(process: int, patience: float) -> int:
    """Exit status of a process; it is killed unless it ends by itself within `patience` seconds."""
    with contextlib.suppress(ProcessLookupError):
        descriptor = os.pidfd_open(process)
        ended, _, _ = select.select([descriptor], [], [], patience)
        os.close(descriptor)
        if not ended:
            os.kill(process, signal.SIGKILL)
    try:
        _, status = os.waitpid(process, 0)
    except ChildProcessError:
        return 0
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    main()
