"""Plain data: what a check observes, copied, compared, and written to a file.

Plain are None, booleans, numbers, strings, arrays, tensors, and lists, tuples and dictionaries of them. Everything else is
`Foreign`: only the name of its type is known, so that no object can claim to be equal to anything.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np

NUMBERS, TEXT = "biufc", "U"
"""The kinds of NumPy's types that are plain: booleans and numbers, and strings."""

SIGNIFICANT_DIGITS = 12
"""Digits kept of a recorded number: far below the checks' tolerance, far above the last bits in which machines differ."""


@dataclass(frozen=True)
class Raised:
    """The observation that student code raised an exception."""

    type_name: str


@dataclass(frozen=True)
class Foreign:
    """The observation of an object that is not plain data."""

    type_name: str


def is_tensor(value: Any) -> bool:
    """Is it a torch tensor? Does not import torch: whoever holds a tensor has."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def as_array(value: Any) -> np.ndarray:
    """A number, an array's or a tensor's numbers as an array of our own."""
    if is_tensor(value):
        value = value.detach().cpu()
        return np.array(value.float().numpy() if str(value.dtype) == "torch.bfloat16" else value.numpy())
    if isinstance(value, int) and abs(value) >= 2**63:  # too large for an integer of NumPy
        value = float(value) if abs(value) < 2**1023 else math.inf if value > 0 else -math.inf
    return np.array(value)


def snapshot(value: Any) -> Any:
    """A copy that later writes to `value` cannot reach."""
    if value is None or type(value) in (bool, int, float, complex, str, Raised, Foreign):
        return value
    if is_tensor(value):
        return value.detach().clone()
    if isinstance(value, np.ndarray):
        return np.array(value) if value.dtype.kind in NUMBERS + TEXT else Foreign(f"array of {value.dtype}")
    if isinstance(value, (np.bool_, np.str_)):
        return value.item()
    if isinstance(value, np.number):
        return value
    if isinstance(value, dict):
        return {snapshot_key(key): snapshot(item) for key, item in value.items()}
    if isinstance(value, list):
        return [snapshot(item) for item in value]
    if isinstance(value, tuple):
        return tuple(snapshot(item) for item in value)
    if isinstance(value, (bool, int, float, str)):
        return Foreign(type(value).__name__)
    return Foreign(str(getattr(value, "type_name_over_there", type(value).__name__)))


def snapshot_key(key: Any) -> Any:
    """A dictionary's key, if it is plain."""
    if isinstance(key, tuple):
        return tuple(snapshot_key(item) for item in key)
    if isinstance(key, (np.number, np.bool_, np.str_)):
        return key.item()
    return key if type(key) in (str, int, float, bool, type(None)) else Foreign(type(key).__name__)


def same(left: Any, right: Any, rtol: float = 1e-9, atol: float = 1e-12) -> bool:
    """Are two snapshots the same, numbers up to a tolerance? A list is a tuple here, as it is for a student."""
    arrays = isinstance(left, np.ndarray) and isinstance(right, np.ndarray)
    if arrays or (is_tensor(left) and is_tensor(right)) or (is_number(left) and is_number(right)):
        left, right = as_array(left), as_array(right)
        if left.shape != right.shape or (left.dtype.kind in NUMBERS) != (right.dtype.kind in NUMBERS):
            return False
        if left.dtype.kind not in NUMBERS:
            return bool(np.array_equal(left, right))
        with np.errstate(all="ignore"):
            return bool(_close(left, right, rtol, atol).all())
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key], rtol, atol) for key in left)
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        return len(left) == len(right) and all(same(a, b, rtol, atol) for a, b in zip(left, right, strict=True))
    return type(left) is type(right) and bool(left == right)


def is_number(value: Any) -> bool:
    """A number, as a Python or NumPy scalar, a 0-dimensional array or tensor; not a boolean."""
    if isinstance(value, np.ndarray):
        return value.ndim == 0 and value.dtype.kind in "iufc"
    if is_tensor(value):
        return value.ndim == 0 and str(value.dtype) != "torch.bool"
    return isinstance(value, (int, float, complex, np.number)) and not isinstance(value, bool)


def to_json(value: Any) -> Any:
    """A snapshot as JSON data, numbers rounded to `SIGNIFICANT_DIGITS`."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if is_tensor(value) or isinstance(value, np.ndarray):
        array = as_array(value)
        kind = "tensor" if is_tensor(value) else "array"
        numbers = _real(array.ravel()).tolist()
        return {kind: [_rounded(item) for item in numbers], "shape": list(array.shape), "dtype": str(array.dtype)}
    if isinstance(value, np.number):
        value = {"f": float, "c": complex}.get(value.dtype.kind, int)(value)
    if isinstance(value, complex):
        return {"complex": [_rounded(value.real), _rounded(value.imag)]}
    if isinstance(value, (int, float)):
        return _rounded(value)
    if isinstance(value, dict):
        return {"dict": [[to_json(key), to_json(item)] for key, item in value.items()]}
    if isinstance(value, tuple):
        return {"tuple": [to_json(item) for item in value]}
    if isinstance(value, list):
        return {"list": [to_json(item) for item in value]}
    if isinstance(value, Raised):
        return {"raised": value.type_name}
    if isinstance(value, Foreign):
        return {"foreign": value.type_name}
    raise TypeError(f"a check can record plain data only, not {type(value).__name__}")


def from_json(data: Any) -> Any:
    """The snapshot that `to_json` wrote."""
    if not isinstance(data, dict):
        return data
    if "array" in data:
        return _array(data["array"], data["dtype"], data["shape"])
    if "tensor" in data:
        import torch

        return torch.from_numpy(_array(data["tensor"], data["dtype"], data["shape"]))
    if "complex" in data:
        return complex(*data["complex"])
    if "dict" in data:
        return {from_json(key): from_json(item) for key, item in data["dict"]}
    if "tuple" in data:
        return tuple(from_json(item) for item in data["tuple"])
    if "list" in data:
        return [from_json(item) for item in data["list"]]
    if "raised" in data:
        return Raised(data["raised"])
    return Foreign(data["foreign"])


def _close(left: np.ndarray, right: np.ndarray, rtol: float, atol: float) -> np.ndarray:
    """Which entries are close, whichever of the two the tolerance is relative to."""
    forth, back = (np.isclose(a, b, rtol=rtol, atol=atol, equal_nan=True) for a, b in ((left, right), (right, left)))
    return np.asarray(forth | back)


def _real(array: np.ndarray) -> np.ndarray:
    """An array's numbers; of complex ones first the real, then the imaginary part, by turns."""
    return array.view(array.real.dtype) if array.dtype.kind == "c" else array


def _array(numbers: list[Any], dtype: str, shape: list[int]) -> np.ndarray:
    kind = np.dtype(dtype)
    return np.array(numbers, dtype=np.zeros(0, kind).real.dtype if kind.kind == "c" else kind).view(kind).reshape(shape)


def _rounded(number: Any) -> Any:
    if not isinstance(number, (float, np.floating)):
        return number
    return float(f"{number:.{SIGNIFICANT_DIGITS}g}") if np.isfinite(number) and number != np.floor(number) else float(number)
