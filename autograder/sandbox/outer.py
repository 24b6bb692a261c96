"""The process that stays behind when a student's process is closed in."""

from __future__ import annotations

import os
import resource
import shutil
import signal
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import NoReturn

from autograder.sandbox import kernel


@dataclass
class Outer:
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
