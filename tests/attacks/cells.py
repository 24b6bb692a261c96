"""Pieces of hostile cells."""

import textwrap


def clean(text: str) -> str:
    """The text of a cell, without the margin that it has in a test."""
    return textwrap.dedent(text).strip("\n")


REACH = clean("""
    import gc, msgpack, os, socket, stat, struct, sys, threading, time
    student = next(thing for thing in gc.get_objects() if type(thing).__name__ == "Student")
    wire = next(fd for fd in range(3, 64) if os.path.exists(f"/proc/self/fd/{fd}") and stat.S_ISSOCK(os.fstat(fd).st_mode))
    def frame(message):
        os.write(wire, struct.pack("<I", len(message)) + message)
""")
"""Finds the student's side of the wire, and the descriptor of its socket."""


def forge(request: str, answer: bytes, frames: bool = True) -> str:
    """A cell after which every request of a kind is answered with chosen bytes.

    Args:
        request: `cell`, `describe`, `call`, …; `*` for all.
        answer: what is sent.
        frames: with its length in front.
    """
    send = f"struct.pack('<I', {len(answer)}) + {answer!r}" if frames else repr(answer)
    return REACH + clean(f"""

        true_answer = type(student)._answer
        def forged(self, name, arguments):
            if {request!r} not in ("*", name):
                return true_answer(self, name, arguments)
            os.write(wire, {send})
            return b""
        true_send = type(student._channel).send
        type(student._channel).send = lambda self, message, *rest: true_send(self, message, *rest) if message else None
        type(student)._answer = forged
    """)
