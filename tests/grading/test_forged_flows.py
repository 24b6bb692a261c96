"""Whatever a student's process says, in whatever order: a check earns all of its points or none, and nothing else comes of it.

Here there is no student's process at all. A thread answers every request of the grader with messages that hypothesis makes up.
"""

import json
import socket
import struct
import threading

import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.checks.verdict import State
from autograder.grading.result import Result
from autograder.grading.settings import Patience
from autograder.grading.submission import Grader
from autograder.sandbox.codec import Codec
from autograder.sandbox.process import Sandbox
from autograder.sandbox.wire import Reference
from tests import tiny

GREETING = json.dumps({"level": "full", "measures": [], "missing": []}).encode()
CODEC = Codec(lambda value: value, lambda reference: reference)
MINE, YOURS = (
    Codec(lambda value, side=side: Reference(side, 0, "f", True), lambda reference: reference) for side in ("student", "trusted")
)


def frame(message):
    return struct.pack("<I", len(message)) + message


class Forger:
    """In the place of the template: every fork is a thread that answers with the next of the messages, round and round."""

    alive = True

    def __init__(self, messages, status):
        self.messages, self.status, self.threads = messages, status, []

    def fork(self):
        ours, theirs = socket.socketpair()
        thread = threading.Thread(target=self.answer, args=(theirs,), daemon=True)
        thread.start()
        self.threads.append(thread)
        return Sandbox(ours, 0, lambda process, patience: self.status)

    def answer(self, connection):
        setup = True
        with connection:
            connection.sendall(frame(GREETING))
            position = 0
            while True:
                try:
                    length = connection.recv(4, socket.MSG_WAITALL)
                    if len(length) < 4:
                        return
                    request = connection.recv(struct.unpack("<I", length)[0], socket.MSG_WAITALL)
                    if setup and b"setup" in request[:20]:
                        connection.sendall(frame(msgpack.packb(["ok", None, 0])))
                        continue
                    setup = False
                    connection.sendall(frame(self.messages[position % len(self.messages)]))
                    position += 1
                except OSError:
                    return


numbers = st.integers(-(2**63), 2**64 - 1) | st.floats() | st.booleans() | st.none()
words = st.text(max_size=8) | st.sampled_from(
    ["double", "answer", "types", "message", "where", "outputs", "error", "NotImplementedError"]
)
arrays = st.sampled_from(
    [np.zeros(3), np.full(3, np.nan), np.ones((2, 0)), np.float64(1), np.array(["x"]), np.array(True), 42.5, 10**40]
)
functions = st.sampled_from([object()])
values = st.recursive(
    numbers | words | arrays | st.binary(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(words | st.integers(-2, 3), inner, max_size=3) | st.tuples(inner, inner)
    ),
    max_leaves=8,
)
errors = st.fixed_dictionaries({"types": st.lists(words, max_size=3), "message": words, "where": words})
cells = st.fixed_dictionaries({"outputs": st.lists(values, max_size=2), "error": st.none() | errors | values})
names = st.fixed_dictionaries({name.partition("/")[2]: values | functions for name in tiny.RIGHT})
calls = st.tuples(values, st.dictionaries(st.integers(-1, 3), values, max_size=2)).map(list)
peaks = numbers | words
contents = st.one_of(
    st.tuples(st.just("ok"), cells, peaks),
    st.tuples(st.just("ok"), names, peaks),
    st.tuples(st.just("ok"), calls, peaks),
    st.tuples(st.just("error"), errors | values, peaks),
    st.tuples(
        st.sampled_from(["callback", "", None, 7]),
        st.tuples(st.integers(-2, 3), st.lists(values, max_size=2), st.just({})) | values,
        peaks,
    ),
    st.tuples(values, values),
)
messages = st.tuples(contents, st.sampled_from([MINE, YOURS])).map(lambda made: made[1].pack(list(made[0]))) | st.binary(
    max_size=12
)


@pytest.fixture(scope="module")
def reference(course):
    return tiny.reference(course)


@given(sent=st.lists(messages, min_size=1, max_size=12), status=st.sampled_from([-9, -11, 0, 1, 255]))
def test_no_flow_of_answers_earns_a_point_or_costs_more_than_its_own(reference, sent, status):
    forger = Forger(sent, status)
    grader = Grader(reference, forger, Patience(cell=0.5, check=0.3, judging=0.5, notebook=3.0))
    result = tiny.grade(grader, tiny.WRONG)
    for verdict in result.verdicts.values():
        assert verdict.state not in (State.PASSED, State.COULD_NOT_CHECK) or is_the_answer(verdict, sent), verdict
        assert verdict.points in (0, verdict.max_points)
        assert verdict.points == 0 or verdict.state == State.PASSED
    assert 0 <= result.points <= 1
    assert Result.from_json(json.loads(json.dumps(result.to_json()))) == result


def is_the_answer(verdict, sent):
    """The question's answer is one number, and hypothesis may say it."""
    return (
        verdict.state == State.PASSED and verdict.exercise == "tiny/answer" and any(CODEC.pack(42.5) in message for message in sent)
    )
