"""`autograder check`: a student's own notebook on their own machine, the visible checks and the points so far."""

from __future__ import annotations

from pathlib import Path

import nbformat

from autograder.checks.live import MIME
from autograder.checks.verdict import Verdict
from autograder.notebooks.model import role
from autograder.notebooks.reading import UnreadableNotebook, read_nodes


def check_notebook(path: Path, timeout: int = 60) -> list[Verdict]:
    """Run a notebook's setup, exercises and checks in a fresh kernel; demos are left out.

    Raises:
        UnreadableNotebook: it is not a notebook, or not one of the course.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    nodes = read_nodes(path)
    if not any(role(cell) == "check" for cell in nodes.cells):
        raise UnreadableNotebook(f"{path} has no checks: it is not a notebook of the course.")
    kept = [cell for cell in nodes.cells if cell.cell_type == "code" and role(cell) not in ("demo", "predict")]
    for cell in kept:
        cell.outputs = []
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    run = nbformat.from_dict({"cells": kept, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})
    client = NotebookClient(run, timeout=timeout, allow_errors=True, resources={"metadata": {"path": str(path.parent.resolve())}})
    try:
        client.execute()
    except CellTimeoutError:
        raise UnreadableNotebook(
            f"A cell of {path} ran for more than {timeout} seconds; interrupt it in JupyterLab and look for an endless loop."
        ) from None
    except DeadKernelError:
        raise UnreadableNotebook(f"A cell of {path} ended the whole kernel.") from None
    return [
        Verdict.from_json(output["data"][MIME])
        for cell in run.cells
        for output in cell.get("outputs", [])
        if output["output_type"] == "display_data" and MIME in output["data"]
    ]
