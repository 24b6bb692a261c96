"""Answers that pretend to be right: objects, subclasses, patched libraries. What counts is plain data, compared elsewhere."""

import pytest

from tests import tiny
from tests.attacks.cells import clean

CHEATS = {
    "strip asserts and raises out of every cell": """
        import ast
        class Strip(ast.NodeTransformer):
            def visit_Assert(self, node): return ast.Pass()
            def visit_Raise(self, node): return ast.Pass()
        get_ipython().ast_transformers.append(Strip())
    """,
    "patch every comparison of numpy": """
        import numpy as np
        for name in ("allclose", "isclose", "array_equal", "equal", "array_equiv", "all"):
            setattr(np, name, lambda *a, **k: True)
        np.testing.assert_allclose = np.testing.assert_array_equal = lambda *a, **k: None
    """,
    "patch torch": """
        import torch
        torch.allclose = torch.equal = torch.isclose = lambda *a, **k: True
        torch.Tensor.__eq__ = lambda self, other: torch.ones(1, dtype=torch.bool)
    """,
    "patch builtins": """
        import builtins
        builtins.isinstance = lambda *a: True
        builtins.abs = lambda *a: 0
        builtins.len = lambda *a: 2
        builtins.all = builtins.any = lambda *a: True
        builtins.AssertionError = type("Quiet", (Exception,), {})
    """,
    "put a friendly module in the place of the checks": """
        import sys, types
        for name in [name for name in sys.modules if name.startswith("autograder.checks")]:
            fake = types.ModuleType(name)
            fake.check = type("Check", (), {"__getattr__": lambda self, name: lambda *a, **k: True})()
            sys.modules[name] = fake
    """,
    "patch the checks in place": """
        import autograder.checks.compare, autograder.checks.judging, autograder.checks.plain, autograder.checks.claims
        autograder.checks.compare.difference = lambda *a, **k: None
        autograder.checks.plain.same = autograder.checks.judging.same = lambda *a, **k: True
        autograder.checks.judging.judge = lambda run, expected, fingerprints, blank, **k: blank
        for name in ("equal", "true", "number", "gradient"):
            setattr(autograder.checks.claims.Check, name, lambda *a, **k: None)
    """,
    "redefine the names that a check cell uses": """
        check = type("Check", (), {"__getattr__": lambda self, name: lambda *a, **k: None})()
        get_ipython = lambda: None
        __name__ = "__grader__"
        x = np.zeros(0)
        exec = eval = compile = lambda *a, **k: None
    """,
    "swap the magic that runs check cells": """
        from IPython.core.magic import register_cell_magic
        @register_cell_magic("check")
        def check_magic(line, cell): print("passed, 21 of 21 points")
    """,
    "claim points in print, in a display and in a result file": """
        import json
        from IPython.display import HTML, display
        print(json.dumps({"score": 21, "max_score": 21, "state": "passed"}))
        display(HTML("<b>21 of 21</b>"))
        display({"application/vnd.autograder.verdict+json": {"state": "passed", "points": 21}}, raw=True)
        open("result.json", "w").write('{"points": 21}')
    """,
    "hook every future import": """
        import builtins
        real = builtins.__import__
        def hooked(name, *rest):
            module = real(name, *rest)
            if hasattr(module, "allclose"): module.allclose = lambda *a, **k: True
            return module
        builtins.__import__ = hooked
    """,
    "trace and profile whatever runs": """
        import sys, threading
        def spy(frame, event, argument):
            for name in ("expected", "right", "recorded"):
                if name in frame.f_locals: frame.f_locals["got"] = frame.f_locals[name]
            return spy
        sys.setprofile(lambda *a: None); threading.settrace(spy)
    """,
}


@pytest.mark.usefixtures("neighbour")
@pytest.mark.parametrize("attempt", CHEATS)
def test_a_tampered_process_earns_nothing_for_wrong_answers(grader, attempt):
    result = tiny.grade(grader, tiny.WRONG, {"": [clean(CHEATS[attempt])]})
    assert result.points == 0
    assert "could_not_check" not in {str(verdict.state) for verdict in result.verdicts.values()}


EQUAL = """
class Equal(BASE):
    shape, dtype, ndim, size = (3,), float, 1, 3
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __hash__(self): return 0
    def __bool__(self): return True
    def __float__(self): return 7.5
    def __complex__(self): return 7.5 + 0j
    def __index__(self): return 7
    def __sub__(self, other): return 0.0
    __rsub__ = __mul__ = __add__ = __radd__ = __sub__
    def __lt__(self, other): return True
    __le__ = __gt__ = __ge__ = __lt__
    def __abs__(self): return 0.0
    def __array__(self, *a, **k): return np.zeros(3)
    def __array_ufunc__(self, *a, **k): return True
    def __array_function__(self, *a, **k): return True
    __array_priority__ = 1e9
    __class__ = property(lambda self: float)
    def __reduce__(self): return (print, ("unpickled",))
    def __call__(self, *a, **k): return self
    def __iter__(self): return iter(())
    def __instancecheck__(self, other): return True
"""
BASES = ("object", "float", "int", "str", "dict", "list", "tuple", "np.ndarray")
MAKE = {
    "np.ndarray": "np.zeros(3).view(Equal)",
    "str": "Equal('x')",
    "dict": "Equal()",
    "list": "Equal()",
    "tuple": "Equal()",
    "object": "Equal()",
}


@pytest.mark.usefixtures("neighbour")
@pytest.mark.parametrize("base", BASES)
def test_an_object_that_equals_everything_is_worth_nothing(grader, base):
    make = MAKE.get(base, "Equal(1)")
    lie = clean(EQUAL.replace("BASE", base))
    answers = {name: f"def {name.partition('/')[2]}(*a, **k):\n    return {make}" for name in tiny.RIGHT}
    answers |= {"tiny/Counter": f"class Counter:\n    def __init__(self, *a): self.total = {make}\n    def add(self, more): pass"}
    answers |= {"tiny/answer": f"answer = {make}"}
    assert tiny.grade(grader, answers, {"": [lie]}).points == 0


@pytest.mark.usefixtures("neighbour")
@pytest.mark.parametrize(
    "pointer",
    [
        "__array_interface__ = {'data': (8, False), 'shape': (6,), 'typestr': '<f8', 'version': 3}",
        "__array_struct__ = 8",
        "__cuda_array_interface__ = {'data': (8, False), 'shape': (6,), 'typestr': '<f8', 'version': 3}",
        "__buffer__ = 8",
        "__dlpack__ = 8",
    ],
)
def test_an_object_cannot_make_numpy_read_the_grading_processs_memory(grader, pointer):
    answers = tiny.RIGHT | {"tiny/parts": f"class A:\n    ndim = 1\n    {pointer}\ndef parts(v):\n    return [A(), A()]"}
    result = tiny.grade(grader, answers)
    assert tiny.earned(result, "parts") == 0
    assert result.points == tiny.ALL - tiny.POINTS["parts"]


@pytest.mark.usefixtures("neighbour")
def test_fewer_or_more_results_than_asked_for_are_not_a_vacuous_pass(grader):
    for parts in ("[]", "()", "{}", "''", "[v[:3], v[3:], v[:0]]", "iter(())", "np.zeros((0, 3))"):
        result = tiny.grade(grader, tiny.RIGHT | {"tiny/parts": f"def parts(v):\n    return {parts}"})
        assert tiny.earned(result, "parts") == 0, parts


@pytest.mark.usefixtures("neighbour")
def test_numbers_copied_from_the_visible_check_earn_the_visible_points_alone(grader):
    result = tiny.grade(grader, {"tiny/double": "def double(v):\n    return np.array([2.0, -5.0, 8.0])"})
    assert tiny.states(result, "double") == ["passed", "failed"]
    assert result.points == 2


@pytest.mark.usefixtures("neighbour")
def test_a_function_of_the_check_handed_back_is_no_answer(grader):
    answers = {"tiny/slope": "def slope(f, at):\n    return f", "tiny/double": "def double(v):\n    return double"}
    assert tiny.grade(grader, answers).points == 0


@pytest.mark.usefixtures("neighbour")
def test_a_function_of_the_check_called_after_its_check_gives_nothing(grader):
    answers = tiny.WRONG | {
        "tiny/slope": "kept = []\ndef slope(f, at):\n    kept.append(f)\n    return 0.0",
        "tiny/Counter": "class Counter:\n    def __init__(self, start):\n        self.total = kept[0](1.0) if kept else 0\n"
        "    def add(self, more):\n        self.total = kept[0](kept[0])",
    }
    assert tiny.grade(grader, answers).points == 0


@pytest.mark.usefixtures("neighbour")
def test_arguments_written_to_by_the_student_do_not_move_the_target(grader):
    answers = tiny.WRONG | {"tiny/double": "def double(v):\n    v[:] = 0.0\n    return v"}
    assert tiny.grade(grader, answers).points == 0


@pytest.mark.usefixtures("neighbour")
@pytest.mark.parametrize(
    "value", ["float('nan')", "float('inf')", "-1e308", "10**3000", "True", "None", "np.full(3, np.nan)", "[42.5]", "'42.5'"]
)
def test_odd_numbers_are_not_the_answer_to_a_question(grader, value):
    result = tiny.grade(grader, tiny.RIGHT | {"tiny/answer": f"answer = {value}"})
    assert tiny.earned(result, "answer") == 0
    assert result.points == tiny.ALL - 1
