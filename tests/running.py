"""Running a released notebook from top to bottom in a kernel of its own, as its readers do."""

import json
import os
from datetime import datetime
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from autograder.checks.live import MIME
from autograder.checks.verdict import Verdict
from autograder.notebooks.model import grade_id, role
from autograder.notebooks.reading import read_nodes, read_notebook

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = {path.stem: path for path in sorted((ROOT / "source").glob("*/*.ipynb"))}
LAST = "import json, resource\nprint(json.dumps(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))"


def run_from_top_to_bottom(name, answers):
    """The released notebook with answers put in by exercise, run; its last cell prints the peak memory."""
    notebook = read_notebook(NOTEBOOKS[name])
    path = ROOT / "release" / notebook.unit / f"{name}.ipynb"
    nodes = read_nodes(path)
    by_id = {exercise.grade_id: exercise.name for exercise in notebook.exercises.values()}
    for cell in nodes.cells:
        if role(cell) in ("exercise", "question"):
            cell.source = answers.get(by_id[grade_id(cell)], cell.source)
    nodes.cells.append(nbformat.v4.new_code_cell(LAST))
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    resources = {"metadata": {"path": str(path.parent)}}
    client = NotebookClient(nodes, kernel_name="python3", timeout=120, allow_errors=True, resources=resources)
    client.execute(env={**os.environ, **threads})
    return nodes


def outputs(nodes, roles=None):
    """What the cells of some roles, or all, have put out."""
    return [output for cell in nodes.cells if roles is None or role(cell) in roles for output in cell.get("outputs", [])]


def cards(nodes):
    """What the checks of a notebook said."""
    return [Verdict.from_json(output["data"][MIME]) for output in outputs(nodes, ["check"]) if MIME in output.get("data", {})]


def peak_memory(nodes):
    """Largest resident memory of the kernel, in bytes."""
    return 1024 * json.loads(nodes.cells[-1].outputs[0]["text"])


def seconds(cell):
    """How long a cell took."""
    times = cell.metadata.get("execution", {})
    begin, end = (datetime.fromisoformat(times[key]) for key in ("iopub.status.busy", "iopub.status.idle"))
    return (end - begin).total_seconds()
