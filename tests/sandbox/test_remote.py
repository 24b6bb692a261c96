"""A student's objects, seen from the trusted process through a real sandbox: they behave as they would in a notebook."""

import collections
import contextlib
import copy
import math
import signal
import time

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis.extra import numpy as hnp

from autograder.sandbox.errors import SandboxCrashed, SandboxTimeout, StudentError
from autograder.sandbox.process import is_missing
from autograder.sandbox.remote import Remote
from autograder.sandbox.wire import MISSING
from autograder.sandbox.write_back import write_back
from tests.sandbox.test_wire import TRAVELS, identical
from tests.strategies import PLAIN, SHAPES

SCRIBBLE = '''
import numpy as np

def scribble(value):
    """Write into everything in a value that can be written to."""
    if isinstance(value, list):
        for item in value[1:]:
            scribble(item)
        value[:1] = [{"more": (1, 2)}]
        value.append("new")
    elif isinstance(value, dict):
        for key in list(value)[1:]:
            scribble(value[key])
        for key in list(value)[:1]:
            del value[key]
        value["new"] = np.ones(2)
    elif isinstance(value, tuple):
        for item in value:
            scribble(item)
    elif isinstance(value, set):
        value.symmetric_difference_update([1, "new"])
    elif isinstance(value, np.ndarray):
        value[...] = np.zeros((), value.dtype) if value.astype(bool).any() else np.ones((), value.dtype)
    elif hasattr(value, "fill_"):
        value.fill_(not value.bool().any())
    elif isinstance(value, np.random.Generator):
        value.normal(size=3)
    return "done"
'''

STUDENT = (
    SCRIBBLE
    + """
import sys

def identity(value):
    return value

def shown(*arguments, scale=1, **more):
    return [arguments, scale, more]

def apply(f, *arguments):
    return f(*arguments)

def keyword(f):
    return f(2, by=3)

def caught(f):
    try:
        return f()
    except Exception as error:
        return [type(error).__name__, str(error)]

def divide(a, b):
    return a / b

def draw(generator, n):
    return generator.normal(size=n)

def step(parameters):
    import torch
    with torch.no_grad():
        parameters["weight"] -= 1

def grow(tensor):
    tensor.resize_(1).fill_(5.0)

def draw_in_torch(generator):
    import torch
    return torch.randn(3, generator=generator)

class Own(Exception):
    pass

class Deeper(Own, LookupError):
    pass

class Unprintable(Exception):
    def __str__(self):
        raise ValueError

class KeyError2(KeyError):
    pass

class Stop(BaseException):
    pass

def raise_(name, *arguments):
    raise {**vars(__builtins__), **globals()}[name](*arguments)

def decode():
    return b"\\xff".decode()

def missing_key():
    return {}["a"]

def group():
    raise ExceptionGroup("two", [ValueError(1)])

def undefined():
    return not_there

def in_a_helper(x):
    def helper(y):
        return y / 0
    return helper(x)

class Counter:
    step = 1
    def __init__(self, start=0):
        self.total = start
        self.weights = np.zeros(2)
    def add(self, more=1):
        self.total += more * self.step
        return self
    def __len__(self):
        return 3
    def __getitem__(self, index):
        if index >= 3:
            raise IndexError(index)
        return index * 10
    def __iter__(self):
        return iter([self.total, self])
    def __enter__(self):
        self.total = 100
        return self
    def __exit__(self, *error):
        self.total = -100
    def __eq__(self, other):
        return True
    __hash__ = None

class Bare:
    __array_interface__ = {"data": (16, True), "shape": (4,), "typestr": "<f8", "version": 3}

one = Counter(1)

def same_one():
    return one

def fresh():
    return Bare()

def count_up(n):
    yield from range(n)

def stop_early():
    yield 1
    raise Own("inside")

def large():
    return np.zeros(65 * 2**17)

def endless():
    value = []
    value.append(value)
    return value

def nest(levels, tuples):
    value = 0
    for _ in range(levels):
        value = (value,) if tuples else [value]
    return value

def odd(name):
    import torch
    return {"sparse": torch.eye(2).to_sparse(), "objects": np.array([object()]), "digits": 10**4500, "surrogate": "\\ud800"}[name]

def chatty():
    print("into the void")
    print("as well", file=sys.stderr)
    return 1
"""
)


@pytest.fixture(scope="module")
def student(template):
    """The objects of one student, in one process."""
    process = template.fork()
    process.deadline = time.monotonic() + 60
    assert process.run_cell(STUDENT).error is None
    names = [line.split("(")[0].split()[1].rstrip(":") for line in STUDENT.split("\n") if line.startswith(("def ", "class "))]

    found = process.describe(names)

    class Names:
        """Every function and class as an attribute; the clock is set anew for each."""

        sandbox = process

        def __getattr__(self, name):
            process.deadline = time.monotonic() + 20
            if name not in found:
                raise AttributeError(name)
            return found[name]

    assert all(isinstance(found[name], Remote) for name in names)
    yield Names()
    assert process.alive, "a test that ends the process must have one of its own"
    process.close()


# calls


@given(TRAVELS)
def test_a_value_goes_there_and_comes_back_as_it_was(student, value):
    assert identical(value, student.identity(value))


def test_arguments_arrive_in_their_places_and_under_their_names(student):
    assert student.shown() == [(), 1, {}]
    assert student.shown(1, "b", scale=2, other=[3]) == [(1, "b"), 2, {"other": [3]}]


# arguments changed in place come back

HERE = {}
exec(SCRIBBLE, HERE)


@given(PLAIN)
def test_what_a_function_does_to_its_arguments_there_is_done_to_them_here(student, value):
    here, there = copy.deepcopy(value), copy.deepcopy(value)
    HERE["scribble"](here)
    assert student.scribble(there) == "done"
    assert identical(here, there)


def changed(student, argument, **keywords):
    """An argument after the student has scribbled into it, and what else refers to its parts."""
    assert student.scribble(argument, **keywords) == "done"
    return argument


def test_an_array_is_written_to_where_it_lies(student):
    array = np.ones((3, 4))
    changed(student, array[1:, ::2])
    assert array.tolist() == [[1, 1, 1, 1], [0, 1, 0, 1], [0, 1, 0, 1]]


def test_parts_that_are_kept_stay_the_same_objects(student):
    inner, array = {"a": 0, "b": [1]}, np.ones(2)
    outer = [0, inner, array, (array,)]
    changed(student, outer)
    assert outer[1] is inner
    assert outer[2] is array
    assert (array == 0).sum() in (0, 2)


def test_arrays_in_tuples_in_a_list_are_written_to_where_they_lie(student):
    m, v = np.ones(2), np.ones(3)
    state = [0, (1, (m, v)), ((v,),)]
    changed(student, state)
    assert state[1][1][0] is m
    assert m.tolist() == [0, 0]


def test_an_argument_given_by_name_comes_back_changed(student):
    array = np.ones(2)
    assert student.scribble(value=array) == "done"
    assert array.tolist() == [0, 0]


def test_deleted_keys_are_deleted_and_new_ones_are_there(student):
    value = {"gone": 1, "kept": [1, 2], (1, "t"): {3}}
    assert changed(student, value) == {"kept": [{"more": (1, 2)}, 2, "new"], (1, "t"): {3, 1, "new"}, "new": value["new"]}


def test_a_generator_is_where_the_student_left_it(student):
    mine, twin = np.random.default_rng(5), np.random.default_rng(5)
    assert np.array_equal(student.draw(mine, 4), twin.normal(size=4))
    assert np.array_equal(mine.normal(size=4), twin.normal(size=4))


def test_a_tensor_is_written_to_where_it_lies_and_keeps_its_history(student):
    tensor = torch.ones(2, 3, requires_grad=True)
    student.apply(lambda t: None, tensor)
    assert tensor.requires_grad
    plain = torch.ones(2, 3)
    row = plain[1]
    changed(student, row)
    assert plain.tolist() == [[1, 1, 1], [0, 0, 0]]


def test_a_parameter_is_written_to_although_it_arrives_as_a_tensor(student):
    parameter = torch.nn.Parameter(torch.ones(2))
    holder = {"kept": None, "deleted": 0, "weight": parameter}
    student.step(holder)
    assert holder["weight"] is parameter
    assert parameter.tolist() == [0, 0]
    assert parameter.requires_grad


def test_a_dictionary_of_a_kind_of_its_own_is_written_to_where_it_lies(student):
    inner = collections.OrderedDict(weight=torch.ones(2))
    holder = [inner]
    student.step(holder[0])
    assert type(inner) is collections.OrderedDict
    assert inner["weight"].tolist() == [0, 0]


def test_a_tensor_that_changed_its_shape_over_there_leaves_the_one_here_alone(student):
    tensor = torch.ones(3)
    student.grow(tensor)
    assert tensor.tolist() == [1, 1, 1]


def test_a_generator_of_torch_is_where_the_student_left_it(student):
    mine, twin = torch.Generator().manual_seed(5), torch.Generator().manual_seed(5)
    assert torch.equal(student.draw_in_torch(mine), torch.randn(3, generator=twin))
    assert torch.equal(torch.randn(3, generator=mine), torch.randn(3, generator=twin))


def test_a_students_own_object_among_the_arguments_is_not_asked_for_anything(student):
    holder, one = [0, None], student.fresh()
    holder[1] = one
    calls = student.sandbox.calls
    student.scribble(holder)
    assert holder[1] is one
    assert student.sandbox.calls == calls + 1


def test_an_array_that_must_not_be_written_to_stays_as_it_is(student):
    array = np.ones(2)
    array.flags.writeable = False
    changed(student, array)
    assert array.tolist() == [1, 1]


@given(hnp.arrays("f8", SHAPES), hnp.arrays("f8", SHAPES))
def test_an_array_takes_the_numbers_of_one_of_its_shape_and_no_others(mine, theirs):
    before = mine.copy()
    write_back(mine, theirs)
    assert np.array_equal(mine, theirs if theirs.shape == before.shape else before, equal_nan=True)


# functions that are called back


def test_a_function_that_is_passed_is_called_back_with_its_arguments(student):
    assert student.apply(lambda a, b: a - b, 5, 3) == 2
    assert student.keyword(lambda a, by: [a, by]) == [2, 3]
    assert np.array_equal(student.apply(np.cumsum, np.arange(4.0)), [0, 1, 3, 6])


def test_a_function_that_is_called_back_may_call_the_student_again(student):
    identity = student.identity
    assert student.apply(lambda x: identity(x) + student.apply(identity, x), 4) == 8
    assert student.apply(identity, "theirs") == "theirs", "their own function needs no way back"


@pytest.mark.parametrize(
    ("error", "seen"),
    [
        (ValueError("no"), ["ValueError", "no"]),
        (ZeroDivisionError("by 0"), ["ZeroDivisionError", "by 0"]),
        (NotImplementedError(), ["NotImplementedError", ""]),
        (StudentError("own"), ["RuntimeError", "own"]),
    ],
)
def test_an_exception_in_a_function_that_was_called_back_can_be_caught_there_and_comes_through_here(student, error, seen):
    def fails():
        raise error

    assert student.caught(fails) == seen
    with pytest.raises(RuntimeError if seen[0] == "RuntimeError" else type(error)) as raised:
        student.apply(fails)
    assert str(raised.value) == seen[1]


def test_an_object_that_cannot_travel_is_told_to_the_author_and_nothing_is_sent(student):
    calls = student.sandbox.calls
    for value in (object(), np.array([object()]), [np.random.RandomState(1)]):
        with pytest.raises(Exception, match="cannot travel to the student's process; make it in a scenario"):
            student.identity(value)
    assert student.identity(1) == 1
    assert student.sandbox.calls > calls


# numpy's warnings


def test_errstate_around_a_call_holds_over_there(student):
    divide, zero = student.divide, np.zeros(1)
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError, match="divide by zero"):
        divide(np.ones(1), zero)
    with np.errstate(all="ignore"):
        assert np.isinf(divide(np.ones(1), zero))[0]
    with np.errstate(invalid="raise", divide="ignore"):
        assert np.isinf(divide(np.ones(1), zero))[0]


# objects


def test_an_object_stays_there_and_is_driven_by_its_methods(student):
    counter = student.Counter(3)
    assert isinstance(counter, Remote)
    assert counter.add(4).add(more=5).total == 12
    counter.step = 10
    counter.weights = np.arange(2.0)
    assert counter.add().total == 22
    assert counter.weights.tolist() == [0, 1]
    assert student.Counter.step == 1, "only the object's own attribute was set"
    assert (len(counter), counter[2]) == (3, 20)
    assert repr(counter) == "<Counter in the student's process>"
    with pytest.raises(IndexError, match="3"):
        counter[3]
    with pytest.raises(AttributeError, match="'Counter' object has no attribute 'nothing'"):
        _ = counter.nothing


def test_a_context_manager_is_entered_and_left(student):
    counter = student.Counter()
    with counter as inside:
        assert inside is counter
        assert inside.total == 100
    assert counter.total == -100


def test_an_iterator_gives_its_items_and_ends(student):
    assert list(student.count_up(4)) == [0, 1, 2, 3]
    assert list(student.count_up(0)) == []
    first, second = student.Counter(7)
    assert first == 7
    assert second.total == 7
    numbers = iter(student.count_up(1))
    assert (next(numbers), next(numbers, "end")) == (0, "end")


def test_an_exception_inside_an_iterator_is_not_its_end(student):
    with pytest.raises(StudentError, match="inside"):
        list(student.stop_early())


def test_the_same_object_is_the_same_proxy_and_two_objects_are_two(student):
    one = student.same_one()
    assert student.same_one() is one
    assert student.identity(one) is one
    assert [one][0] == one
    assert student.fresh() is not student.fresh()


def test_a_student_object_is_equal_to_nothing_but_itself(student):
    one = student.Counter(1)
    for other in (1, None, True, "x", student.Counter(1), math.nan):
        assert not one == other  # noqa: SIM201
        assert one != other
    assert bool(student.fresh()), "an object is true, whatever it says of its length"


@pytest.mark.parametrize(
    "name", ["__array_interface__", "__array__", "__array_struct__", "__deepcopy__", "__code__", "__globals__"]
)
def test_what_libraries_look_up_by_themselves_is_not_asked_of_a_student(student, name):
    one, calls = student.fresh(), student.sandbox.calls
    with pytest.raises(AttributeError, match=f"{name} of a student's object cannot be asked for; use a scenario"):
        getattr(one, name)
    assert student.sandbox.calls == calls


def test_numpy_sees_an_object_and_not_the_memory_it_points_to(student):
    array = np.asarray(student.fresh())
    assert (array.shape, array.dtype) == ((), np.dtype(object))


@pytest.mark.parametrize(
    ("use", "complaint"),
    [
        (len, "'Bare' object has no len()"),
        (iter, "'Bare' object is not iterable"),
        (lambda one: one[0], "'Bare' object is not subscriptable"),
    ],
)
def test_an_object_that_cannot_be_used_so_says_it_as_python_does(student, use, complaint):
    with pytest.raises(TypeError) as error:
        use(student.fresh())
    assert str(error.value) == complaint


# exceptions


@pytest.mark.parametrize(
    ("name", "arguments", "kinds", "called", "message"),
    [
        ("ValueError", ("no",), (ValueError,), "ValueError", "no"),
        ("NotImplementedError", (), (NotImplementedError,), "NotImplementedError", ""),
        ("MemoryError", (), (MemoryError,), "MemoryError", ""),
        ("FileNotFoundError", (2, "gone"), (FileNotFoundError, OSError), "FileNotFoundError", "[Errno 2] gone"),
        ("KeyError", ("a",), (KeyError, LookupError), "KeyError", "'a'"),
        ("KeyError2", ("a",), (KeyError,), "KeyError2", "'a'"),
        ("Own", ("mine",), (StudentError,), "Own", "mine"),
        ("Deeper", ("mine",), (LookupError,), "Deeper", "mine"),
        ("Exception", ("bare",), (StudentError,), "Exception", "bare"),
        ("Unprintable", (), (StudentError,), "Unprintable", ""),
        ("UnicodeDecodeError", ("utf-8", b"a", 0, 1, "no"), (ValueError,), "UnicodeDecodeError", None),
        ("StopIteration", (3,), (RuntimeError,), "StopIteration", "3"),
        ("SystemExit", (3,), (StudentError,), "SystemExit", "3"),
        ("KeyboardInterrupt", (), (StudentError,), "KeyboardInterrupt", ""),
        ("GeneratorExit", (), (StudentError,), "GeneratorExit", ""),
        ("Stop", ("own",), (StudentError,), "Stop", "own"),
    ],
)
def test_an_exception_comes_through_under_its_name_and_does_not_end_the_process(student, name, arguments, kinds, called, message):
    with pytest.raises(kinds) as raised:
        student.raise_(name, *arguments)
    assert type(raised.value).__name__ == called
    assert message is None or str(raised.value) == message
    assert isinstance(raised.value, kinds)
    assert student.identity(1) == 1


def test_an_exception_is_told_with_the_innermost_line_of_the_students_code(student):
    with pytest.raises(ZeroDivisionError) as raised:
        student.in_a_helper(1)
    assert raised.value.where_over_there.endswith(": return y / 0")
    assert raised.value.types_over_there[:2] == ("ZeroDivisionError", "ArithmeticError")


def test_pythons_own_messages_are_not_quoted_twice(student):
    with pytest.raises(KeyError) as raised:
        student.missing_key()
    assert str(raised.value) == "'a'"
    with pytest.raises(UnicodeError) as raised:
        student.decode()
    assert str(raised.value) == "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"
    assert type(raised.value).__name__ == "UnicodeDecodeError"
    with pytest.raises(StudentError) as raised:
        student.group()
    assert (type(raised.value).__name__, str(raised.value)) == ("ExceptionGroup", "two (1 sub-exception)")


def test_a_name_that_the_students_code_missed_is_remembered(student):
    with pytest.raises(NameError):
        student.undefined()
    assert "not_there" in student.sandbox.undefined


def test_while_inputs_are_secret_an_exception_says_only_what_was_known_before(student):
    try:
        student.sandbox.quotable = frozenset()
        with pytest.raises(ValueError) as raised:  # noqa: PT011
            student.raise_("ValueError", "the input was 0.1234")
        assert (str(raised.value), raised.value.where_over_there) == ("", "")
        with pytest.raises(StudentError) as own:
            student.raise_("Own", "0.1234")
        assert "Own" not in own.value.types_over_there
    finally:
        student.sandbox.quotable = None


# values that are too much


@pytest.mark.parametrize(
    ("name", "arguments", "sentence"),
    [
        ("large", (), "this value is too large: 65 MB, the limit is 64 MB"),
        ("endless", (), "this value cannot travel: recursion limit exceeded."),
        ("nest", (100, True), "this value cannot travel: more than 22 tuples inside one another"),
        ("nest", (10_000, False), "this value cannot travel: recursion limit exceeded."),
        ("odd", ("sparse",), "this value cannot travel: "),
        ("odd", ("digits",), "an integer with more than 4000 digits cannot travel"),
        ("odd", ("surrogate",), "this value cannot travel: 'utf-8' codec can't encode"),
    ],
)
def test_a_result_that_cannot_travel_is_an_error_of_one_call_and_not_the_end(student, name, arguments, sentence):
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        getattr(student, name)(*arguments)
    assert str(raised.value).startswith(sentence)
    assert student.identity("alive") == "alive"


def test_nesting_that_somebody_might_write_travels(student):
    assert student.nest(20, True)[0][0] is not None
    assert student.nest(200, False)[0][0] is not None


def test_an_array_of_objects_stays_there(student):
    assert isinstance(student.odd("objects"), Remote)


# names


def test_names_are_described_as_values_or_objects_or_left_out(sandbox):
    sandbox.run_cell(f"number, array, nothing = 3, [1.5], None\ndef f(): return 1\nodd = {{{MISSING!r}: [1, 2]}}")
    found = sandbox.describe(["number", "array", "nothing", "f", "absent", "odd"])
    assert list(found) == ["number", "array", "nothing", "f", "odd"]
    assert (found["number"], found["array"], found["nothing"], found["f"]()) == (3, [1.5], None, 1)


@pytest.mark.parametrize(
    ("value", "missing"),
    [
        ({MISSING: True}, True),
        ({MISSING: np.ones(2)}, False),
        ({MISSING: 1}, False),
        ({MISSING: True, "a": 1}, False),
        (None, False),
        ({}, False),
    ],
)
def test_only_the_mark_itself_says_that_a_name_is_missing(value, missing):
    assert is_missing(value) is missing


def test_a_function_put_in_the_place_of_a_name_is_what_the_students_code_calls(sandbox):
    sandbox.run_cell("def helper(x): return 'wrong'\ndef answer(x): return helper(x) * 2")
    sandbox.bind("helper", lambda x: x + 1)
    assert sandbox.describe(["answer"])["answer"](4) == 10


def test_a_scenario_sees_the_setup_and_its_arguments_and_nothing_of_the_notebook(sandbox):
    sandbox.run_setup("import math\nfrom autograder.checks import check\nlimit = 3")
    sandbox.run_cell("limit = 99\nmath = None\nmine = 1\ndef f(x): return x * limit")
    f = sandbox.describe(["f"])["f"]
    scenario = sandbox.scenario("def scenario(f, x):\n    return [f(x), limit, math.floor(1.5), 'mine' in globals()]", "scenario")
    assert scenario(f, 2) == [198, 3, 1, False]


# cells


def test_what_a_cell_prints_shows_and_raises_is_kept(sandbox):
    result = sandbox.run_cell("import sys\nprint('out')\nprint('err', file=sys.stderr)\n1 + 1")
    assert result.error is None
    assert result.outputs == [{"stream": "stdout", "text": "out\n2\n"}, {"stream": "stderr", "text": "err\n"}]
    failed = sandbox.run_cell("x = 1\nprint('before')\nx / 0")
    assert failed.outputs == [{"stream": "stdout", "text": "before\n"}]
    assert (failed.error["types"][0], failed.error["message"], failed.error["where"]) == (
        "ZeroDivisionError",
        "division by zero",
        "line 3: x / 0",
    )


def test_a_plot_is_kept_as_a_picture(sandbox):
    result = sandbox.run_cell("import matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.show()")
    (picture,) = [output["data"]["image/png"] for output in result.outputs if "image/png" in output.get("data", {})]
    assert picture.startswith("iVBOR")


def test_a_cell_that_is_not_python_is_told_with_its_line(sandbox):
    error = sandbox.run_cell("x = 1\nif x = 2:\n    pass").error
    assert error["types"][0] == "SyntaxError"
    assert error["where"] == "line 2: if x = 2:"


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("raise SystemExit(3)", "SystemExit"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("class S(BaseException): ...\nraise S", "S"),
    ],
)
def test_a_cell_that_wants_to_end_everything_ends_only_itself(sandbox, source, name):
    assert sandbox.run_cell(source).error["types"][0] == name
    assert sandbox.run_cell("x = 1").error is None
    assert sandbox.describe(["x"]) == {"x": 1}


def test_what_a_function_prints_does_not_disturb_the_wire(student):
    assert student.chatty() == 1


def test_what_it_costs_is_counted(sandbox):
    calls = sandbox.calls
    sandbox.run_cell("x = bytearray(30 * 2**20)")
    assert sandbox.calls == calls + 1
    assert sandbox.peak_memory > 30 * 2**20


# the end of a process

CRASHES = [
    ("import os\nos._exit(3)", {3}),
    ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", {-signal.SIGKILL}),
    ("import ctypes\nctypes.string_at(0)", {-signal.SIGSEGV}),
    ("import os\nos.abort()", {-signal.SIGABRT}),
]


@pytest.mark.parametrize(("source", "statuses"), CRASHES, ids=["exit", "kill", "segfault", "abort"])
def test_a_process_that_ends_is_a_crash_with_its_exit_status(sandbox, source, statuses):
    with pytest.raises(SandboxCrashed, match="the connection ended"):
        sandbox.run_cell(source)
    assert not sandbox.alive
    assert sandbox.close() in statuses
    with pytest.raises(SandboxCrashed, match="the process has ended"):
        sandbox.run_cell("1")


def test_no_except_of_a_check_swallows_the_end_of_a_process(sandbox):
    sandbox.run_cell("import os\ndef f(): os._exit(1)")
    f = sandbox.describe(["f"])["f"]

    def check():
        with contextlib.suppress(Exception):
            f()
        return "the check went on"

    with pytest.raises(SandboxCrashed):
        check()


@pytest.mark.parametrize(
    "source", ["while True: pass", "import time\ntime.sleep(60)", "try:\n    while True: pass\nexcept BaseException:\n    pass"]
)
def test_code_that_does_not_end_is_ended_at_the_deadline(sandbox, source):
    sandbox.deadline = time.monotonic() + 0.2
    started = time.monotonic()
    with pytest.raises(SandboxTimeout, match="no answer in time"):
        sandbox.run_cell(source)
    assert time.monotonic() - started < 10
    assert not sandbox.alive
    assert sandbox.close() == -signal.SIGKILL


def test_a_function_that_calls_back_for_ever_is_ended_at_the_deadline(sandbox):
    sandbox.run_cell("def f(g):\n    while True: g()")
    f = sandbox.describe(["f"])["f"]
    sandbox.deadline = time.monotonic() + 0.2
    with pytest.raises(SandboxTimeout):
        f(lambda: None)


def test_closing_twice_gives_the_same_status(template):
    process = template.fork()
    status = process.close()
    assert process.close() == status
    assert not process.alive


def test_two_students_share_nothing(template):
    first, second = template.fork(), template.fork()
    try:
        first.run_cell("mine = 1\nimport numpy\nnumpy.sum = None\nnumpy.cos = None")
        assert second.describe(["mine"]) == {}
        assert second.run_cell("import numpy\ntotal = int(numpy.sum([1, 2])) + len('a')").error is None
        assert second.describe(["total"]) == {"total": 4}
        assert len("here") == 4
    finally:
        first.close()
        second.close()


def test_students_run_isolated_unless_somebody_says_otherwise(sandbox):
    assert sandbox.isolation.level == "full", sandbox.isolation.missing


def test_random_numbers_that_nobody_seeded_are_the_same_for_every_student(template):
    drawn = []
    for _ in range(2):
        process = template.fork()
        process.run_cell("import random\nimport numpy as np\nr = [random.random(), float(np.random.rand())]")
        drawn.append(process.describe(["r"])["r"])
        process.close()
    assert drawn[0] == drawn[1]
