"""How a student's process fails: it is gone, or its code raised an exception, which is raised here again in a form of our own."""

from __future__ import annotations

import builtins
import contextlib
from collections.abc import Iterator
from typing import Any


class SandboxGone(BaseException):
    """The student's process cannot answer any more. Not an `Exception`, so that no check cell can swallow it."""


class SandboxTimeout(SandboxGone):
    """It did not answer in time."""


class SandboxCrashed(SandboxGone):
    """It ended, or broke the rules of the wire."""


class StudentError(Exception):
    """An exception of the student's code whose class is not one of Python's own."""


def student_error(described: Any) -> Exception:
    """The exception that stands here for one of the student's."""
    types = [str(name) for name in described["types"]]
    message = str(described["message"])[:500]
    name = types[0][:60] or "Exception"
    error: Exception = StudentError(message)
    for kind in (*_builtin_exceptions(types), StudentError):
        with contextlib.suppress(TypeError):  # some classes want more than a message, as UnicodeDecodeError
            error = type(name, (kind,), {"__str__": lambda self: message})(message)
            break
    error.where_over_there = str(described["where"])[:300]  # type: ignore[attr-defined]
    error.types_over_there = tuple(types)  # type: ignore[attr-defined]
    return error


def _builtin_exceptions(types: list[str]) -> Iterator[type[Exception]]:
    """Those of Python's own exceptions among the names of a class and its bases that say more than `Exception`."""
    if "StopIteration" in types:
        yield RuntimeError  # a StopIteration would end whatever loop it comes through
    for name in types:
        found = getattr(builtins, name, None)
        if isinstance(found, type) and issubclass(found, Exception) and found not in (Exception, StopIteration, StopAsyncIteration):
            yield found
