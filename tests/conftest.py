"""What tests of every room share: one warm process, forks of it, and how hypothesis looks for counterexamples."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # the nets are small: two threads in each of two processes wait for each other

import pytest
from hypothesis import HealthCheck, settings

from autograder.authoring.build import build
from autograder.sandbox.pool import Template
from tests import authored

for name, examples, fixed in (("house", 60, True), ("explore", 2000, False)):
    settings.register_profile(
        name,
        deadline=None,
        database=None,
        derandomize=fixed,
        max_examples=examples,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "house"))


LONGEST = ("test_notebooks.py", "test_demo_class.py")


def pytest_collection_modifyitems(items):
    """Begin with the files that take minutes: two processes that share the files out then end at about the same time."""
    items.sort(key=lambda item: item.path.name not in LONGEST)


@pytest.fixture(scope="session")
def template():
    """The warm process that students' processes are forked from, isolated as in grading."""
    with Template() as warm:
        yield warm


@pytest.fixture
def sandbox(template):
    """A student's process of the test's own."""
    process = template.fork()
    yield process
    process.close()


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """A course that was built, release and all; not to be written into."""
    made = authored.write(tmp_path_factory.mktemp("built"))
    build(made.course, [authored.UNIT])
    return made
