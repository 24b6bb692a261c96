import pytest

from autograder.lab import predict


@pytest.mark.parametrize("answer", [..., None, ""])
def test_an_open_guess_is_asked_for(answer, capsys):
    predict("the slope", "ABC", answer=answer)
    assert capsys.readouterr().out == "Your guess first: put one of A, B, C in place of the dots, run this cell, then the next.\n"


@pytest.mark.parametrize(("options", "answer", "noted"), [("ABC", "B", "B"), ("ABC", " b ", "B"), ("", 2, "2"), ("", "0.5", "0.5")])
def test_a_guess_is_noted(options, answer, noted, capsys):
    predict("the slope", options, answer=answer)
    assert capsys.readouterr().out == f'Noted, "the slope": {noted}. Now run the next cell.\n'


@pytest.mark.parametrize(
    ("options", "answer", "wanted"), [("ABC", "D", "one of A, B, C"), ("ABC", "AB", "one of A, B, C"), ("", "much", "a number")]
)
def test_what_is_no_guess_is_told_so(options, answer, wanted, capsys):
    predict("the slope", options, answer=answer)
    assert capsys.readouterr().out == f"{answer!r} is not {wanted}. A wrong guess costs nothing; any guess will do.\n"
