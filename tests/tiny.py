"""A course of one small notebook, in which every rule of grading can be seen at work, and submissions of it."""

from __future__ import annotations

import copy
import json
import shutil
from pathlib import Path

import nbformat

from autograder.authoring.certify import submission
from autograder.authoring.instructor import instructor_notebook
from autograder.authoring.source import read_source
from autograder.grading.reference import Reference
from autograder.grading.settings import Patience
from autograder.grading.submission import Grader
from autograder.notebooks.aligning import align
from autograder.notebooks.model import Notebook, grade_id, role
from solutions.variants import Variants, edit

ROOT = Path(__file__).resolve().parents[1]
UNIT = "01-tiny"
SECRET = b"a secret of the tests"
LONGEST = 6.0
"""Seconds that one check may take at most with this patience, were all other processes in the way all the time."""
PATIENCE = Patience(cell=2.0, check=1.0, judging=1.0, notebook=30.0)

SOURCE = """---
kernelspec: {display_name: Python 3, language: python, name: python3}
autograder: {title: Tiny, module: tiny}
---
# Tiny

```{code-cell}
:role: setup
import numpy as np
from autograder.checks import check
x = np.array([1.0, -2.5, 4.0])
```

```{code-cell}
:code: D1.0
def from_a_demo(v):
    return v + 0.0
```

## Double
*5 minutes · difficulty 1 of 5 · importance 5 of 5 · 5 points*

```{code-cell}
:exercise: tiny/double
:code: E1.1
```

```{code-cell}
:check: tiny/double
:points: 2
check.equal(double(x), "twice the array")
```

```{code-cell}
:hidden: tiny/double
:points: 3
fresh = check.rng.normal(size=5)
check.equal(double(fresh), "twice a fresh array")

@check.scenario
def twice(double, v):
    return double(double(v))

check.equal(twice(double, fresh), "doubled again")
```

## Shifted
*5 minutes · difficulty 1 of 5 · importance 5 of 5 · 4 points*

```{code-cell}
:exercise: tiny/shifted
:code: E1.2
```

```{code-cell}
:check: tiny/shifted
:points: 4
check.equal(shifted(x), "twice the array, plus one")
```

## Slope
*5 minutes · difficulty 1 of 5 · importance 5 of 5 · 6 points*

```{code-cell}
:exercise: tiny/slope
:code: E1.3
```

```{code-cell}
:check: tiny/slope
:points: 6
def cube(v):
    return v**3 + v

check.equal(slope(cube, 1.5), "the slope of a cube at 1.5", rtol=1e-6)
```

## Parts
*5 minutes · difficulty 1 of 5 · importance 5 of 5 · 3 points*

```{code-cell}
:exercise: tiny/parts
:code: E1.4
```

```{code-cell}
:check: tiny/parts
:points: 1
for part in parts(x):
    check.equal(part, "a part")
```

```{code-cell}
:hidden: tiny/parts
:points: 2
pieces = parts(check.rng.normal(size=6))
for part in pieces:
    check.true(part.ndim == 1, "every part is one array")
check.equal(sum(float(np.sum(part)) for part in pieces), "the parts add up")
```

## Counter
*5 minutes · difficulty 1 of 5 · importance 5 of 5 · 2 points*

```{code-cell}
:exercise: tiny/Counter
:code: E1.5
```

```{code-cell}
:check: tiny/Counter
:points: 2
counter = Counter(3)
counter.add(4)
check.equal(counter.total, "the total after 3 and 4")
check.true(counter.total > 5, "the total is large")
```

## Questions

```{code-cell}
:question: tiny/answer
:code: Q1.1
:points: 1
:prompt: a number
check.number(answer, between=(0, 100))
```
"""

ANSWERS = '''"""The answers."""

import numpy as np


def double(v):
    """Twice `v`."""
    return 2.0 * v


def shifted(v):
    """Twice `v`, plus one."""
    return 2.0 * v + 1.0


def slope(f, at):
    """Central difference."""
    return (f(at + 1e-5) - f(at - 1e-5)) / 2e-5


def parts(v):
    """The halves of `v`, as a list."""
    return [v[: len(v) // 2], v[len(v) // 2 :]]


class Counter:
    """A running total."""

    def __init__(self, start):
        self.total = start

    def add(self, more):
        """Add."""
        self.total += more


answer = 42.5
'''

RIGHT = {
    "tiny/double": "def double(v):\n    return v + v",
    "tiny/shifted": "def shifted(v):\n    return double(v) + 1",
    "tiny/slope": "def slope(f, at):\n    return (f(at + 1e-5) - f(at - 1e-5)) / 2e-5",
    "tiny/parts": "def parts(v):\n    half = len(v) // 2\n    return [v[:half], v[half:]]",
    "tiny/Counter": "class Counter:\n    def __init__(self, start):\n        self.total = start\n"
    "    def add(self, more):\n        self.total = self.total + more",
    "tiny/answer": "answer = 42.5",
}
WRONG = {
    "tiny/double": "def double(v):\n    return v * 5",
    "tiny/shifted": "def shifted(v):\n    return v - 7",
    "tiny/slope": "def slope(f, at):\n    return f(at)",
    "tiny/parts": "def parts(v):\n    return [v]",
    "tiny/Counter": "class Counter:\n    def __init__(self, start):\n        self.total = 0\n    def add(self, more): pass",
    "tiny/answer": "answer = 41.0",
}
POINTS = {"double": 5.0, "shifted": 4.0, "slope": 6.0, "parts": 3.0, "Counter": 2.0, "answer": 1.0}
ALL = sum(POINTS.values())


def variants():
    found = Variants()
    found.wrong("t.thrice", says="that is three times the array", hint="count again", double=edit("2.0 * v", "3.0 * v"))
    found.wrong("t.raises", says="there is nothing to raise", double=edit("return 2.0 * v", "raise ValueError(v)"))
    found.wrong("t.ten", says="that is ten", answer="10.0")
    found.right("added", double=edit("2.0 * v", "v + v"))
    return found.all


def write_course(folder: Path) -> Path:
    """The course in a folder: source, solutions, instructor notebook, released notebook."""
    (folder / "solutions" / "variants").mkdir(parents=True)
    for name in ("__init__.py", "variants/__init__.py"):
        shutil.copy(ROOT / "solutions" / name, folder / "solutions" / name)
    (folder / "solutions" / "tiny.py").write_text(ANSWERS)
    (folder / "source" / UNIT).mkdir(parents=True)
    (folder / "source" / UNIT / "tiny.md").write_text(SOURCE)
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    build_notebook(folder)
    return folder


def build_notebook(folder: Path) -> None:
    """Make the instructor's notebook of a course from its source."""
    nodes = instructor_notebook(read_source(folder / "source" / UNIT / "tiny.md"), folder / "solutions")
    (folder / "source" / UNIT / "tiny.ipynb").write_text(nbformat.writes(nodes) + "\n")


def notebook(folder: Path) -> Notebook:
    """The instructor's notebook of a course written by `write_course`."""
    path = folder / "source" / UNIT / "tiny.ipynb"
    return Notebook.of(nbformat.read(path, as_version=4), path)


def reference(folder: Path, secret: bytes = SECRET) -> Reference:
    """The reference of a course written by `write_course`."""
    return Reference(notebook(folder), secret, variants=variants())


def submitted(of: Notebook, answers: dict[str, str], extras: dict[str, list[str]] | None = None):
    """A submission as a student's JupyterLab would have saved it.

    Args:
        of: the instructor's notebook.
        answers: by exercise, the text of its cell; the others keep their stubs.
        extras: by exercise, texts of cells of the student's own, which follow it; "" stands for the top of the notebook.
    """
    nodes = copy.deepcopy(submission(Reference(of, variants=[]), answers).nodes)
    for cell in nodes.cells:
        cell.metadata.autograder.pop("stub", None)
    cells, number = [], 0
    for position, cell in enumerate(nodes.cells):
        cells.append(cell)
        owner = "" if position == 0 else next((name for name, one in of.exercises.items() if one.grade_id == grade_id(cell)), None)
        for text in (extras or {}).get(owner, []) if owner is not None else []:
            number += 1
            cells.append(nbformat.v4.new_code_cell(text, id=f"mine-{number}"))
    nodes.cells = [cell for cell in cells if not (role(cell) == "check" and "--hidden" in cell.source)]
    return nodes


def hand_in(course: Path, student: str, nodes) -> Path:
    """Put a submission where the grader looks for it."""
    path = course / "submitted" / student / UNIT / "tiny.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(nodes), encoding="ascii")  # as it stands: nbformat would put right what is odd about it
    return path


def grade(grader: Grader, answers: dict[str, str], extras: dict[str, list[str]] | None = None):
    """Grade a submission, by way of the aligned notebook."""
    of = grader.reference.notebook
    return grader.grade(align(of, submitted(of, answers, extras)))


def earned(result, exercise: str) -> float:
    """Points that an exercise earned."""
    return sum(verdict.points for verdict in result.verdicts.values() if verdict.exercise == f"tiny/{exercise}")


def states(result, exercise: str) -> list[str]:
    """How an exercise's checks ended, in order."""
    return [str(verdict.state) for verdict in result.verdicts.values() if verdict.exercise == f"tiny/{exercise}"]
