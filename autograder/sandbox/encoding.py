"""How the plain types that MessagePack does not have look as bytes: arrays, tensors, long integers, complex numbers, generators."""

from __future__ import annotations

import json
import re
import struct
import sys
from typing import Any

import msgpack
import numpy as np

from autograder.sandbox.wire import (
    ARRAY,
    COMPLEX,
    GENERATOR,
    INTEGER,
    MAX_DIGITS,
    SCALAR,
    TENSOR,
    TORCH_GENERATOR,
    WireError,
)

KINDS = "biufcUS"
"""The kinds of NumPy's types that travel: booleans, numbers and text, never objects."""

DTYPE = re.compile(rf"[<>|=][{KINDS}][0-9]{{1,7}}")
PLAIN: tuple[Any, ...] = (float, str, bytes, list, dict)
BIT_GENERATORS = {
    kind.__name__: kind for kind in (np.random.PCG64, np.random.PCG64DXSM, np.random.MT19937, np.random.Philox, np.random.SFC64)
}


def encode(value: Any) -> Any:
    """What stands for a plain value in a message; None for what is not plain."""
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, np.ndarray) and not value.dtype.hasobject and value.dtype.kind in KINDS:
        return _array(ARRAY, np.asarray(value))
    if isinstance(value, np.generic) and value.dtype.kind in KINDS:
        return _array(SCALAR, np.asarray(value))
    if isinstance(value, int):
        return _integer(int(value), exact=type(value) is int)
    if isinstance(value, complex):
        return msgpack.ExtType(COMPLEX, struct.pack("<dd", value.real, value.imag))
    for plain in PLAIN:  # a subclass travels as what it is a kind of
        if isinstance(value, plain):
            return plain(value)
    if isinstance(value, np.random.Generator):
        return msgpack.ExtType(GENERATOR, json.dumps(value.bit_generator.state, default=np.ndarray.tolist).encode())
    return _of_torch(value)


def _of_torch(value: Any) -> Any:
    """A tensor or a generator of torch, which is not imported here: whoever holds one has."""
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.Tensor):
        half = value.dtype == torch.bfloat16
        array = value.detach().cpu().contiguous()
        return _array(TENSOR, (array.float() if half else array).numpy(), [bool(value.requires_grad), half])
    if torch is not None and isinstance(value, torch.Generator):
        return msgpack.ExtType(TORCH_GENERATOR, value.get_state().numpy().tobytes())
    return None


def _integer(value: int, exact: bool) -> Any:
    if not exact and -(2**63) <= value < 2**64:
        return value
    if abs(value) >= 10**MAX_DIGITS:
        raise WireError(f"an integer with more than {MAX_DIGITS} digits cannot travel")
    return msgpack.ExtType(INTEGER, str(value).encode())


def _array(code: int, array: np.ndarray, more: list[Any] | None = None) -> msgpack.ExtType:
    contiguous = np.ascontiguousarray(array)
    return msgpack.ExtType(
        code, msgpack.packb([array.dtype.str, list(array.shape), contiguous.tobytes(), more or []], use_bin_type=True)
    )


def array_from(code: int, parts: Any) -> Any:
    """An array, a tensor or a NumPy scalar of its own, from type, shape, bytes, and what else a tensor is."""
    description, shape, content, more = parts
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


def integer_from(data: bytes) -> int:
    """An integer from its digits."""
    if len(data) > MAX_DIGITS + 1:
        raise WireError(f"an integer with more than {MAX_DIGITS} digits")
    return int(data.decode("ascii"))


def complex_from(data: bytes) -> complex:
    """A complex number from its two parts."""
    return complex(*struct.unpack("<dd", data))


def generator_from(data: bytes) -> np.random.Generator:
    """A NumPy generator in the state described by JSON."""
    state = json.loads(data)
    if not isinstance(state, dict) or state.get("bit_generator") not in BIT_GENERATORS:
        raise WireError("not the state of a generator")
    for name, last in (("pos", 624), ("buffer_pos", 4)):
        position = {**state["state"], **state}.get(name, 0)
        if type(position) is not int or not 0 <= position <= last:
            raise WireError("the state of a generator that reads beyond its numbers")
    bit_generator: Any = BIT_GENERATORS[state["bit_generator"]]()
    bit_generator.state = state
    return np.random.Generator(bit_generator)


def torch_generator_from(data: bytes) -> Any:
    """A generator of torch from the bytes of its state."""
    import torch

    generator = torch.Generator()
    generator.set_state(torch.frombuffer(bytearray(data), dtype=torch.uint8))
    return generator


DECODERS = {INTEGER: integer_from, COMPLEX: complex_from, GENERATOR: generator_from, TORCH_GENERATOR: torch_generator_from}
"""For the code of a type that holds no other values, the function that reads its bytes."""
