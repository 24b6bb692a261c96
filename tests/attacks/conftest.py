"""One tiny course, one strict sandbox, and the neighbour who is graded right after every attack."""

import pytest

from autograder.grading.submission import Grader
from autograder.sandbox.isolation import Limits
from autograder.sandbox.pool import Template
from tests import tiny


@pytest.fixture(scope="session")
def course(tmp_path_factory):
    return tiny.write_course(tmp_path_factory.mktemp("course"))


@pytest.fixture(scope="session")
def strict():
    """A warm process whose students may use little, so that bombs go off early."""
    with Template(Limits(memory_bytes=400 * 2**20, cpu_seconds=8, processes=24, file_bytes=8 * 2**20)) as template:
        yield template


@pytest.fixture(scope="session")
def grader(course, strict):
    return Grader(tiny.reference(course), strict, tiny.PATIENCE)


@pytest.fixture
def neighbour(grader):
    """Afterwards, an honest student is graded by the same grader, and gets every point."""
    yield
    after = tiny.grade(grader, tiny.RIGHT)
    assert after.points == tiny.ALL, {name: verdict.cause for name, verdict in after.verdicts.items()}
    assert {str(verdict.state) for verdict in after.verdicts.values()} == {"passed"}
