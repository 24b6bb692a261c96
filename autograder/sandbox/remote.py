"""The trusted side of the wire: a student's process, and what its objects look like from here."""

from __future__ import annotations

import builtins
import contextlib
import json
import re
import socket
import time
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from autograder.checks.plain import is_tensor
from autograder.sandbox import received
from autograder.sandbox.channel import Channel, Silence
from autograder.sandbox.codec import Codec
from autograder.sandbox.isolation import Isolation
from autograder.sandbox.wire import MISSING, Reference, WireError


class SandboxGone(BaseException):
    """The student's process cannot answer any more. Not an `Exception`, so that no check cell can swallow it."""


class SandboxTimeout(SandboxGone):
    """It did not answer in time."""


class SandboxCrashed(SandboxGone):
    """It ended, or broke the rules of the wire."""


class StudentError(Exception):
    """An exception of the student's code whose class is not one of Python's own."""


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

    # what can be asked of it

    def run_setup(self, source: str) -> None:
        """Run a setup cell, as it stands in the instructor's notebook."""
        self.request("setup", source)

    def run_cell(self, source: str) -> CellResult:
        """Run a cell of the student's notebook."""
        try:
            outputs, error = received.cell(self.request("cell", source))
        except WireError as broken:
            raise self._broken(str(broken)) from None
        self._note(error)
        return CellResult(outputs, error)

    def describe(self, names: list[str]) -> dict[str, Any]:
        """The notebook's names that exist: plain values, or `Remote` objects."""
        answer = self.request("describe", names)
        if not isinstance(answer, dict):
            raise self._broken("not a description")
        found = {name: answer[name] for name in names if name in answer and not is_missing(answer[name])}
        return {name: _renamed(value, name) if isinstance(value, Remote) else value for name, value in found.items()}

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
            raise self._broken(str(error)) from None

    def _broken(self, why: str) -> SandboxCrashed:
        self.close(patience=0.5)
        return SandboxCrashed(why)

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


SPECIAL = frozenset({"__iter__", "__next__", "__getitem__", "__len__", "__enter__", "__exit__", "__dict__"})
"""The special attributes that are asked of a student's object. All others are looked up by libraries on their own, not for a
student to answer: NumPy would read whatever address an `__array_interface__` gives, in this process."""


class Remote:
    """A function, class or object in the student's process.

    Calls and attributes go there; everything that comes back is plain data, or another `Remote`. It is equal to nothing but itself.
    """

    __slots__ = ("__weakref__", "_reference", "_sandbox")

    def __init__(self, sandbox: Sandbox, reference: Reference) -> None:
        object.__setattr__(self, "_sandbox", sandbox)
        object.__setattr__(self, "_reference", reference)

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Call it over there; arguments that the call changed in place are changed here as well."""
        sandbox: Sandbox = object.__getattribute__(self, "_sandbox")
        answer = sandbox.request("call", self, list(arguments), keywords, dict(np.geterr()))
        if not (isinstance(answer, list) and len(answer) == 2 and isinstance(answer[1], dict)):
            raise sandbox._broken("not the answer to a call")
        result, changed = answer
        originals = [*arguments, *keywords.values()]
        for index, value in changed.items():
            if type(index) is int and 0 <= index < len(originals):
                write_back(originals[index], value)
        return result

    def __getattr__(self, name: str) -> Any:
        reference: Reference = object.__getattribute__(self, "_reference")
        if name in ("__name__", "type_name_over_there"):
            return reference.name
        if name.startswith("__") and name not in SPECIAL:
            raise AttributeError(f"{name} of a student's object cannot be asked for; use a scenario")
        return object.__getattribute__(self, "_sandbox").request("attribute", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        object.__getattribute__(self, "_sandbox").request("set_attribute", self, name, value)

    def __iter__(self) -> Any:
        return self._special("__iter__", "is not iterable")()

    def __next__(self) -> Any:
        """The next item of an iterator over there."""
        try:
            return self.__getattr__("__next__")()
        except RuntimeError as error:
            if "StopIteration" in getattr(error, "types_over_there", ()):
                raise StopIteration from None
            raise

    def __getitem__(self, key: Any) -> Any:
        return self._special("__getitem__", "is not subscriptable")(key)

    def __len__(self) -> int:
        return int(self._special("__len__", "has no len()")())

    def _special(self, name: str, complaint: str) -> Any:
        """A special method; without it a TypeError, as Python has it: `list` and others ask for a length and can do without."""
        try:
            return self.__getattr__(name)
        except AttributeError:
            raise TypeError(f"{object.__getattribute__(self, '_reference').name!r} object {complaint}") from None

    def __bool__(self) -> bool:
        return True

    def __enter__(self) -> Any:
        return self.__getattr__("__enter__")()

    def __exit__(self, *_: object) -> None:
        self.__getattr__("__exit__")(None, None, None)

    def __repr__(self) -> str:
        return f"<{object.__getattribute__(self, '_reference').name} in the student's process>"


def _renamed(remote: Remote, name: str) -> Remote:
    """The same object under the name by which it was asked for: what it calls itself is the student's to choose."""
    reference: Reference = object.__getattribute__(remote, "_reference")
    return Remote(object.__getattribute__(remote, "_sandbox"), replace(reference, name=name))


def is_missing(value: Any) -> bool:
    """Does the description of a name say that it does not exist?"""
    return isinstance(value, dict) and list(value) == [MISSING] and value[MISSING] is True


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


def write_back(original: Any, changed: Any) -> None:
    """Make an argument look as the student's code left it."""
    if isinstance(original, np.ndarray) and isinstance(changed, np.ndarray):
        if original.shape == changed.shape and original.flags.writeable:
            np.copyto(original, changed, casting="unsafe")
    elif isinstance(original, np.random.Generator) and isinstance(changed, np.random.Generator):
        original.bit_generator.state = changed.bit_generator.state
    elif isinstance(original, list) and isinstance(changed, list):
        for index, (mine, theirs) in enumerate(zip(original, changed, strict=False)):
            if _kept(mine, theirs):
                write_back(mine, theirs)
            else:
                original[index] = theirs
        del original[len(changed) :]
        original.extend(changed[len(original) :])
    elif isinstance(original, set) and isinstance(changed, set):
        original &= changed
        original |= changed
    elif isinstance(original, dict) and isinstance(changed, dict):
        for key in original.keys() - changed.keys():
            del original[key]
        for key, value in changed.items():
            if key in original and _kept(original[key], value):
                write_back(original[key], value)
            else:
                original[key] = value
    elif isinstance(original, tuple) and isinstance(changed, tuple):
        for mine, theirs in zip(original, changed, strict=False):
            if _kept(mine, theirs):
                write_back(mine, theirs)
    elif is_tensor(original) and is_tensor(changed):
        if original.shape == changed.shape:
            original.detach().copy_(changed.detach())
    elif type(original).__name__ == type(changed).__name__ == "Generator":
        original.set_state(changed.get_state())


def _kept(original: Any, changed: Any) -> bool:
    """Can `original` be brought to look like `changed` by writing into it?"""
    if (isinstance(original, np.ndarray) and isinstance(changed, np.ndarray)) or (is_tensor(original) and is_tensor(changed)):
        return bool(original.shape == changed.shape)
    if isinstance(original, tuple) and isinstance(changed, tuple) and len(original) == len(changed):
        pairs = zip(original, changed, strict=True)
        return all(_kept(mine, theirs) or (type(mine) is type(theirs) and mine == theirs) for mine, theirs in pairs)
    return any(isinstance(original, kind) and isinstance(changed, kind) for kind in (list, dict, set))
