"""The student's side of the wire: runs cells, calls functions, and answers with plain data.

This code runs beside code that nobody trusts, and may be overwritten by it. Nothing here decides anything.
"""

from __future__ import annotations

import builtins
import random
import resource
import traceback
from collections.abc import Callable
from types import FunctionType
from typing import Any, cast

import numpy as np

from autograder.checks.running import student_line
from autograder.sandbox.channel import Channel
from autograder.sandbox.codec import Codec
from autograder.sandbox.wire import MAX_OUTPUTS, MAX_PICTURE, MAX_TEXT, MISSING, Reference, WireError


class Student:
    """One student's process: a shell for their cells, and the objects that stay here."""

    def __init__(self, channel: Channel, shell: Any) -> None:
        self._channel = channel
        self._shell = shell
        self._objects: list[Any] = []
        self._numbers: dict[int, int] = {}
        self._codec = Codec(self._refer, self._resolve)
        self._setup: dict[str, Any] = {"__builtins__": builtins}
        random.seed(0)  # code that never seeds draws the same numbers for every student; a fork had made this one start anew
        self._requests: dict[str, Callable[..., Any]] = {
            "setup": self.setup,
            "cell": self.cell,
            "describe": self.describe,
            "call": self.call,
            "attribute": self.attribute,
            "set_attribute": self.set_attribute,
            "bind": self.bind,
            "scenario": self.scenario,
        }

    def serve(self) -> None:
        """Answer requests until the connection ends."""
        while True:
            try:
                name, arguments = self._codec.unpack(self._channel.receive())
            except WireError:
                return
            answer = self._answer(name, arguments)
            self._channel.send(answer)

    def _answer(self, name: str, arguments: list[Any]) -> bytes:
        try:
            return self._codec.pack(["ok", self._requests[name](*arguments), self._peak()])
        except WireError as error:
            described = {"types": ["ValueError"], "message": str(error), "where": ""}
        except BaseException as error:  # also SystemExit and the like: a function that raises them does not end the process
            described = self._described(error)
        return self._codec.pack(["error", described, self._peak()])

    @staticmethod
    def _peak() -> int:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

    @staticmethod
    def _described(error: BaseException) -> dict[str, Any]:
        try:
            message = str(error)[:500]
        except Exception:  # an exception may refuse to be printed
            message = ""
        where = student_line(traceback.extract_tb(error.__traceback__))
        return {"types": [kind.__name__ for kind in type(error).__mro__], "message": message, "where": where}

    # requests

    def setup(self, source: str) -> None:
        """Run a setup cell twice: in the student's notebook, and in a namespace of its own for scenarios."""
        exec(compile(source, "<setup>", "exec", dont_inherit=True), self._setup)
        self._shell.user_ns.update({name: value for name, value in self._setup.items() if name != "__builtins__"})

    def cell(self, source: str) -> dict[str, Any]:
        """Run a cell of the student's notebook; give its outputs and the exception that ended it."""
        from IPython.utils.capture import capture_output

        with capture_output() as captured:
            result = self._shell.run_cell(source, store_history=False)
        error = result.error_before_exec or result.error_in_exec
        outputs = [{"stream": "stdout", "text": captured.stdout[:MAX_TEXT]}] if captured.stdout else []
        outputs += [{"stream": "stderr", "text": captured.stderr[:MAX_TEXT]}] if captured.stderr else []
        for shown in captured.outputs:
            kept = {kind: shown.data[kind] for kind in ("text/plain", "image/png") if kind in shown.data}
            outputs.append({"data": {kind: _as_text(value) for kind, value in kept.items()}})
        described = self._described(error) if error else None
        if described is not None and isinstance(error, SyntaxError):
            described |= {"where": f"line {error.lineno}: {(error.text or '').strip()}", "message": str(error.msg)}
        return {"outputs": outputs[:MAX_OUTPUTS], "error": described}

    def describe(self, names: list[str]) -> dict[str, Any]:
        """What the notebook's names mean: plain values, or references; `MISSING` for a name that is not there."""
        return {name: self._shell.user_ns.get(name, {MISSING: True}) for name in names}

    def call(self, target: Any, arguments: list[Any], keywords: dict[str, Any], errors: dict[str, str]) -> list[Any]:
        """Call a function; give its result, and those arguments that it changed in place."""
        before = [self._codec.pack(argument) for argument in (*arguments, *keywords.values())]
        with np.errstate(**cast(Any, errors)):
            result = target(*arguments, **keywords)
        changed = {
            index: argument
            for index, (argument, packed) in enumerate(zip((*arguments, *keywords.values()), before, strict=True))
            if self._codec.pack(argument) != packed
        }
        return [result, changed]

    def attribute(self, target: Any, name: str) -> Any:
        """An attribute of an object that stayed here."""
        return getattr(target, name)

    def set_attribute(self, target: Any, name: str, value: Any) -> None:
        """Set an attribute of an object that stayed here."""
        setattr(target, name, value)

    def bind(self, name: str, value: Any) -> None:
        """Give a name of the notebook another meaning."""
        self._shell.user_ns[name] = value

    def scenario(self, source: str, name: str) -> Any:
        """Define a function that runs beside the student's code, in the setup's namespace."""
        namespace = dict(self._setup)
        exec(compile(source, "<scenario>", "exec", dont_inherit=True), namespace)
        return namespace[name]

    # references

    def _refer(self, value: Any) -> Reference:
        if isinstance(value, _Calling):
            return value.reference
        number = self._numbers.get(id(value))
        if number is None:
            number = self._numbers[id(value)] = len(self._objects)
            self._objects.append(value)
        name = value.__name__ if isinstance(value, (type, FunctionType)) else type(value).__name__
        return Reference("student", number, str(name)[:80], callable(value))

    def _resolve(self, reference: Reference) -> Any:
        return self._objects[reference.number] if reference.side == "student" else _Calling(self, reference)

    def call_back(self, reference: Reference, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """Call a function of the trusted process that was passed as an argument."""
        self._channel.send(self._codec.pack(["callback", [reference.number, list(arguments), keywords], self._peak()]))
        while True:
            name, content = self._codec.unpack(self._channel.receive())
            if name == "returned":
                return content[0]
            if name == "raised":
                kind = getattr(builtins, content[0], RuntimeError)
                raise (kind if isinstance(kind, type) and issubclass(kind, Exception) else RuntimeError)(content[1])
            self._channel.send(self._answer(name, content))


class _Calling:
    """A function of the trusted process, seen from here."""

    def __init__(self, student: Student, reference: Reference) -> None:
        self._student = student
        self.reference = reference
        self.__name__ = reference.name

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        return self._student.call_back(self.reference, arguments, keywords)


def _as_text(value: Any) -> str:
    import base64

    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)[:MAX_PICTURE]
