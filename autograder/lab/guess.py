"""A guess before the picture: whoever has predicted something looks at what happens with other eyes."""

from __future__ import annotations

from types import EllipsisType


def predict(question: str, options: str = "", *, answer: str | float | EllipsisType | None = ...) -> None:
    """Hold on to a guess until the next cell shows what happens. Nothing is stored, sent or graded.

    Args:
        question: what the guess is about, in a few words.
        options: the letters to choose from, such as "ABC"; empty when the guess is a number.
        answer: the guess; `...` until it is filled in.

    >>> predict("the steepest slope of the sigmoid", "ABC", answer="b")
    Noted, "the steepest slope of the sigmoid": B. Now run the next cell.
    """
    wanted = f"one of {', '.join(options)}" if options else "a number"
    if answer is None or answer is ... or answer == "":
        print(f"Your guess first: put {wanted} in place of the dots, run this cell, then the next.")
        return
    guess = str(answer).strip().upper()
    if not (guess in tuple(options) if options else _is_number(guess)):
        print(f"{answer!r} is not {wanted}. A wrong guess costs nothing; any guess will do.")
        return
    print(f'Noted, "{question}": {guess}. Now run the next cell.')


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
