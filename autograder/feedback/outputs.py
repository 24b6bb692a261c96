"""What a student's cells showed, reduced to what a page may show: text, and pictures that are certainly pictures."""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

MAX_OUTPUTS = 50
MAX_TEXT = 20_000
MAX_PICTURE = 2**20
MAX_PIXELS = 8_000
SIGNATURE = b"\x89PNG\r\n\x1a\n"
_TERMINAL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


@dataclass(frozen=True)
class Shown:
    """One output: text, or the address of a picture whose bytes are in the address itself."""

    text: str = ""
    picture: str = ""
    is_error_stream: bool = False


def shown(outputs: Any) -> list[Shown]:
    """The outputs of one cell; the process that recorded them was the student's, so nothing is taken for granted."""
    return list(_shown(outputs)) if isinstance(outputs, (list, tuple)) else []


def _shown(outputs: Any) -> Iterator[Shown]:
    for output in outputs[:MAX_OUTPUTS]:
        if not isinstance(output, dict):
            continue
        data = output.get("data")
        if "stream" in output:
            text, is_error = _text(output.get("text", "")), output["stream"] == "stderr"
            if text:
                yield Shown(text, is_error_stream=is_error)
        elif isinstance(data, dict):
            picture = png(str(data.get("image/png", "")))
            text = _text(data.get("text/plain", ""))
            if picture or text:
                yield Shown(picture=picture) if picture else Shown(text)


def png(text: str) -> str:
    """The address of a PNG picture given in base64; "" when it is anything else."""
    if len(text) > 2 * MAX_PICTURE:
        return ""
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except ValueError:
        return ""
    return f"data:image/png;base64,{base64.b64encode(data).decode()}" if len(data) <= MAX_PICTURE and is_png(data) else ""


def is_png(data: bytes) -> bool:
    """Is it one whole PNG file, every block with its right checksum, and of a size that a browser can hold?"""
    if not data.startswith(SIGNATURE):
        return False
    blocks, start = [], len(SIGNATURE)
    while start + 12 <= len(data):
        end = start + 12 + int.from_bytes(data[start : start + 4])
        if end > len(data) or zlib.crc32(data[start + 4 : end - 4]) != int.from_bytes(data[end - 4 : end]):
            return False
        blocks.append(data[start + 4 : start + 8])
        start = end
    sizes = int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
    whole = start == len(data) and blocks[:1] == [b"IHDR"] and b"IDAT" in blocks and blocks[-1] == b"IEND"
    return whole and all(0 < size <= MAX_PIXELS for size in sizes)


def _text(value: Any) -> str:
    text = _TERMINAL.sub("", str(value)).strip("\n")
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}\n… ({len(text) - MAX_TEXT} more characters)"
