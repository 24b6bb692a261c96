"""The wire between the trusted process and the student's: framed, size-capped, typed, and never pickle.

Both sides speak the same types: None, booleans, numbers, strings, bytes, lists, tuples, sets, dictionaries, arrays, tensors,
generators. What is none of these stays where it is and travels as a reference: a `Reference` by which its owner finds it again.
Nothing that is received is executed or given a say in how it is decoded.
"""

from __future__ import annotations

import json
import re
import socket
import struct
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgpack
import numpy as np

MAX_FRAME = 64 * 2**20
"""Bytes of one message; a student's function that returns more is told so."""

MAX_PARTS = 4_000_000
"""Items of all lists and dictionaries of one message: an empty list is one byte here and 56 in memory."""

MAX_KEYS = 10_000
"""Keys of one dictionary or set: keys can be chosen such that putting in n of them takes n² steps."""

MAX_DEPTH = 24
"""Tuples inside one another; each is unpacked by a call of its own, which has a copy of its bytes and a part of C's stack."""

ARRAY, TENSOR, SCALAR, TUPLE, INTEGER, REFERENCE, GENERATOR, TORCH_GENERATOR, SET, COMPLEX, FROZENSET = range(1, 12)
KINDS = "biufcUS"
DTYPE = re.compile(rf"[<>|=][{KINDS}][0-9]{{1,7}}")


MAX_DIGITS = 4000
"""Digits of one integer; reading a number takes time that grows with their square."""


class WireError(Exception):
    """A message that does not follow the rules, or a connection that ended."""


class Silence(WireError):
    """No answer before the deadline."""


@dataclass(frozen=True)
class Reference:
    """An object that stays on its side.

    Attributes:
        side: `student` or `trusted`.
        number: by which its owner finds it again.
        name: a function's or class's name, else its type's.
        callable: can it be called?
    """

    side: str
    number: int
    name: str
    callable: bool


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
        torch = sys.modules.get("torch")
        if isinstance(value, (bool, np.bool_)):
            return bool(value)
        if isinstance(value, np.ndarray) and not value.dtype.hasobject and value.dtype.kind in KINDS:
            return self._array(ARRAY, np.asarray(value))
        if isinstance(value, np.generic) and value.dtype.kind in KINDS:
            return self._array(SCALAR, np.asarray(value))
        if isinstance(value, tuple):
            return msgpack.ExtType(TUPLE, self.pack(list(value)))
        if isinstance(value, (set, frozenset)):
            return msgpack.ExtType(SET if isinstance(value, set) else FROZENSET, self.pack(list(value)))
        if isinstance(value, int):
            return self._integer(int(value), exact=type(value) is int)
        if isinstance(value, complex):
            return msgpack.ExtType(COMPLEX, struct.pack("<dd", value.real, value.imag))
        plain_types: tuple[Any, ...] = (float, str, bytes, list, dict)
        for plain_type in plain_types:
            if isinstance(value, plain_type):
                return plain_type(value)
        if isinstance(value, np.random.Generator):
            return msgpack.ExtType(GENERATOR, json.dumps(value.bit_generator.state, default=np.ndarray.tolist).encode())
        if torch is not None and isinstance(value, torch.Tensor):
            half = value.dtype == torch.bfloat16
            array = value.detach().cpu().contiguous()
            return self._array(TENSOR, (array.float() if half else array).numpy(), [bool(value.requires_grad), half])
        if torch is not None and isinstance(value, torch.Generator):
            return msgpack.ExtType(TORCH_GENERATOR, value.get_state().numpy().tobytes())
        reference = self._refer(value)
        return msgpack.ExtType(REFERENCE, self.pack([reference.side, reference.number, reference.name, reference.callable]))

    def _integer(self, value: int, exact: bool) -> Any:
        if not exact and -(2**63) <= value < 2**64:
            return value
        if abs(value) >= 10**MAX_DIGITS:
            raise WireError(f"an integer with more than {MAX_DIGITS} digits cannot travel")
        return msgpack.ExtType(INTEGER, str(value).encode())

    def _array(self, code: int, array: np.ndarray, more: list[Any] | None = None) -> msgpack.ExtType:
        contiguous = np.ascontiguousarray(array)
        return msgpack.ExtType(
            code, msgpack.packb([array.dtype.str, list(array.shape), contiguous.tobytes(), more or []], use_bin_type=True)
        )

    def _extension(self, code: int, data: bytes) -> Any:
        if code in (ARRAY, TENSOR, SCALAR):
            return self._read_array(code, data)
        if code == TUPLE:
            return tuple(self._inner(data))
        if code in (SET, FROZENSET):
            items = self._inner(data)
            if len(items) > MAX_KEYS:
                raise WireError("a set of too many values")
            return (set if code == SET else frozenset)(items)
        if code == INTEGER:
            if len(data) > MAX_DIGITS + 1:
                raise WireError(f"an integer with more than {MAX_DIGITS} digits")
            return int(data.decode("ascii"))
        if code == COMPLEX:
            return complex(*struct.unpack("<dd", data))
        if code == GENERATOR:
            return generator_from(data)
        if code == TORCH_GENERATOR:
            import torch

            generator = torch.Generator()
            generator.set_state(torch.frombuffer(bytearray(data), dtype=torch.uint8))
            return generator
        if code == REFERENCE:
            side, number, name, is_callable = self._inner(data)
            if not (
                side in ("student", "trusted") and type(number) is int and isinstance(name, str) and isinstance(is_callable, bool)
            ):
                raise WireError("not a reference")
            return self._resolve(Reference(side, number, name[:80], is_callable))
        raise WireError(f"an unknown type of value: {code}")

    def _read_array(self, code: int, data: bytes) -> Any:
        description, shape, content, more = self._inner(data)
        if not DTYPE.fullmatch(description) or len(shape) > 32 or not all(type(n) is int and n >= 0 for n in shape):
            raise WireError("an array of objects, or not an array")
        array = np.frombuffer(content, dtype=np.dtype(description)).reshape(shape).copy()
        if array.dtype.kind == "b":
            array = np.asarray(array.view(np.uint8) != 0)  # a byte 2 is a True that counts twice
        if code == SCALAR:
            return array[()]
        if code == ARRAY:
            return array
        import torch

        tensor = torch.from_numpy(array)
        if more[1]:
            tensor = tensor.to(torch.bfloat16)
        return tensor.requires_grad_(bool(more[0]) and tensor.is_floating_point())


def generator_from(data: bytes) -> np.random.Generator:
    """A NumPy generator in the state described by JSON."""
    state = json.loads(data)
    kinds = {
        kind.__name__: kind for kind in (np.random.PCG64, np.random.PCG64DXSM, np.random.MT19937, np.random.Philox, np.random.SFC64)
    }
    if not isinstance(state, dict) or state.get("bit_generator") not in kinds:
        raise WireError("not the state of a generator")
    for name, last in (("pos", 624), ("buffer_pos", 4)):
        position = {**state["state"], **state}.get(name, 0)
        if type(position) is not int or not 0 <= position <= last:
            raise WireError("the state of a generator that reads beyond its numbers")
    bit_generator: Any = kinds[state["bit_generator"]]()
    bit_generator.state = state
    return np.random.Generator(bit_generator)


class Channel:
    """Frames on a socket: four bytes of length, then the message.

    Args:
        connection: the socket.
        extra: seconds by which a deadline that has passed is put off, asked for each time.
    """

    def __init__(self, connection: socket.socket, extra: Callable[[], float] = lambda: 0.0) -> None:
        self._socket = connection
        self._extra = extra

    def send(self, message: bytes, deadline: float | None = None) -> None:
        """Send one message.

        Raises:
            Silence: the other side did not take it before the deadline (`time.monotonic`).
            WireError: the connection ended.
        """
        self._wait(deadline)
        try:
            self._socket.sendall(struct.pack("<I", len(message)) + message)
        except TimeoutError:
            raise Silence("no answer in time") from None
        except OSError as error:
            raise WireError(f"the connection ended: {error}") from None

    def receive(self, deadline: float | None = None) -> bytes:
        """Receive one message; raises like `send`, and for a message larger than `MAX_FRAME`."""
        (length,) = struct.unpack("<I", self._exactly(4, deadline))
        if length > MAX_FRAME + 2**16:
            raise WireError("a message larger than the limit")
        return self._exactly(length, deadline)

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def _exactly(self, count: int, deadline: float | None) -> bytes:
        buffer = bytearray(count)
        view, filled = memoryview(buffer), 0
        while filled < count:
            self._wait(deadline)
            try:
                received = self._socket.recv_into(view[filled:])
            except TimeoutError:
                continue  # whether it has been long enough is for _wait to say
            except OSError as error:
                raise WireError(f"the connection ended: {error}") from None
            if received == 0:
                raise WireError("the connection ended")
            filled += received
        return bytes(buffer)

    def _wait(self, deadline: float | None) -> None:
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            left += self._extra()
        if left is not None and left <= 0:
            raise Silence("no answer in time")
        try:
            self._socket.settimeout(left)
        except OSError as error:
            raise WireError(f"the connection ended: {error}") from None
