"""What students install, and what a clone has that they do not."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOR_INSTRUCTORS = ("grading", "gradebook", "feedback", "authoring", "sandbox", "nbgrader_plugins")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder, clone = tmp_path_factory.mktemp("wheel"), tmp_path_factory.mktemp("clone")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, clone)
    for name in ("autograder", "solutions"):
        shutil.copytree(ROOT / name, clone / name)
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        str(folder),
        str(clone),
    ]
    subprocess.run(command, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_the_wheel_for_students_carries_no_answers_and_no_grader(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert not [name for name in names if name.startswith(("solutions", "source", "tests"))]
    assert not [name for name in names if any(name.startswith(f"autograder/{room}") for room in FOR_INSTRUCTORS)]


def test_the_wheel_carries_what_a_student_runs(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for needed in (
        "checks/live.py",
        "lab/__init__.py",
        "lab/noisy_digits.npz",
        "notebooks/checking.py",
        "cli.py",
        "commands.py",
        "health.py",
    ):
        assert f"autograder/{needed}" in names


def test_a_students_install_checks_and_says_which_commands_need_a_clone(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path)
    (tmp_path / "source").mkdir()
    start = (
        "import sys; sys.meta_path = [finder for finder in sys.meta_path if 'editable' not in str(finder).lower()]; "
        f"sys.path.insert(0, {str(tmp_path)!r}); from autograder.cli import main; main()"
    )
    run = [sys.executable, "-P", "-c", start]
    doctor = subprocess.run([*run, "doctor"], cwd=tmp_path, capture_output=True, text=True)
    assert "clone of the course" in doctor.stdout
    grade = subprocess.run([*run, "grade"], cwd=tmp_path, capture_output=True, text=True)
    assert (grade.returncode, grade.stdout) == (2, "")
    assert grade.stderr == "This command is for instructors and works in a clone of the course, with `pip install -e .[grade]`.\n"


@pytest.mark.parametrize("heavy", ["numpy", "torch", "nbgrader", "IPython", "rich"])
def test_help_is_answered_without_importing_anything_heavy(heavy):
    code = (
        "import sys; sys.argv[1:] = ['--help']\n"
        "try:\n    from autograder.cli import main; main()\n"
        f"finally:\n    print({heavy!r} in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.rstrip().endswith("False")


def test_notebooks_of_numpy_units_import_without_torch():
    code = "import sys; sys.modules['torch'] = None\nimport autograder.checks, autograder.lab, solutions.activations"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
