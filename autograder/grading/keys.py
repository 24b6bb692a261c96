"""What a result depends on, as a key: while the key is the same, nothing has to be run again."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from autograder import __version__
from autograder.checks.recorded import FILE
from autograder.grading.reference import Reference
from autograder.grading.settings import Settings
from autograder.notebooks.aligning import Aligned
from autograder.notebooks.model import role


def machine() -> list[Any]:
    """The code that decides, and what it computes with."""
    parts: list[Any] = [__version__, platform.python_version(), _engine_source()]
    for package in ("numpy", "torch", "ipython", "scikit-learn"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            parts.append((package, importlib.metadata.version(package)))
    return parts


def engine_key(references: Sequence[Reference], settings: Settings, key: bytes) -> str:
    """Everything but the submission that a result depends on."""
    parts: list[Any] = [machine(), settings.patience, settings.limits, settings.isolate]
    for reference in references:
        cells = [cell for cell in reference.notebook.nodes.cells if cell.cell_type == "code"]
        parts.append([(cell.source, json.dumps(cell.metadata, sort_keys=True)) for cell in cells])
        for exercise in reference.notebook.exercises.values():
            found = reference.variants_of(exercise)
            parts.append([(variant.id, variant.says, variant.hint, reference.source(exercise, variant)) for variant in found])
        with contextlib.suppress(FileNotFoundError):
            parts.append((reference.notebook.path.parent / FILE).read_bytes())
    return hashlib.sha256(key + repr(parts).encode()).hexdigest()


def submission_key(engine: str, aligned: Aligned) -> str:
    """Everything that the result of a submission depends on."""
    student = [(cell.id, role(cell), cell.source) for cell in aligned.nodes.cells if cell.cell_type == "code"]
    return hashlib.sha256((engine + repr(student)).encode()).hexdigest()


def _engine_source() -> str:
    """A digest of the code that decides."""
    digest = hashlib.sha256()
    package = Path(__file__).resolve().parents[1]
    for room in ("authoring", "checks", "grading", "lab", "notebooks", "sandbox"):
        for path in sorted(path for ending in ("py", "npz") for path in (package / room).rglob(f"*.{ending}")):
            digest.update(path.read_bytes())
    return digest.hexdigest()
