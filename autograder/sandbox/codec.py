"""Values as bytes and back: what holds other values, and references to what stays on its side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgpack

from autograder.sandbox.encoding import DECODERS, array_from, encode
from autograder.sandbox.wire import (
    ARRAY,
    FROZENSET,
    MAX_DEPTH,
    MAX_FRAME,
    MAX_KEYS,
    MAX_PARTS,
    REFERENCE,
    SCALAR,
    SET,
    TENSOR,
    TUPLE,
    Reference,
    WireError,
)


class Codec:
    """Packs and unpacks values; what is not plain goes through the two functions.

    Args:
        refer: gives the reference that stands for an object that stays here.
        resolve: gives the object that stands for a reference that was received.
    """

    def __init__(self, refer: Callable[[Any], Reference], resolve: Callable[[Reference], Any]) -> None:
        self._refer = refer
        self._resolve = resolve
        self._packing = 0
        self._depth = 0
        self._parts = 0
        self._bytes = 0

    def pack(self, value: Any) -> bytes:
        """Pack one value.

        Raises:
            WireError: it is nested too deeply or too large.
        """
        self._packing += 1
        try:
            if self._packing >= MAX_DEPTH:
                raise WireError(f"this value cannot travel: more than {MAX_DEPTH - 2} tuples inside one another")
            packed: bytes = msgpack.packb(value, default=self._default, strict_types=True, use_bin_type=True)
        except WireError:
            raise
        except Exception as error:
            raise WireError(f"this value cannot travel: {error}") from None
        finally:
            self._packing -= 1
        if len(packed) > MAX_FRAME:
            raise WireError(f"this value is too large: {len(packed) / 2**20:.0f} MB, the limit is {MAX_FRAME / 2**20:.0f} MB")
        return packed

    def unpack(self, packed: bytes) -> Any:
        """Unpack one value.

        Raises:
            WireError: the bytes are not a value of the wire's types, or one that would cost more than an honest one.
        """
        self._depth = self._parts = self._bytes = 0
        try:
            return self._inner(packed)
        except WireError:
            raise
        except Exception as error:
            raise WireError(f"not a message of this wire: {error}") from None

    def _inner(self, packed: bytes) -> Any:
        """Unpack a value, or a part of one that is packed for itself."""
        self._bytes += len(packed)
        if self._depth == MAX_DEPTH or self._bytes > 4 * MAX_FRAME:
            raise WireError("a value that is nested too deeply")
        self._depth += 1
        value = msgpack.unpackb(
            packed,
            ext_hook=self._extension,
            list_hook=self._counted,
            object_pairs_hook=self._mapping,
            raw=False,
            strict_map_key=False,
            max_array_len=MAX_PARTS,
            max_map_len=MAX_KEYS,
        )
        self._depth -= 1
        return value

    def _counted(self, items: Any) -> Any:
        self._parts += 1 + len(items)
        if self._parts > MAX_PARTS:
            raise WireError("a value of too many parts")
        return items

    def _mapping(self, pairs: list[Any]) -> dict[Any, Any]:
        return dict(self._counted(pairs))

    def _default(self, value: Any) -> Any:
        if isinstance(value, tuple):
            return msgpack.ExtType(TUPLE, self.pack(list(value)))
        if isinstance(value, (set, frozenset)):
            return msgpack.ExtType(SET if isinstance(value, set) else FROZENSET, self.pack(list(value)))
        encoded = encode(value)
        if encoded is not None:
            return encoded
        reference = self._refer(value)
        return msgpack.ExtType(REFERENCE, self.pack([reference.side, reference.number, reference.name, reference.callable]))

    def _extension(self, code: int, data: bytes) -> Any:
        if code in DECODERS:
            return DECODERS[code](data)
        if code in (ARRAY, TENSOR, SCALAR):
            return array_from(code, self._inner(data))
        if code == TUPLE:
            return tuple(self._inner(data))
        if code in (SET, FROZENSET):
            items = self._inner(data)
            if len(items) > MAX_KEYS:
                raise WireError("a set of too many values")
            return (set if code == SET else frozenset)(items)
        if code == REFERENCE:
            return self._resolve(_reference_from(self._inner(data)))
        raise WireError(f"an unknown type of value: {code}")


def _reference_from(parts: Any) -> Reference:
    side, number, name, is_callable = parts
    known = side in ("student", "trusted") and type(number) is int
    if not (known and isinstance(name, str) and isinstance(is_callable, bool)):
        raise WireError("not a reference")
    return Reference(side, number, name[:80], is_callable)
