"""A course of one short notebook, as its author writes it, for tests that build it or break it."""

from __future__ import annotations

import importlib
import itertools
import linecache
import sys
from dataclasses import dataclass
from pathlib import Path

import solutions.variants
from autograder.authoring.build import built_units

UNIT, NAME = "01-scaling", "scaling"

SOURCE = """---
kernelspec: {display_name: Python 3, language: python, name: python3}
autograder: {title: Scaling, module: MODULE}
---
# Scaling

What stands *here* is read, not run.

```{code-cell}
:role: setup
import numpy as np
from autograder.checks import check
x = np.array([1.0, -2.5, 4.0])
```

```{code-cell}
:code: D1.1
shown = x + 1.0
```

## Scale
*5 minutes · difficulty 1 of 5 · importance 5 of 5 · 5 points*

```{code-cell}
:exercise: MODULE/scale
:code: E1.1
```

```{code-cell}
:check: MODULE/scale
:points: 2
inside = scale(x, 3.0)
check.equal(inside, "x times the factor", hint="look at the first entry")
check.equal(scale(x, -1.0), "x times minus one")
```

```{code-cell}
:hidden: MODULE/scale
:points: 3
secret_input = check.rng.normal(size=5)
check.equal(scale(secret_input, 0.5), "a fresh array times the factor")
```

## Mean
*5 minutes · difficulty 2 of 5 · importance 4 of 5 · 4 points*

```{code-cell}
:exercise: MODULE/Mean
:code: E1.2
:stub: m.sum
```

```{code-cell}
:check: MODULE/Mean
:points: 4
mean = Mean(8.0)
mean.add(4.0)
check.equal(mean.value, "the mean of 8 and 4")
```

## Questions

```{code-cell}
:role: predict
:code: P1.1
guess = "?"
```

```{code-cell}
:question: MODULE/largest
:code: Q1.1
:points: 1
:prompt: a number
check.number(largest, between=(0, 10))
```
"""

ANSWERS = '''"""The answers."""

import numpy as np


def scale(x, factor=2.0):  # any shape
    """`x` times `factor`.

    >>> float(scale(np.array(1.5)))
    3.0
    """
    # the answer's own comment: multiply elementwise

    product = factor * x
    return product


class Mean:
    """A running mean."""

    def __init__(self, first):
        """Begin with one number."""
        self.total, self.count = first, 1

    def add(self, more):
        """Take one more number in."""
        self.total += more
        self.count += 1

    @property
    def value(self):
        """The mean so far."""
        return self.total / self.count


largest = 4.0  # the answer to Q1.1
'''

VARIANTS = '''"""Right and wrong ways."""

from solutions.variants import Variants, edit

variants = Variants()
variants.right("s.swapped", scale=edit("factor * x", "x * factor"))
variants.wrong("s.plus", says="you add the factor", hint="try factor 0", scale=edit("factor * x", "factor + x"))
variants.wrong("s.abs", says="you lose the sign of x", scale=edit("factor * x", "factor * abs(x)"))
variants.wrong("m.sum", says="that is the sum", hint="divide", Mean=edit("self.total / self.count", "self.total"))
variants.wrong("q.least", says="that is the least", largest="2.5")
'''

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Made:
    """A course that was written.

    Attributes:
        course: its folder.
        module: the module of its answers, named as no other test's.
        unit: its unit.
    """

    course: Path
    module: str
    unit: str

    @property
    def source(self) -> Path:
        """The notebook's source."""
        return self.course / "source" / self.unit / f"{NAME}.md"

    @property
    def answers(self) -> Path:
        """The module with the answers."""
        return self.course / "solutions" / f"{self.module}.py"

    @property
    def variants(self) -> Path:
        """The module with the variants."""
        return self.course / "solutions" / "variants" / f"{self.module}.py"

    def edit(self, path: Path, old: str, new: str) -> None:
        """Change a text that stands in a file once, as its author would between two runs of `autograder build`."""
        text, old, new = path.read_text(encoding="utf-8"), old.replace("MODULE", self.module), new.replace("MODULE", self.module)
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path.name}"
        path.write_text(text.replace(old, new), encoding="utf-8")
        sys.modules.pop(f"solutions.variants.{self.module}", None)
        linecache.checkcache()
        importlib.invalidate_caches()


def built_files(course: Path, unit: str) -> dict[str, str]:
    """The files that are built beside the sources of one unit."""
    return dict(built_units(course, [unit]))[unit]


def write(folder: Path, unit: str = UNIT) -> Made:
    """Write a course, or one more unit of it; nothing is built yet."""
    made = Made(folder, f"made_{next(_numbers)}", unit)
    for path, text in ((made.source, SOURCE), (made.answers, ANSWERS), (made.variants, VARIANTS)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("MODULE", made.module), encoding="utf-8")
    solutions.variants.__path__.append(str(made.variants.parent))  # found as the course's own would be, in a process of its own
    importlib.invalidate_caches()
    return made
