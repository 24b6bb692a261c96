"""Everything plain travels exactly, nothing else travels at all, and no bytes do more than fail."""

import contextlib
import os
import pickle
import socket
import struct
import threading
import time

import msgpack
import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder.checks.plain import as_array
from autograder.sandbox import codec
from autograder.sandbox.channel import Channel, Silence
from autograder.sandbox.codec import Codec
from autograder.sandbox.encoding import KINDS
from autograder.sandbox.wire import MAX_DEPTH, MAX_DIGITS, MAX_FRAME, Reference, WireError
from tests.strategies import PLAIN, SHAPES, nested

ARRAY, TENSOR, SCALAR, TUPLE, INTEGER, REFERENCE, GENERATOR, TORCH_GENERATOR = range(1, 9)
HASHABLE = st.one_of(st.integers(), st.text(max_size=3), st.booleans(), st.none(), st.tuples(st.integers(), st.text(max_size=2)))
TRAVELS = nested(
    st.one_of(
        PLAIN,
        st.binary(max_size=5),
        st.sets(HASHABLE, max_size=3),
        st.frozensets(HASHABLE, max_size=3),
        st.integers(-(10**MAX_DIGITS) + 1, 10**MAX_DIGITS - 1),
        hnp.arrays("S3", SHAPES),
        st.sampled_from([np.longdouble(1) / 3, np.float16(0.1), np.uint8(7), np.str_("é"), np.bytes_(b"a"), np.complex64(1j)]),
    )
)


def refuse(_):
    raise WireError("this stays here")


CODEC = Codec(refuse, refuse)


def sent(value):
    return CODEC.unpack(CODEC.pack(value))


def identical(a, b):
    """Are two values the same to the last bit?"""
    if isinstance(a, np.bool_):
        return b is bool(a)
    if type(a) is not type(b):
        return False
    if isinstance(a, torch.Tensor):
        bits = [item.detach().numpy().tobytes() for item in (a, b)]
        return (a.dtype, a.shape, a.requires_grad) == (b.dtype, b.shape, b.requires_grad) and bits[0] == bits[1]
    if isinstance(a, (np.ndarray, np.generic)):
        a, b = np.asarray(a), np.asarray(b)
        return (a.dtype, a.shape) == (b.dtype, b.shape) and a.tobytes() == b.tobytes()
    if isinstance(a, dict):
        return len(a) == len(b) and all(identical(*pair) for pair in zip(a.items(), b.items(), strict=True))
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(identical, a, b))
    if isinstance(a, (set, frozenset)):
        return a == b and sorted(map(repr, a)) == sorted(map(repr, b))
    if isinstance(a, (float, complex)):
        return struct.pack("<dd", complex(a).real, complex(a).imag) == struct.pack("<dd", complex(b).real, complex(b).imag)
    return a == b


# everything plain travels exactly


@given(TRAVELS)
def test_a_plain_value_arrives_as_it_was_sent(value):
    assert identical(value, sent(value))


@pytest.mark.parametrize("bits", [0x7FF8000000000001, 0xFFF8DEADBEEF0001, 0x8000000000000000, 0x7FF0000000000000, 1])
def test_a_number_keeps_its_last_bit_and_a_nan_its_payload(bits):
    number = struct.unpack("<d", struct.pack("<Q", bits))[0]
    for value in (number, np.float64(number), np.array([number]), torch.tensor([number], dtype=torch.float64), {"x": (number,)}):
        assert identical(value, sent(value))


@given(hnp.arrays("f8", hnp.array_shapes(min_dims=2, max_dims=3, max_side=4)))
def test_the_order_of_an_array_in_memory_does_not_change_its_values(array):
    for view in (
        array.T,
        np.asfortranarray(array),
        array[::2],
        array[:, ::-1],
        np.broadcast_to(array, (2, *array.shape)),
        array[:0],
    ):
        assert np.array_equal(sent(view), view, equal_nan=True)
        assert sent(view).shape == view.shape


@pytest.mark.parametrize("kind", [">f8", ">i4", "<u2", ">c16", ">U3"])
def test_numbers_of_the_other_byte_order_keep_their_values(kind):
    array = np.array([[1, 2, 300]]).astype(kind)
    assert np.array_equal(sent(array), array)


@pytest.mark.parametrize(
    "value", [np.array(True), torch.tensor(True), np.array(0.5), torch.tensor(3), np.zeros((0, 3)), torch.zeros(2, 0), np.array("")]
)
def test_sizes_nought_and_one_keep_their_shape_and_type(value):
    assert identical(value, sent(value))


def test_what_arrives_can_be_written_to_and_is_nobody_elses():
    array = np.ones(3)
    arrived = sent([array, array])
    arrived[0][:] = 5.0
    assert (arrived[1] == 1.0).all()
    assert (array == 1.0).all()


@pytest.mark.parametrize(
    "dtype", [torch.bfloat16, torch.float16, torch.float32, torch.float64, torch.int64, torch.uint8, torch.bool, torch.complex64]
)
def test_a_tensor_keeps_its_type(dtype):
    tensor = torch.tensor([[0, 1], [1, 3]]).to(dtype)
    arrived = sent(tensor)
    assert (arrived.dtype, arrived.requires_grad) == (dtype, False)
    assert torch.equal(arrived, tensor)


@pytest.mark.parametrize("make", [lambda t: t, lambda t: t * 2, torch.nn.Parameter, lambda t: t.T, lambda t: t.expand(2, 3, 3)[1]])
def test_a_tensor_that_needs_a_gradient_arrives_as_a_leaf_that_does(make):
    tensor = make(torch.arange(9.0).reshape(3, 3).requires_grad_())
    arrived = sent(tensor)
    assert arrived.requires_grad
    assert arrived.is_leaf
    assert torch.equal(arrived.detach(), tensor.detach())


@pytest.mark.parametrize("kind", [np.random.PCG64, np.random.PCG64DXSM, np.random.MT19937, np.random.Philox, np.random.SFC64])
@given(draws=st.integers(0, 700))
def test_a_generator_goes_on_with_the_same_numbers(kind, draws):
    generator = np.random.Generator(kind(7))
    generator.integers(0, 100, size=draws, dtype=np.uint32)  # half a word may be left over
    arrived = sent(generator)
    assert np.array_equal(arrived.integers(0, 100, size=5, dtype=np.uint32), generator.integers(0, 100, size=5, dtype=np.uint32))
    assert np.array_equal(arrived.normal(size=700), generator.normal(size=700))


def test_a_generator_of_torch_goes_on_with_the_same_numbers():
    generator = torch.Generator().manual_seed(7)
    torch.randn(13, generator=generator)
    assert torch.equal(torch.randn(5, generator=sent(generator)), torch.randn(5, generator=generator))


@pytest.mark.parametrize("base", [int, float, str, bytes, list, dict, tuple])
def test_a_subclass_arrives_as_what_it_is_a_kind_of(base):
    value = type("Own", (base,), {})()
    assert type(sent(value)) is base
    assert type(sent([value])[0]) is base


# what does not travel


@pytest.mark.parametrize(
    "value",
    [
        np.array([object()]),
        np.array([1, "a"], dtype=object),
        np.zeros(2, "i4,f8"),
        np.zeros(2, [("a", "O")]),
        np.zeros(2, "V8"),
        np.array(["2020-01-01"], "M8[D]"),
        np.datetime64("2020-01-01"),
        object(),
        len,
        type,
        os,
        range(3),
        (number for number in [1]),
        np.random.RandomState(1),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_not_plain_is_never_packed(value):
    for holder in (value, [value], (1, value), {"a": value}):
        with pytest.raises(WireError, match="this stays here"):
            CODEC.pack(holder)


def test_what_is_not_plain_travels_as_a_reference_and_comes_back_as_itself():
    objects, kept = [len, object()], []
    here = Codec(lambda value: Reference("trusted", objects.index(value), "n" * 200, callable(value)), kept.append)
    assert here.unpack(here.pack([objects[0], (objects[1],)])) == [None, (None,)]
    assert kept == [Reference("trusted", 0, "n" * 80, True), Reference("trusted", 1, "n" * 80, False)]


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (10**MAX_DIGITS, "an integer with more than 4000 digits cannot travel"),
        (-(10**5000), "an integer with more than 4000 digits cannot travel"),
        ("\ud800", "this value cannot travel: 'utf-8' codec can't encode"),
        (torch.eye(3).to_sparse(), "this value cannot travel: "),
        (torch.zeros(2, device="meta"), "this value cannot travel: "),
    ],
    ids=["digits", "minus", "surrogate", "sparse", "meta"],
)
def test_a_value_that_cannot_travel_is_told_in_one_error(value, sentence):
    with pytest.raises(WireError) as error:
        CODEC.pack([value])
    assert str(error.value).startswith(sentence)


def endless(container):
    container.append(container)
    return container


def deep(wrap, levels=100_000):
    value = None
    for _ in range(levels):
        value = wrap(value)
    return value


@pytest.mark.parametrize("wrap", [lambda v: [v], lambda v: {"a": v}, lambda v: (v,)], ids=["list", "dict", "tuple"])
def test_a_value_without_end_is_an_error_and_not_the_end_of_the_process(wrap):
    with pytest.raises(WireError):
        CODEC.pack(deep(wrap))
    with pytest.raises(WireError):
        CODEC.pack(endless([]))


def test_as_many_tuples_inside_one_another_travel_as_can_be_unpacked():
    most = MAX_DEPTH - 2
    assert sent(deep(lambda v: (v,), most)) == deep(lambda v: (v,), most)
    assert repr(sent(deep(lambda v: (v, np.ones(1)), most))) == repr(deep(lambda v: (v, np.ones(1)), most))
    with pytest.raises(WireError, match=f"this value cannot travel: more than {most} tuples inside one another"):
        CODEC.pack(deep(lambda v: (v,), most + 1))
    assert sent((1,)) == (1,), "one refusal does not count against the next value"


def test_a_value_of_the_largest_size_travels_and_a_larger_one_is_told_both_sizes(monkeypatch):
    monkeypatch.setattr(codec, "MAX_FRAME", 3 * 2**20)
    assert len(CODEC.pack(bytes(2**20))) < 3 * 2**20
    with pytest.raises(WireError, match=r"^this value is too large: 4 MB, the limit is 3 MB$"):
        CODEC.pack(np.zeros(2**19))
    with pytest.raises(WireError, match="too large"):
        CODEC.pack((np.zeros(2**18), np.zeros(2**18)))


# no bytes do more than fail


def assert_harmless(message):
    """Unpacking gives a value or a WireError: no other exception, no object of this process, no code."""
    with contextlib.suppress(WireError):
        Codec(refuse, lambda reference: reference).unpack(message)


@given(st.binary(max_size=200))
def test_random_bytes_are_an_error_of_the_wire_or_plain(message):
    assert_harmless(message)


@given(st.integers(0, 127), st.binary(max_size=60))
def test_random_bytes_under_every_type_are_an_error_of_the_wire_or_plain(code, content):
    assert_harmless(msgpack.packb(msgpack.ExtType(code, content)))
    assert_harmless(msgpack.packb([msgpack.ExtType(code, msgpack.packb(content))]))


@given(TRAVELS, st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_message_with_flipped_bytes_is_an_error_of_the_wire_or_plain(value, flips):
    message = bytearray(CODEC.pack(value))
    for place, byte in flips:
        message[place % len(message)] = byte
    assert_harmless(bytes(message))


@given(TRAVELS, st.data())
def test_a_message_that_was_cut_is_an_error_of_the_wire(value, data):
    message = CODEC.pack(value)
    assume(len(message) > 1)
    with pytest.raises(WireError):
        CODEC.unpack(message[: data.draw(st.integers(0, len(message) - 1))])


@given(
    st.integers(1, 3),
    st.one_of(st.sampled_from(["<f8", "|O8", "O", "V8", "i4,f8", "<M8[D]", "(2,)f8", "|b1", "<U2"]), st.text(max_size=5)),
    st.one_of(st.lists(st.integers(-2, 2**62), max_size=3), st.none()),
    st.binary(max_size=32),
    st.lists(st.booleans(), max_size=3),
)
def test_a_forged_array_is_an_error_of_the_wire_or_an_array_of_plain_numbers(code, description, shape, content, more):
    try:
        arrived = CODEC.unpack(msgpack.packb(msgpack.ExtType(code, msgpack.packb([description, shape, content, more]))))
    except WireError:
        return
    array = as_array(arrived)
    assert array.dtype.kind in KINDS
    assert array.nbytes <= 4 * max(1, len(content))


class Bomb:
    def __reduce__(self):
        return (exec, ("raise SystemExit('it was executed')",))


@pytest.mark.parametrize("code", sorted(set(range(128)) - {TUPLE}))
def test_a_pickle_is_never_opened(code):
    for payload in (pickle.dumps(Bomb()), msgpack.packb(["|O8", [1], pickle.dumps(Bomb()), []])):
        with pytest.raises(WireError):
            CODEC.unpack(msgpack.packb(msgpack.ExtType(code, payload)))


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        (msgpack.ExtType(99, b""), "an unknown type of value: 99"),
        (msgpack.ExtType(INTEGER, b"9" * 5000), "an integer with more than 4000 digits"),
        (msgpack.ExtType(ARRAY, msgpack.packb(["|O8", [1], b"12345678", []])), "an array of objects, or not an array"),
        (msgpack.ExtType(ARRAY, msgpack.packb(["<f8", [-1], b"12345678", []])), "an array of objects, or not an array"),
        (msgpack.ExtType(GENERATOR, b'{"bit_generator": "os"}'), "not the state of a generator"),
        (msgpack.ExtType(REFERENCE, msgpack.packb(["nobody", 1, "f", True])), "not a reference"),
        (msgpack.ExtType(REFERENCE, msgpack.packb(["student", 1.5, "f", True])), "not a reference"),
        (msgpack.ExtType(TORCH_GENERATOR, b"short"), "not a message of this wire: "),
    ],
    ids=["unknown", "digits", "objects", "minus", "generator", "side", "number", "torch"],
)
def test_a_message_that_breaks_a_rule_is_told_which(message, sentence):
    with pytest.raises(WireError) as error:
        CODEC.unpack(msgpack.packb(message))
    assert str(error.value).startswith(sentence)


def test_a_dictionary_with_a_key_that_cannot_be_one_is_an_error_of_the_wire():
    with pytest.raises(WireError):
        CODEC.unpack(b"\x81\x90\x01")  # {[]: 1}


# frames


@pytest.fixture
def ends():
    """Two ends of one connection: a channel, and the bare socket of somebody who need not follow the rules."""
    ours, theirs = socket.socketpair()
    yield Channel(ours), theirs
    ours.close()
    theirs.close()


@given(st.lists(st.binary(max_size=50), max_size=4))
def test_messages_arrive_whole_and_in_order(messages):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        for message in messages:
            Channel(ours).send(message)
        assert [Channel(theirs).receive() for _ in messages] == messages


def test_a_message_larger_than_any_buffer_arrives_whole(ends):
    channel, theirs = ends
    message = os.urandom(2**21)
    sender = threading.Thread(target=Channel(theirs).send, args=(message,))
    sender.start()
    assert channel.receive(time.monotonic() + 20) == message
    sender.join()


@pytest.mark.parametrize("length", [MAX_FRAME + 2**16 + 1, 2**32 - 1])
def test_a_frame_beyond_the_limit_is_refused_before_it_is_read(ends, length):
    channel, theirs = ends
    theirs.sendall(struct.pack("<I", length))
    with pytest.raises(WireError, match="a message larger than the limit"):
        channel.receive(time.monotonic() + 20)


@pytest.mark.parametrize("part", [b"", b"\x05", b"\x05\x00\x00\x00", b"\x05\x00\x00\x00four"])
def test_a_connection_that_ends_within_a_frame_is_told_so(ends, part):
    channel, theirs = ends
    theirs.sendall(part)
    theirs.close()
    with pytest.raises(WireError, match="the connection ended"):
        channel.receive(time.monotonic() + 20)


@pytest.mark.parametrize("part", [b"", b"\x05\x00", b"\x05\x00\x00\x00four"])
def test_patience_ends_at_the_deadline_whatever_has_arrived(ends, part):
    channel, theirs = ends
    theirs.sendall(part)
    started = time.monotonic()
    with pytest.raises(Silence, match="no answer in time"):
        channel.receive(started + 0.05)
    assert 0.04 < time.monotonic() - started < 5


def test_a_deadline_that_has_passed_ends_at_once_even_if_an_answer_is_there(ends):
    channel, theirs = ends
    Channel(theirs).send(b"late")
    with pytest.raises(Silence, match="no answer in time"):
        channel.receive(time.monotonic() - 1)
    with pytest.raises(Silence, match="no answer in time"):
        channel.send(b"late", time.monotonic() - 1)


def test_somebody_who_does_not_read_is_waited_for_until_the_deadline(ends):
    channel, _ = ends
    with pytest.raises(Silence, match="no answer in time"):
        channel.send(bytes(2**24), time.monotonic() + 0.05)


def test_sending_to_somebody_who_has_gone_is_told_so(ends):
    channel, theirs = ends
    theirs.close()
    with pytest.raises(WireError, match="the connection ended"):
        channel.send(bytes(2**20), time.monotonic() + 20)


def test_a_closed_channel_says_that_the_connection_ended(ends):
    channel, _ = ends
    channel.close()
    with pytest.raises(WireError, match="the connection ended"):
        channel.receive(None)
