"""The wire between the trusted process and the student's: framed, size-capped, typed, and never pickle.

Both sides speak the same types: None, booleans, numbers, strings, bytes, lists, tuples, sets, dictionaries, arrays, tensors,
generators. What is none of these stays where it is and travels as a reference: a `Reference` by which its owner finds it again.
Nothing that is received is executed or given a say in how it is decoded.

Here stands what both sides agree on; `codec` turns values into messages, `channel` carries them.
"""

from __future__ import annotations

from dataclasses import dataclass

MAX_FRAME = 64 * 2**20
"""Bytes of one message; a student's function that returns more is told so."""

MAX_PARTS = 4_000_000
"""Items of all lists and dictionaries of one message: an empty list is one byte here and 56 in memory."""

MAX_KEYS = 10_000
"""Keys of one dictionary or set: keys can be chosen such that putting in n of them takes n² steps."""

MAX_DEPTH = 24
"""Tuples inside one another; each is unpacked by a call of its own, which has a copy of its bytes and a part of C's stack."""

MAX_DIGITS = 4000
"""Digits of one integer; reading a number takes time that grows with their square."""

MAX_OUTPUTS, MAX_TEXT, MAX_PICTURE = 50, 20_000, 2_000_000
"""Outputs of one cell that are kept, and the characters of each, of text or of a picture in base64."""

ARRAY, TENSOR, SCALAR, TUPLE, INTEGER, REFERENCE, GENERATOR, TORCH_GENERATOR, SET, COMPLEX, FROZENSET = range(1, 12)
"""Codes of the types that MessagePack does not have."""

MISSING = "there is no such name"
"""The key that stands, alone in a dictionary, for the value of a name that the student's notebook does not have."""


class WireError(Exception):
    """A message that does not follow the rules, or a connection that ended."""


@dataclass(frozen=True)
class Reference:
    """An object that stays on its side.

    Attributes:
        side: `student` or `trusted`.
        number: by which its owner finds it again.
        name: a function's or class's name, else its type's.
        callable: can it be called?
    """

    side: str
    number: int
    name: str
    callable: bool
