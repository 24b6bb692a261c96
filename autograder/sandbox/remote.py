"""A student's objects, as they look from the trusted process."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from autograder.sandbox.wire import Reference
from autograder.sandbox.write_back import write_back

if TYPE_CHECKING:
    from autograder.sandbox.process import Sandbox

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
            raise sandbox.broken("not the answer to a call")
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


def renamed(remote: Remote, name: str) -> Remote:
    """The same object under the name by which it was asked for: what it calls itself is the student's to choose."""
    reference: Reference = object.__getattribute__(remote, "_reference")
    return Remote(object.__getattribute__(remote, "_sandbox"), replace(reference, name=name))
