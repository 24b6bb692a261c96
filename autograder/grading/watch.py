"""A limit on the time that this process itself spends on what a student's process sent."""

from __future__ import annotations

import itertools
import signal
import threading
from collections.abc import Iterator
from typing import TypeVar

T = TypeVar("T")


class Watch:
    """A context that raises an exception when it takes too long; only a main thread can be interrupted, another is left alone.

    Args:
        seconds: how long it may take.
        interruption: what is raised.
    """

    def __init__(self, seconds: float, interruption: BaseException) -> None:
        self._seconds = seconds
        self._interruption = interruption
        self._works = threading.current_thread() is threading.main_thread()

    def __enter__(self) -> Watch:
        if self._works:
            self._before = signal.signal(signal.SIGALRM, self._ring)
            self._set(self._seconds)
        return self

    def __exit__(self, *_: object) -> None:
        if self._works:
            self._set(0.0)
            signal.signal(signal.SIGALRM, self._before)

    def pausing(self, items: Iterator[T]) -> Iterator[T]:
        """The items, each made in time that does not count: what is done for them is not the student's."""
        while True:
            left = self._set(0.0) if self._works else 0.0
            try:
                made = list(itertools.islice(items, 1))
            finally:
                if self._works:
                    self._set(max(left, 0.01))
            if not made:
                return
            yield made[0]

    @staticmethod
    def _set(seconds: float) -> float:
        """Ring in so many seconds and every second from then on (an exception can get lost in a destructor); 0 is never."""
        return signal.setitimer(signal.ITIMER_REAL, seconds, 1.0 if seconds else 0.0)[0]

    def _ring(self, *_: object) -> None:
        raise self._interruption
