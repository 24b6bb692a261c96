import shutil
from pathlib import Path

import pytest

from autograder.gradebook.database import gradebook, register
from autograder.grading.submission import Grader
from tests import tiny


@pytest.fixture(scope="session")
def registered(tmp_path_factory):
    """A course whose gradebook knows the unit, as nbgrader's own generate step makes it."""
    course = tiny.write_course(tmp_path_factory.mktemp("registered"))
    register(course, tiny.UNIT, [tiny.notebook(course)])
    return course


@pytest.fixture
def course(registered, tmp_path):
    """A copy of it, for one test alone."""
    return Path(shutil.copytree(registered, tmp_path / "course"))


@pytest.fixture
def book(course):
    with gradebook(course) as opened:
        yield opened


@pytest.fixture(scope="session")
def grader(registered, template):
    return Grader(tiny.reference(registered), template, tiny.PATIENCE)
