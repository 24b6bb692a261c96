"""The trusted side of the wire: a student's process, and what can be asked of it."""

from __future__ import annotations

import builtins
import json
import re
import socket
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from autograder.sandbox import received
from autograder.sandbox.channel import Channel, Silence
from autograder.sandbox.codec import Codec
from autograder.sandbox.errors import SandboxCrashed, SandboxTimeout, student_error
from autograder.sandbox.isolation import Isolation
from autograder.sandbox.remote import Remote, renamed
from autograder.sandbox.waiting import STRETCH, run_delay, student_of
from autograder.sandbox.wire import MISSING, Reference, WireError


@dataclass(frozen=True)
class CellResult:
    """What a cell of the student's notebook did.

    Attributes:
        outputs: printed text and shown data, as plain dictionaries.
        error: class names, message and line of the exception that ended it, or None.
    """

    outputs: list[dict[str, Any]]
    error: dict[str, Any] | None


class Sandbox:
    """A student's process, driven from the trusted one.

    Attributes:
        deadline: `time.monotonic()` at which patience ends; set it before every cell and every check. Time in which the process
            stood ready to run while others had the processors does not count, up to `STRETCH` times the patience: nobody's answer
            is late because of who is graded beside them.
        isolation: the measures that are in force.
        peak_memory: largest resident memory it has reported, in bytes.
        calls: requests sent so far.
        quotable: while inputs are secret, the only lines of code that an exception may name, without its message. None otherwise.
        undefined: names that the student's code missed.
    """

    def __init__(self, connection: socket.socket, process: int, end: Callable[[int, float], int]) -> None:
        self._channel = Channel(connection, self._kept_waiting)
        self._process = process
        self._student = process
        self._end = end
        self._codec = Codec(self._refer, self._resolve)
        self._functions: list[Callable[..., Any]] = []
        self._remotes: weakref.WeakValueDictionary[int, Remote] = weakref.WeakValueDictionary()
        self._status: int | None = None
        self.deadline = time.monotonic() + 30
        self.peak_memory = 0
        self.calls = 0
        self.quotable: frozenset[str] | None = None
        self.undefined: set[str] = set()
        self.isolation = self._greet()
        self._student = student_of(process)

    def _greet(self) -> Isolation:
        try:
            data = json.loads(self._channel.receive(self.deadline))
        except WireError as error:
            self.close()
            raise SandboxCrashed(f"the student's process did not start: {error}") from None
        return Isolation(data["level"], tuple(data["measures"]), tuple(data["missing"]))

    @property
    def deadline(self) -> float:
        """When patience ends."""
        return self._deadline

    @deadline.setter
    def deadline(self, moment: float) -> None:
        self._deadline, self._patience = moment, max(moment - time.monotonic(), 0.0)
        self._delay = run_delay(self._student)

    def _kept_waiting(self) -> float:
        return min(run_delay(self._student) - self._delay, STRETCH * self._patience)

    @property
    def alive(self) -> bool:
        """Can it still answer?"""
        return self._status is None

    def close(self, patience: float = 0.0) -> int:
        """End the process, and give its exit status (negative: the signal that ended it)."""
        if self._status is None:
            self._status = self._end(self._process, patience)
            self._channel.close()
        return self._status

    def broken(self, why: str) -> SandboxCrashed:
        """End a process that broke the rules of the wire; what there is to raise."""
        self.close(patience=0.5)
        return SandboxCrashed(why)

    # what can be asked of it

    def run_setup(self, source: str) -> None:
        """Run a setup cell, as it stands in the instructor's notebook."""
        self.request("setup", source)

    def run_cell(self, source: str) -> CellResult:
        """Run a cell of the student's notebook."""
        try:
            outputs, error = received.cell(self.request("cell", source))
        except WireError as broken:
            raise self.broken(str(broken)) from None
        self._note(error)
        return CellResult(outputs, error)

    def describe(self, names: list[str]) -> dict[str, Any]:
        """The notebook's names that exist: plain values, or `Remote` objects."""
        answer = self.request("describe", names)
        if not isinstance(answer, dict):
            raise self.broken("not a description")
        found = {name: answer[name] for name in names if name in answer and not is_missing(answer[name])}
        return {name: renamed(value, name) if isinstance(value, Remote) else value for name, value in found.items()}

    def bind(self, name: str, function: Callable[..., Any]) -> None:
        """Put a function of the trusted process in the place of one of the notebook's names."""
        self.request("bind", name, function)

    def scenario(self, source: str, name: str) -> Any:
        """Define a scenario beside the student's code."""
        return self.request("scenario", source, name)

    def request(self, name: str, *arguments: Any) -> Any:
        """Ask something, serve the functions that are called back meanwhile, and give the answer.

        Raises:
            Exception: the student's code raised it; of the same class when that is one of Python's own, else a `StudentError`.
            SandboxGone: there will be no answer.
        """
        if self._status is not None:
            raise SandboxCrashed("the process has ended")
        self.calls += 1
        message = self._codec.pack([name, list(arguments)])
        try:
            self._channel.send(message, self.deadline)
            while True:
                kind, content, peak = self._codec.unpack(self._channel.receive(self.deadline))
                self.peak_memory = max(self.peak_memory, received.memory(peak))
                if kind == "ok":
                    return content
                if kind == "error":
                    raise self._error(content)
                self._channel.send(self._codec.pack(self._serve(*content)), self.deadline)
        except Silence:
            self.close()
            raise SandboxTimeout("no answer in time") from None
        except Exception as error:
            if hasattr(error, "where_over_there"):
                raise
            raise self.broken(str(error)) from None

    def _error(self, described: Any) -> Exception:
        said = received.exception(described)
        self._note(said)
        if self.quotable is None:
            return student_error(said)
        own = [name for name in said["types"] if hasattr(builtins, name)]
        where = said["where"] if said["where"] in self.quotable else ""
        return student_error({"types": own or ["Exception"], "message": "", "where": where})

    def _note(self, said: dict[str, Any] | None) -> None:
        if said and "NameError" in said["types"]:
            self.undefined.update(re.findall(r"name '(\w+)' is not defined", said["message"]))

    def _serve(self, number: int, arguments: list[Any], keywords: dict[str, Any]) -> list[Any]:
        function = self._functions[number]
        try:
            return ["returned", [function(*arguments, **keywords)]]
        except Exception as error:
            return ["raised", [type(error).__name__, str(error)[:500]]]

    # references

    def _refer(self, value: Any) -> Reference:
        if isinstance(value, Remote):
            return object.__getattribute__(value, "_reference")  # type: ignore[no-any-return]
        if not callable(value):
            raise WireError(f"a {type(value).__name__} cannot travel to the student's process; make it in a scenario")
        self._functions.append(value)
        return Reference("trusted", len(self._functions) - 1, getattr(value, "__name__", type(value).__name__), True)

    def _resolve(self, reference: Reference) -> Any:
        if reference.side == "trusted":
            if not 0 <= reference.number < len(self._functions):
                raise WireError("a function that was never sent")
            return self._functions[reference.number]
        return self._remotes.setdefault(reference.number, Remote(self, reference))


def is_missing(value: Any) -> bool:
    """Does the description of a name say that it does not exist?"""
    return isinstance(value, dict) and list(value) == [MISSING] and value[MISSING] is True
