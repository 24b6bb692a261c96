"""The graded notebook in `autograded/`: the student's text, and under each check what it found."""

from __future__ import annotations

import copy
import os
import shutil
from pathlib import Path
from typing import Any

import nbformat

from autograder.checks.card import as_html, as_text, points_text
from autograder.checks.verdict import Verdict
from autograder.grading.result import Result
from autograder.notebooks.model import grade_id, role


def with_outputs(nodes: Any, result: Result) -> Any:
    """An aligned notebook with the outputs of its grading; nothing of a student's is shown as HTML."""
    shown = copy.deepcopy(nodes)
    for cell in shown.cells:
        if cell.cell_type != "code":
            if role(cell) == "extra":  # a script in it would run in the formgrader, with the instructor's rights
                cell.source = cell.source.replace("<", "&lt;")
            continue
        if grade_id(cell) in result.verdicts:
            cell.outputs = check_outputs(result.verdicts[grade_id(cell)])
        else:
            cell.outputs = [output for output in map(student_output, result.outputs.get(cell.id, [])) if output]
    return shown


def check_outputs(verdict: Verdict) -> list[Any]:
    """A verdict as the outputs of its cell: a card, and where points were lost the error that nbgrader's own rule looks for."""
    outputs = [nbformat.v4.new_output("display_data", data={"text/plain": as_text(verdict), "text/html": as_html(verdict)})]
    if not verdict.passed:
        outputs.append(
            nbformat.v4.new_output("error", ename="CheckFailed", evalue=points_text(verdict), traceback=[points_text(verdict)])
        )
    return outputs


def student_output(output: Any) -> Any | None:
    """One output of a student's cell, reduced to text and PNG pictures; None when nothing is left."""
    if not isinstance(output, dict):
        return None
    if "stream" in output:
        name = "stderr" if output["stream"] == "stderr" else "stdout"
        return nbformat.v4.new_output("stream", name=name, text=str(output.get("text", "")))
    data = output.get("data")
    kept = {kind: str(data[kind]) for kind in ("text/plain", "image/png") if kind in data} if isinstance(data, dict) else {}
    return nbformat.v4.new_output("display_data", data=kept) if kept else None


def write(course: Path, student: str, unit: str, name: str, nodes: Any) -> Path:
    """Write a graded notebook where nbgrader looks for it, whole or not at all."""
    folder = course / "autograded" / student / unit
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.ipynb"
    unfinished = path.with_suffix(".unfinished")
    text = nbformat.writes(nodes, version=nbformat.NO_CONVERT) + "\n"
    unfinished.write_bytes(text.encode("utf-8", "replace"))  # half a pair of UTF-16, which JSON can hold, is no character
    os.replace(unfinished, path)
    timestamp = course / "submitted" / student / unit / "timestamp.txt"
    if timestamp.is_file():
        shutil.copy(timestamp, folder / "timestamp.txt")
    return path
