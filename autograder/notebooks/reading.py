"""Reading notebooks, with a sentence for whoever handed in something else."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import nbformat

from autograder.notebooks.model import Notebook

MAX_BYTES = 50 * 2**20


class UnreadableNotebook(Exception):
    """A file that is not a notebook; the message says why."""


def read_nodes(path: Path) -> Any:
    """Read any notebook, of whatever version, as version 4.

    Raises:
        UnreadableNotebook: the file is missing, empty, cut short, too large, or no notebook.
    """
    try:
        size = path.stat().st_size
        text = path.read_text(encoding="utf-8-sig") if size <= MAX_BYTES else ""
    except FileNotFoundError:
        raise UnreadableNotebook(f"{path} does not exist.") from None
    except IsADirectoryError:
        raise UnreadableNotebook(f"{path} is a folder, not a notebook.") from None
    except UnicodeDecodeError:
        raise UnreadableNotebook(f"{path} is not a notebook: it is not text.") from None
    except OSError as error:
        raise UnreadableNotebook(f"{path} cannot be read: {error.strerror}.") from None
    if size > MAX_BYTES:
        raise UnreadableNotebook(f"{path} is larger than {MAX_BYTES // 2**20} MB: clear its outputs and hand it in again.")
    if not text.strip():
        raise UnreadableNotebook(f"{path} is empty.")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = "cut short" if _is_cut_short(text, error) else "not a notebook"
        raise UnreadableNotebook(f"{path} is {reason}: it is not valid JSON.") from None
    if not (isinstance(data, dict) and isinstance(data.get("nbformat"), int) and ("cells" in data or "worksheets" in data)):
        raise UnreadableNotebook(f"{path} is JSON, but not a notebook.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # missing cell ids and the like are repaired, not complained about
            nodes = nbformat.convert(nbformat.from_dict(data), to_version=4)
            return _tidy(nodes)
    except Exception as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise UnreadableNotebook(f"{path} is not a notebook that can be read: {reason}.") from None


def _is_cut_short(text: str, error: Exception) -> bool:
    """Did reading JSON stop because the text did?"""
    if not isinstance(error, json.JSONDecodeError) or not text.lstrip().startswith("{"):
        return False
    return error.msg.startswith("Unterminated") or error.pos >= len(text.rstrip()) - len("false")


def read_notebook(path: Path) -> Notebook:
    """Read a built instructor notebook."""
    return Notebook.of(read_nodes(path), path)


def _tidy(nodes: Any) -> Any:
    """Give every cell what version 4 says it has, whatever program wrote it."""
    if not isinstance(nodes.get("metadata"), dict):
        nodes["metadata"] = nbformat.NotebookNode()
    cells = []
    for cell in nodes.get("cells", []):
        if not isinstance(cell, dict) or cell.get("cell_type") not in ("code", "markdown", "raw"):
            continue
        source = cell.get("source", "")
        text = "".join(map(str, source)) if isinstance(source, list) else str(source)
        cell["source"] = text.encode(errors="replace").decode().replace("\0", "")  # what neither a file nor Python can hold
        if not isinstance(cell.get("id", ""), str):
            del cell["id"]
        if not isinstance(cell.get("metadata"), dict):
            cell["metadata"] = nbformat.NotebookNode()
        for own in ("nbgrader", "autograder"):
            if own in cell["metadata"] and not isinstance(cell["metadata"][own], dict):
                del cell["metadata"][own]
        if cell["cell_type"] == "code":
            cell["outputs"] = cell["outputs"] if isinstance(cell.get("outputs"), list) else []
            cell.setdefault("execution_count", None)
        cells.append(cell)
    nodes["cells"] = cells
    return nodes
