"""Forged messages: the student writes to the socket himself. Whatever he sends is his own answer, never a fault of the grader."""

import math
import struct
import time

import msgpack
import pytest

from autograder.sandbox.wire import (
    ARRAY,
    COMPLEX,
    GENERATOR,
    INTEGER,
    MAX_FRAME,
    REFERENCE,
    SCALAR,
    SET,
    TENSOR,
    TORCH_GENERATOR,
    TUPLE,
)
from tests import tiny
from tests.attacks.cells import REACH, clean, forge

pack = msgpack.packb


def ext(code, content):
    return msgpack.ExtType(code, content if isinstance(content, bytes) else pack(content))


def refer(side, number, name="f", is_callable=True):
    return ext(REFERENCE, [side, number, name, is_callable])


def array(dtype, shape, content, more=(), code=ARRAY):
    return ext(code, [dtype, shape, content, list(more)])


def described(types=("ValueError",), message="", where=""):
    return {"types": types, "message": message, "where": where}


def nested(depth):
    inner = pack([])
    for _ in range(depth):
        inner = pack([ext(TUPLE, inner)])
    return msgpack.ExtType(TUPLE, inner)


HUGE = 2**63
VALUES = {
    "nothing": None,
    "true": True,
    "an empty list": [],
    "an empty dict": {},
    "text": "ok",
    "a cell without outputs": {"outputs": None, "error": None},
    "a cell whose error is a list": {"outputs": [], "error": [1]},
    "a cell whose error is empty": {"outputs": [], "error": {}},
    "a cell whose error is of numbers": {"outputs": [], "error": described([1, None], 5, [])},
    "a cell with a function as output": {
        "outputs": [refer("student", 0), {"stream": refer("student", 1), "text": 3}],
        "error": None,
    },
    "a cell with endless outputs": {"outputs": [{"stream": "stdout", "text": "x" * 100}] * 2_000, "error": None},
    "a cell with arrays as output": {"outputs": [{"data": {"image/png": array("<f8", [1], b"\0" * 8)}}], "error": None},
    "a call that changes what it was not given": [None, {5: 1, -1: 2, True: 3, "x": 4}],
    "a call that changes its arguments to functions": [None, {0: refer("student", 3)}],
    "a trusted function": refer("trusted", 0),
    "a trusted function that was never sent": refer("trusted", 77),
    "a negative function": refer("trusted", -1),
    "a function beyond all integers": refer("trusted", HUGE),
    "a function numbered by a boolean": refer("trusted", True),
    "a function of nobody": refer("grader", 0),
    "a student's function numbered by chance": [refer("student", -HUGE), {}],
    "an integer of a hundred thousand digits": ext(INTEGER, b"9" * 100_000),
    "an integer that is none": ext(INTEGER, b"0x10"),
    "a complex number cut short": ext(COMPLEX, b"12"),
    "an array of objects": array("|O", [1], b"\0" * 8),
    "an array of an array type": array("(9999,9999)<f8", [1], b"\0" * 8),
    "an array of a thousand fields": array("f8," * 1000, [1], b"\0" * 8),
    "an array larger than its content": array("<f8", [10**9], b"\0" * 8),
    "an array of negative size": array("<f8", [-1], b"\0" * 8),
    "an array whose size overflows": array("<f8", [0, 2**62, 2**62], b""),
    "an array of a hundred dimensions": array("<f8", [1] * 100, b"\0" * 8),
    "an array with letters too wide for memory": array("<U9999999", [1], b""),
    "a scalar that is an array": array("<f8", [1], b"\0" * 8, code=SCALAR),
    "a tensor of text": array("<U1", [1], b"abcd", [True, False], TENSOR),
    "a tensor without its marks": array("<f8", [1], b"\0" * 8, [], TENSOR),
    "a generator of another kind": ext(GENERATOR, b'{"bit_generator": "os"}'),
    "a generator that reads beyond its numbers": ext(
        GENERATOR, b'{"bit_generator": "MT19937", "state": {"key": [' + b"1," * 623 + b'1], "pos": 99999999}}'
    ),
    "a generator of torch that is cut short": ext(TORCH_GENERATOR, b"123"),
    "a set of lists": ext(SET, [[], []]),
    "tuples inside one another, enough to overflow C's stack": nested(400),
    "an unknown kind of value": ext(99, b"x"),
    "a key that cannot be one": b"\x81\x80\x01",
}
ENDS = {
    "not a message": b"\xc1",
    "an empty message": b"",
    "a number": pack(5),
    "a list of one": pack(["ok"]),
    "a dict of three": pack({"ok": 1, "error": 2, "callback": 3}),
    "not a number as peak memory": pack(["ok", None, math.nan]),
    "text as peak memory": pack(["ok", None, "9" * 10_000]),
    "endless peak memory": pack(["ok", [1, {}], ext(INTEGER, b"9" * 4000)]),
    "a function as peak memory": pack(["ok", None, refer("student", 0)]),
    "a negative peak memory": pack(["ok", [42.5, {}], -5]),
    "a kind that is a list": pack([[], [], 0]),
    "an error without a class": pack(["error", None, 0]),
    "an error of no class": pack(["error", described([]), 0]),
    "an error that nobody answers for": pack(["error", described(["SandboxGone", "BaseException"]), 0]),
    "an error that ends a program": pack(["error", described(["SystemExit", "BaseException"]), 0]),
    "an error of the keyboard": pack(["error", described(["KeyboardInterrupt", "BaseException"]), 0]),
    "an error that ends a loop": pack(["error", described(["StopIteration", "Exception"]), 0]),
    "an error that stands for a stub": pack(["error", described(["NotImplementedError", "RuntimeError", "Exception"]), 0]),
    "an error that blames the check": pack(["error", described(["BrokenCheck", "Exception"]), 0]),
    "an error whose class has no name": pack(["error", described(["", "\0", "a" * 100_000]), 0]),
    "an error with numbers for words": pack(["error", described([1, 2], 3, 4), 0]),
    "a call of a function that was never sent": pack(["callback", [10**6, [], {}], 0]),
    "a call of the last function": pack(["callback", [-1, [], {}], 0]),
    "a call of a function by name": pack(["callback", ["f", [], {}], 0]),
    "a call with everything wrong": pack(["callback", [0, 5, [1]], 0]),
    "a call without a function": pack(["callback", None, 0]),
}
MESSAGES = ENDS | {
    f"ok: {name}": pack(["ok", value, 0]) if not isinstance(value, bytes) else pack(["ok"])[:-3] + value
    for name, value in VALUES.items()
}
FRAMES = {
    "a frame larger than the limit": struct.pack("<I", MAX_FRAME + 2**20) + b"x",
    "the largest frame there is": struct.pack("<I", 2**32 - 1),
}


def holds(result):
    """No points for wrong answers, no state that costs nothing, nothing that is not plain."""
    assert result.points == 0
    assert "could_not_check" not in {str(verdict.state) for verdict in result.verdicts.values()}
    assert all(0 <= verdict.peak_memory < 2**50 for verdict in result.verdicts.values())
    assert len(repr(result.to_json())) < 2_000_000


@pytest.mark.usefixtures("neighbour")
@pytest.mark.parametrize("request_", ["cell", "describe", "call", "scenario", "attribute"])
def test_no_forged_answer_earns_a_point_or_blames_the_grader(grader, request_):
    for name, message in MESSAGES.items():
        try:
            holds(tiny.grade(grader, tiny.WRONG, {"": [forge(request_, message)]}))
        except BaseException as error:
            raise AssertionError(f"{name}, in answer to {request_}: {error!r}") from error


@pytest.mark.usefixtures("neighbour")
@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_that_promises_too_much_ends_the_process_alone(grader, name):
    holds(tiny.grade(grader, tiny.WRONG, {"": [forge("call", FRAMES[name], frames=False)]}))


def test_answers_given_before_they_are_asked_for_are_only_the_students_own(grader):
    ahead = clean("""
        for _ in range(50):
            frame(msgpack.packb(["ok", {"outputs": [], "error": None}, 0]))
            frame(msgpack.packb(["ok", [42.5, {}], 0]))
            frame(msgpack.packb(["ok", {"answer": 42.0, "state": "passed", "points": 21}, 0]))
    """)
    holds(tiny.grade(grader, tiny.WRONG, {"": [f"{REACH}\n{ahead}"]}))


@pytest.mark.usefixtures("neighbour")
def test_an_answer_that_comes_byte_by_byte_does_not_outlast_the_check(grader):
    drip = clean("""
        def double(v):
            message = msgpack.packb(["ok", [[0] * 1000, {}], 0])
            for byte in struct.pack("<I", len(message)) + message:
                os.write(wire, bytes([byte])); time.sleep(0.05)
    """)
    result = tiny.grade(grader, tiny.RIGHT | {"tiny/double": f"{REACH}\n{drip}"})
    assert tiny.states(result, "double") == ["timeout", "timeout"]
    assert result.points == tiny.ALL - tiny.POINTS["double"]


@pytest.mark.usefixtures("neighbour")
@pytest.mark.parametrize("call", ["f(1.0)", "f(f)", "f([1.0] * 1000)", "f()"])
def test_calling_back_without_end_ends_with_the_check(grader, call):
    endless = f"def slope(f, at):\n    while True:\n        try:\n            {call}\n        except Exception:\n            pass"
    result = tiny.grade(grader, tiny.RIGHT | {"tiny/slope": endless})
    assert tiny.states(result, "slope") == ["timeout"]
    assert result.points == tiny.ALL - tiny.POINTS["slope"]


EXPENSIVE = {
    "a list of sixty million nothings": "b'\\xdd' + struct.pack('>I', 60_000_000) + b'\\xc0' * 60_000_000",
    "lists of empty lists": "b'\\xdc\\x03\\xe8' + (b'\\xdd' + struct.pack('>I', 60_000) + b'\\x90' * 60_000) * 1000",
    "a million keys": "b'\\xdf' + struct.pack('>I', 1_000_000) + b''.join(msgpack.packb(n) + b'\\xc0' for n in range(1_000_000))",
    "keys that all collide": "b'\\xdf' + struct.pack('>I', 200_000) + b''.join("
    "msgpack.packb(msgpack.ExtType(5, str((n + 10**20) * (2**61 - 1)).encode())) + b'\\xc0' for n in range(200_000))",
    "a dictionary of dictionaries that collide": "b'\\xdc\\x01\\x2c' + (b'\\xdf' + struct.pack('>I', 9_000) + b''.join("
    "msgpack.packb(msgpack.ExtType(5, str((n + 10**20) * (2**61 - 1)).encode())) + b'\\xc0' for n in range(9_000))) * 300",
    "a set that collides": "msgpack.packb(msgpack.ExtType(9, msgpack.packb("
    "[msgpack.ExtType(5, str((n + 10**20) * (2**61 - 1)).encode()) for n in range(200_000)])))",
    "one array in tuples in tuples": "wrap(msgpack.packb(b'x' * 50_000_000), 60)",
}


@pytest.mark.usefixtures("neighbour")
@pytest.mark.parametrize("name", EXPENSIVE)
def test_an_answer_made_to_cost_the_grader_time_or_memory_costs_it_little(grader, name):
    """The parts of a message are counted while it is read, and looking at it has an end."""
    answer = clean(f"""
        def wrap(inner, depth):
            for _ in range(depth):
                inner = msgpack.packb([msgpack.ExtType(4, inner)])
            return inner
        def costly(self, name, arguments):
            if name != "call":
                return true_answer(self, name, arguments)
            message = b"\\x93\\xa2ok\\x92" + {EXPENSIVE[name]} + b"\\x80\\x00"
            return message
        true_answer = type(student)._answer
        type(student)._answer = costly
    """)
    started = time.process_time()  # the grader's own, whatever else runs on this machine
    result = tiny.grade(grader, {"tiny/double": "def double(v): pass"}, {"": [f"{REACH}\n{answer}"]})
    assert time.process_time() - started < 2 * tiny.LONGEST
    holds(result)


@pytest.mark.usefixtures("neighbour")
def test_values_at_and_beyond_the_size_that_may_travel(grader):
    for size in (7_000_000, 9_000_000):
        result = tiny.grade(grader, {"tiny/double": f"def double(v): return np.zeros({size})"})
        assert result.points == 0
        assert tiny.states(result, "double")[0] in ("failed", "error"), size


@pytest.mark.usefixtures("neighbour")
def test_a_closed_socket_is_a_crash_of_the_exercise_that_closed_it(grader):
    closing = "def double(v):\n    os.close(wire)\n    time.sleep(60)\n    return v + v"
    result = tiny.grade(grader, tiny.RIGHT | {"tiny/double": f"{REACH}\n{closing}"})
    assert set(tiny.states(result, "double")) <= {"crashed", "memory"}
    assert result.points == tiny.ALL - tiny.POINTS["double"]


@pytest.mark.usefixtures("neighbour")
def test_a_function_cannot_choose_the_name_by_which_its_source_is_looked_up(grader):
    """`check.source` finds the text by the name that was asked for."""
    sandbox = grader.template.fork()
    try:
        sandbox.run_cell("def double(v): return v\ndouble.__name__ = 'shifted'")
        assert sandbox.describe(["double"])["double"].__name__ == "double"
    finally:
        sandbox.close()
