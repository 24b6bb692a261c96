"""How long a process was kept waiting by others: nobody's answer is late because of who is graded beside them."""

from __future__ import annotations

import contextlib
from pathlib import Path

STRETCH = 3
"""How often its patience a process may be kept waiting by others without its being late."""


def student_of(process: int) -> int:
    """The process in which a student's code runs, given the one that stays outside and waits for it; the same without isolation."""
    with contextlib.suppress(OSError):
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
        return int(children[-1]) if children else process
    return process


def run_delay(process: int) -> float:
    """Seconds that a process has stood ready to run while others had the processors; 0 where the kernel does not count them."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{process}/schedstat").read_text().split()[1]) / 1e9
    return 0.0
