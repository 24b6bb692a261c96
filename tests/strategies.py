"""Values that checks observe and the wire carries, for hypothesis to choose from."""

import torch
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

NUMERIC = ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16"]
TORCH = ["?", "i1", "i2", "i4", "i8", "u1", "f2", "f4", "f8"]
SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)
TEXT = st.text(alphabet='ab <é漢"\\\n', max_size=4)


def arrays(kinds=(*NUMERIC, "U3")):
    """Arrays of every type and of sizes 0, 1 and more; strings as NumPy keeps them, without a NUL at the end.

    Complex numbers are not infinite: the distance between two such is not a number, even where one is the other rounded.
    """
    chosen = {
        "U3": st.text("aé漢", max_size=3),
        "c8": st.complex_numbers(allow_infinity=False, width=64),
        "c16": st.complex_numbers(allow_infinity=False),
    }

    def of(kind):
        return hnp.arrays(kind, SHAPES, elements=chosen.get(kind))

    return st.sampled_from(kinds).flatmap(of)


def floats(shape, low=-100.0, high=100.0):
    """Arrays of ordinary numbers."""
    return hnp.arrays("f8", shape, elements=st.floats(low, high, allow_subnormal=False))


TENSORS = arrays(TORCH).map(lambda array: torch.from_numpy(array.copy()))
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(10**30), 10**30),
    st.floats(),
    st.complex_numbers(allow_infinity=False),
    TEXT,
    arrays(NUMERIC[1:]).filter(lambda array: array.size).map(lambda array: array.ravel()[0]),
)
KEYS = st.one_of(st.none(), st.booleans(), st.integers(), TEXT, st.tuples(st.integers(), TEXT))


def nested(leaves):
    """Lists, tuples and dictionaries of leaves."""
    grow = lambda inner: st.one_of(  # noqa: E731
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(KEYS, inner, max_size=3),
    )
    return st.recursive(leaves, grow, max_leaves=6)


PLAIN = nested(st.one_of(SCALARS, arrays(), TENSORS))
