"""What goes wrong in a command, as the one sentence that its user reads."""

from __future__ import annotations


class Refused(Exception):
    """What cannot be done; the message is the sentence that the user reads."""


EXPECTED = (
    "Refused",
    "SourceError",
    "BrokenCheck",
    "UnreadableNotebook",
    "WrongNotebook",
    "Busy",
    "NotIsolated",
    "GradebookError",
)
"""Exceptions whose message is such a sentence; by name, because most of their rooms are not installed for students."""


def sentence(error: Exception) -> str:
    """The sentence for an exception."""
    if type(error).__name__ in EXPECTED:
        return str(error)
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename} cannot be used: {error.strerror}."
    if isinstance(error, ModuleNotFoundError) and (error.name or "").partition(".")[0] in ("autograder", "solutions"):
        return "This command is for instructors and works in a clone of the course, with `pip install -e .[grade]`."
    if isinstance(error, ModuleNotFoundError):
        return (
            f"The package {error.name} is not installed; in a clone of the course, `pip install -r requirements.txt` installs it."
        )
    return f"This should not have happened: {type(error).__name__}: {error}. Please report it."
