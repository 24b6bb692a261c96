import subprocess
import sys


def test_the_lab_works_without_torch_and_imports_what_is_heavy_late():
    program = """
import sys

class NoTorch:
    def find_spec(self, name, *_):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, NoTorch())
from autograder import lab
lab.data.digits()
lab.experiments.relu_film(0.1, (1,))
"""
    subprocess.run([sys.executable, "-c", program], check=True)
    light = (
        "import sys, autograder.lab\nprint([name for name in ('torch', 'sklearn', 'matplotlib', 'IPython') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", light], check=True, capture_output=True, text=True).stdout.strip() == "[]"


def test_the_examples_in_the_docstrings():
    import doctest
    import importlib

    for name in ("curves", "data", "guess", "numeric", "vault"):
        module = importlib.import_module(f"autograder.lab.{name}")
        result = doctest.testmod(module)
        assert result.attempted > 0
        assert result.failed == 0
