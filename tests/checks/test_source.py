"""How far a repair is from what it repaired: what counts, and what does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.checks.source import changed_lines, same_constants_and_architecture

LINES = st.lists(st.sampled_from(["x = 1", "y = [1, 2]", "step(x)", "RATE = 0.1", "net = nn.Linear(4, 2)"]), max_size=6)
REMARKS = st.sampled_from(["# why", "", '"""a string on its own"""', "%timeit x", "!ls", "    # indented"])


@given(LINES, st.lists(st.tuples(st.integers(0, 6), REMARKS), max_size=5))
def test_remarks_do_not_count_wherever_they_stand(lines, remarks):
    text = list(lines)
    for place, remark in remarks:
        text.insert(min(place, len(text)), remark)
    assert changed_lines("\n".join(lines), "\n".join(text)) == 0
    assert same_constants_and_architecture("\n".join(lines), "\n".join(text))


@given(LINES, LINES)
def test_no_change_is_none_and_a_change_is_at_most_every_line(before, after):
    changed = changed_lines("\n".join(before), "\n".join(after))
    assert 0 <= changed <= max(1, len(before)) + max(1, len(after))
    assert (changed == 0) == (before == after)


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        ("x = 1\ny = 2", "x = 1\ny = 3", 1),
        ("x = 1\ny = 2", "x = 1\nnew = 0\ny = 2", 1),
        ("x = 1\ny = 2", "y = 2", 1),
        ("x = 1", "a = 1\nb = 2\nc = 3", 3),
        ("f(1,\n  2)", "f(1, 2)", 0),
        ("x = 'a'", 'x = "a"', 0),
        ("def f():\n    '''Words.'''\n    return 1", "def f():\n    return 1", 0),
        ("def f():\n    '''Words.'''", "def f():\n    pass", 0),
    ],
)
def test_lines_are_counted_as_a_reader_would(before, after, changed):
    assert changed_lines(before, after) == changed


@pytest.mark.parametrize(
    ("after", "same"),
    [
        ("RATE = 0.1\nnet = nn.Linear(4, 2)\nopt = torch.optim.SGD(p, RATE)\nnet.train()", True),
        ("opt = torch.optim.SGD(p, RATE)\nRATE = 0.1\nnet = nn.Linear(4, 2)", True),
        ("RATE = 0.2\nnet = nn.Linear(4, 2)\nopt = torch.optim.SGD(p, RATE)", False),
        ("RATE = 0.1\nnet = nn.Linear(4, 3)\nopt = torch.optim.SGD(p, RATE)", False),
        ("RATE = 0.1\nnet = nn.Linear(4, 2)\nopt = torch.optim.Adam(p, RATE)", False),
        ("RATE = 0.1\nnet = nn.Sequential(nn.Linear(4, 2))\nopt = torch.optim.SGD(p, RATE)", False),
        ("rate = 0.3\nRATE = 0.1\nnet = nn.Linear(4, 2)\nopt = torch.optim.SGD(p, RATE)", True),
    ],
)
def test_a_repair_that_changes_the_experiment_is_noticed(after, same):
    before = "RATE = 0.1\nnet = nn.Linear(4, 2)\nopt = torch.optim.SGD(p, RATE)"
    assert same_constants_and_architecture(before, after) is same
