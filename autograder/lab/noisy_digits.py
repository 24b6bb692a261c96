"""The noisy digits of the capstone, as they ship: labelled pictures to learn from and to validate on, bare ones for the test."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

FILE = Path(__file__).with_name("noisy_digits.npz")
KEY = "noisy_digits.key"
STEP, OFFSET = 4.0, 64
"""A shipped pixel is a byte: 4 * grey value + 64."""


def encode(pixels: np.ndarray) -> np.ndarray:
    """Grey values as bytes, in steps of a quarter."""
    data: np.ndarray = np.clip(np.rint(pixels * STEP) + OFFSET, 0, 255).astype(np.uint8)
    return data


def decode(data: np.ndarray) -> np.ndarray:
    """Bytes as grey values, float64."""
    return (data.astype(np.float64) - OFFSET) / STEP


def load() -> dict[str, np.ndarray]:
    """The arrays that ship: `X (1000, 64)`, `y (1000,)`, `X_val (350, 64)`, `y_val (350,)` and `X_test (447, 64)`."""
    with np.load(FILE) as arrays:
        return {name: arrays[name].astype(np.int64) if name.startswith("y") else decode(arrays[name]) for name in arrays.files}


def write_key(path: Path, labels: np.ndarray) -> None:
    """Write test labels so that nobody reads them by accident; whoever wants to read them can."""
    path.write_text((_mask(len(labels)) ^ labels.astype(np.uint8)).tobytes().hex() + "\n", encoding="ascii")


def read_key(path: Path) -> np.ndarray:
    """Test labels written by `write_key`."""
    data = np.frombuffer(bytes.fromhex(path.read_text(encoding="ascii")), dtype=np.uint8)
    labels: np.ndarray = (data ^ _mask(len(data))).astype(np.int64)
    return labels


def _mask(length: int) -> np.ndarray:
    stream = b"".join(hashlib.blake2b(number.to_bytes(4, "little"), key=b"vault").digest() for number in range(length // 64 + 1))
    return np.frombuffer(stream[:length], dtype=np.uint8)
