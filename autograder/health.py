"""`autograder doctor`: what is installed, which isolation is in force, and what to do about what is missing."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.metadata
import importlib.util
import os
import platform
from typing import Any

FOR_STUDENTS = ("numpy", "matplotlib", "scikit-learn", "ipykernel", "nbclient")
NO_GRADER = "Grading needs Linux and a clone of the course; the notebooks, their checks and `autograder check` work here."
FOR_GRADING = ("jupyterlab", "nbgrader", "jupytext", "msgpack", "torch")


def examine() -> dict[str, Any]:
    """What was found, as data."""
    versions: dict[str, str | None] = dict.fromkeys((*FOR_STUDENTS, *FOR_GRADING))
    for name in versions:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    isolation: dict[str, Any] = {"level": "none", "measures": [], "missing": [NO_GRADER]}
    if platform.system() == "Linux" and importlib.util.find_spec("autograder.sandbox"):
        from autograder.sandbox.isolation import probe, readable_paths

        isolation = dataclasses.asdict(probe(readable_paths()))
    ready = isolation["level"] != "none" and all(versions.values())
    return {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "packages": versions,
        "isolation": isolation,
        "ready": ready,
    }


def lines(found: dict[str, Any]) -> list[str]:
    """What was found, for people."""
    shown = [f"python       {found['python']} on {found['cores']} cores"]
    shown += [
        f"{name:<12} {version or 'missing: `pip install -r requirements.txt` installs it'}"
        for name, version in found["packages"].items()
    ]
    isolation = found["isolation"]
    shown.append(f"isolation    {isolation['level']}: {', '.join(isolation['measures']) or 'nothing is in force'}")
    shown += [f"             {sentence}" for sentence in isolation["missing"]]
    shown.append("Ready to grade." if found["ready"] else "Not ready to grade.")
    return shown
