"""What a student's process says in words and pictures, brought into form: whatever it sent, nothing else goes on from here."""

from __future__ import annotations

import base64
import re
import unicodedata
from typing import Any

from autograder.sandbox.wire import MAX_OUTPUTS, MAX_PICTURE, MAX_TEXT, WireError

MAX_LINE = 300
"""Characters of a line of code that an exception names."""

MAX_SHOWN = 10_000_000
"""Characters of all the outputs of one notebook that are kept."""

PICTURE = re.compile(r"[A-Za-z0-9+/\n]{16,}={0,2}\n?")


def words(value: Any, limit: int) -> str:
    """Text that a terminal only shows: cut, and without the control characters that it would obey."""
    text = value[:limit] if isinstance(value, str) else ""
    return "".join(c if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Cs") else "\ufffd" for c in text)


def exception(described: Any) -> dict[str, Any]:
    """The description of an exception: names of its class and their bases, message, and line.

    Raises:
        WireError: it is none.
    """
    if not (isinstance(described, dict) and isinstance(described.get("types"), list)):
        raise WireError("not an exception")
    types = [words(name, 60) for name in described["types"][:20]]
    return {
        "types": types or ["Exception"],
        "message": words(described.get("message"), 500),
        "where": words(described.get("where"), MAX_LINE),
    }


def cell(answer: Any) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    """The outputs of a cell, and the exception that ended it.

    Raises:
        WireError: it is no answer to the request to run a cell.
    """
    if not (isinstance(answer, dict) and isinstance(answer.get("outputs"), list)):
        raise WireError("not the result of a cell")
    outputs = [output for output in map(_output, answer["outputs"][:MAX_OUTPUTS]) if output]
    error = answer.get("error")
    return outputs, None if error is None else exception(error)


def memory(peak: Any) -> int:
    """A number of bytes to two digits: a message could hide in more."""
    return round(peak, 2 - len(str(peak))) if type(peak) is int and 0 < peak < 2**40 else 0


def size(output: dict[str, Any]) -> int:
    """Characters of an output."""
    return sum(len(text) for text in (output.get("text", ""), *output.get("data", {}).values()))


def _output(output: Any) -> dict[str, Any] | None:
    """Printed text, or data as text and as a PNG picture; None for anything else."""
    if not isinstance(output, dict):
        return None
    if isinstance(output.get("text"), str):
        return {"stream": "stderr" if output.get("stream") == "stderr" else "stdout", "text": output["text"][:MAX_TEXT]}
    data, kept = output.get("data"), {}
    if not isinstance(data, dict):
        return None
    if isinstance(data.get("text/plain"), str):
        kept["text/plain"] = data["text/plain"][:MAX_TEXT]
    if is_picture(data.get("image/png")):
        kept["image/png"] = data["image/png"]
    return {"data": kept} if kept else None


def is_picture(data: Any) -> bool:
    """Is it a PNG picture in base64, which can stand in a page without closing the quotes around it?"""
    if not (isinstance(data, str) and len(data) <= MAX_PICTURE and PICTURE.fullmatch(data)):
        return False
    return base64.b64decode(data[:12]).startswith(b"\x89PNG")
