import pytest

from autograder.grading.submission import Grader
from tests import tiny


@pytest.fixture(scope="session")
def course(tmp_path_factory):
    return tiny.write_course(tmp_path_factory.mktemp("course"))


@pytest.fixture(scope="session")
def grader(course, template):
    return Grader(tiny.reference(course), template, tiny.PATIENCE)
