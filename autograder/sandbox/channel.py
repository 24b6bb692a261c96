"""Frames on a socket: where one message ends and the next begins, and how long one is waited for."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable

from autograder.sandbox.wire import MAX_FRAME, WireError


class Silence(WireError):
    """No answer before the deadline."""


class Channel:
    """Frames on a socket: four bytes of length, then the message.

    Args:
        connection: the socket.
        extra: seconds by which a deadline that has passed is put off, asked for each time.
    """

    def __init__(self, connection: socket.socket, extra: Callable[[], float] = lambda: 0.0) -> None:
        self._socket = connection
        self._extra = extra

    def send(self, message: bytes, deadline: float | None = None) -> None:
        """Send one message.

        Raises:
            Silence: the other side did not take it before the deadline (`time.monotonic`).
            WireError: the connection ended.
        """
        self._wait(deadline)
        try:
            self._socket.sendall(struct.pack("<I", len(message)) + message)
        except TimeoutError:
            raise Silence("no answer in time") from None
        except OSError as error:
            raise WireError(f"the connection ended: {error}") from None

    def receive(self, deadline: float | None = None) -> bytes:
        """Receive one message; raises like `send`, and for a message larger than `MAX_FRAME`."""
        (length,) = struct.unpack("<I", self._exactly(4, deadline))
        if length > MAX_FRAME + 2**16:
            raise WireError("a message larger than the limit")
        return self._exactly(length, deadline)

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def _exactly(self, count: int, deadline: float | None) -> bytes:
        buffer = bytearray(count)
        view, filled = memoryview(buffer), 0
        while filled < count:
            self._wait(deadline)
            try:
                received = self._socket.recv_into(view[filled:])
            except TimeoutError:
                continue  # whether it has been long enough is for _wait to say
            except OSError as error:
                raise WireError(f"the connection ended: {error}") from None
            if received == 0:
                raise WireError("the connection ended")
            filled += received
        return bytes(buffer)

    def _wait(self, deadline: float | None) -> None:
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            left += self._extra()
        if left is not None and left <= 0:
            raise Silence("no answer in time")
        try:
            self._socket.settimeout(left)
        except OSError as error:
            raise WireError(f"the connection ended: {error}") from None
