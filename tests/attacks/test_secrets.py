"""What a student's code can learn: nothing of the course's files, and nothing of a hidden check that it could carry out."""

import json
import os
import re

import numpy as np
import pytest

from autograder.gradebook.autograded import with_outputs
from autograder.gradebook.database import comments
from autograder.notebooks.aligning import align
from tests import tiny
from tests.attacks.cells import REACH, clean

LOOK_AROUND = clean("""
    import glob, os, socket, subprocess, sys
    found = []
    def attempt(what, action):
        try:
            result = action()
            if result: found.append((what, str(result)[:200]))
        except Exception as error:
            pass
""")
SIGHTS = {
    "the course's folder": "attempt('course', lambda: os.listdir({course!r}))",
    "the hidden checks": "attempt('source', lambda: open({course!r} + '/source/01-tiny/tiny.ipynb').read())",
    "the answers": "attempt('solutions', lambda: open({course!r} + '/solutions/tiny.py').read())",
    "the repository's answers": "attempt('import', lambda: __import__('solutions'))",
    "the repository": "attempt('repository', lambda: os.listdir({root!r} + '/solutions') + os.listdir({root!r} + '/source'))",
    "the grading rooms of the package": "attempt('tests', lambda: os.listdir({root!r} + '/tests'))",
    "the secret": "attempt('secret', lambda: open({course!r} + '/.autograder/secret', 'rb').read())",
    "other submissions": "attempt('others', lambda: glob.glob({course!r} + '/submitted/*/*/*.ipynb'))",
    "the gradebook": "attempt('gradebook', lambda: open({course!r} + '/gradebook.db', 'rb'))",
    "the gradebook for writing": "attempt('write', lambda: open({course!r} + '/gradebook.db', 'ab').write(b'x'))",
    "anything of that name": "attempt('find', lambda: [path for top in ('', '/home', '/root', '/tmp', '/work', '/mnt', '/var')"
    " for name in ('gradebook.db', 'submitted', 'solutions', '.autograder') for path in glob.glob(top + '/*/' + name)])",
    "the environment": "attempt('environment', lambda: {{k: v for k, v in os.environ.items() if 'SECRET' in k or 'TOKEN' in k}})",
    "the environment at the start": "attempt('environ', lambda: open('/proc/self/environ').read().strip(chr(0)))",
    "the environment of process 1": "attempt('environ1', lambda: open('/proc/1/environ').read())",
    "memory of other processes": "attempt('memory', lambda: [open(p, 'rb').read(1) for p in glob.glob('/proc/[0-9]*/mem') "
    "if str(os.getpid()) not in p])",
    "the command lines of other processes": "attempt('cmdline', lambda: [open(p).read() for p in glob.glob('/proc/[0-9]*/cmdline') "
    "if str(os.getpid()) not in p and 'python' in open(p).read()])",
    "the network": "attempt('network', lambda: socket.create_connection(('127.0.0.1', 8888), 1))",
    "names on the network": "attempt('dns', lambda: socket.gethostbyname('example.org'))",
    "sockets of the machine": "attempt('unix', lambda: glob.glob('/run/*') + glob.glob('/var/run/*'))",
    "a debugger": "attempt('ptrace', lambda: __import__('ctypes').CDLL(None, use_errno=True).ptrace(16, os.getppid(), 0, 0) == 0)",
    "rights": "attempt('root', lambda: os.setuid(0) or os.getuid() == 0)",
    "the packages for writing": "attempt('site', lambda: open(os.path.join(os.path.dirname(np.__file__), 'x.py'), 'w').write('x'))",
    "the grading rooms in memory": "attempt('modules', lambda: [n for n in sys.modules if n.startswith(('solutions', "
    "'autograder.grading', 'autograder.gradebook', 'autograder.authoring', 'nbgrader'))])",
}

CONTROL = "attempt('control', lambda: 1)"


@pytest.mark.usefixtures("neighbour")
def test_the_course_cannot_be_seen_from_a_notebook(course, grader, monkeypatch):
    monkeypatch.setenv("A_SECRET_OF_THE_INSTRUCTOR", "x")
    (course / ".autograder").mkdir(exist_ok=True)
    (course / ".autograder" / "secret").write_bytes(b"secret")
    (course / "gradebook.db").touch()
    looks = "\n".join(look.format(course=str(course), root=str(tiny.ROOT)) for look in [*SIGHTS.values(), CONTROL])
    result = tiny.grade(grader, tiny.RIGHT, {"": [f"{LOOK_AROUND}\n{looks}\nprint('found', found)"]})
    assert result.points == tiny.ALL
    assert printed(result).strip() == "found [('control', '1')]"
    assert (course / "gradebook.db").stat().st_size == 0


TELLING = {
    "in a message": "raise ValueError(tell(v))",
    "in the name of a class": "raise type('E' + tell(v), (ValueError,), {})()",
    "in the names of all its bases": "raise type('E', (type('B' + tell(v), (ValueError,), {}),), {})()",
    "in an exception's arguments": "raise KeyError(tell(v), v)",
    "in notes and causes": "e = ValueError(); e.add_note(tell(v)); raise e from RuntimeError(tell(v))",
    "in a warning": "import warnings; warnings.warn(tell(v))",
    "on both streams": "import sys; print(tell(v)); print(tell(v), file=sys.stderr)",
    "in a display": "from IPython.display import display; display(tell(v))",
    "as a string": "return tell(v)",
    "as a number": "return float(v[0])",
    "as a numpy scalar": "return v[0]",
    "as an array of text": "return np.array([tell(v)])",
    "as a scalar of text": "return np.str_(tell(v))",
    "as the keys of a dict": "return {tell(v): 1}",
    "as a set": "return {tell(v)}",
    "as bytes": "return tell(v).encode()",
    "as the type of an object": "return type('T' + tell(v), (), {})()",
    "as the name of a function": "f = lambda: 0; f.__name__ = tell(v); return f",
    "as the shape of an array": "return np.zeros([0, *(ord(c) for c in tell(v))])",
    "as a length": "return [0] * int(abs(v[0]) * 1e5)",
    "as a quotient": "return np.full_like(v, 1.0)",
    "as a line of code": "exec(compile('\\n' * int(abs(v[0]) * 1e5) + 'raise ValueError', '<ipython-input-1>', 'exec'))",
    "as a line of code that is made up": "import linecache; linecache.cache['<ipython-input-1>'] = (1, None, [tell(v)], ''); "
    "exec(compile('raise ValueError', '<ipython-input-1>', 'exec'))",
    "as peak memory": "student._peak = lambda: int(abs(v[0]) * 1e12); return v",
    "as something to be made a number of": "return [tell(v), tell(v)]",
}


@pytest.mark.usefixtures("neighbour")
@pytest.mark.parametrize("way", TELLING)
def test_no_number_of_a_hidden_check_comes_out(grader, way):
    """The numbers that the hidden check draws and expects, to five digits, stand in nothing that a student or a page gets."""
    tell = "def tell(v):\n    return ' '.join(f'{n:.12f}' for n in np.ravel(v))"
    body = TELLING[way].replace("; ", "\n    ")
    answers = {"tiny/double": f"{REACH}\n{tell}\ndef double(v):\n    if len(v) == 3: return v + v\n    {body}"}
    result = tiny.grade(grader, answers)
    assert tiny.states(result, "double")[0] == "passed"
    assert tiny.earned(result, "double") == 2
    assert_nothing_told(grader, answers, result)


def test_the_same_ways_are_open_where_the_inputs_are_public(grader):
    """A control: in a visible check a student reads his own message."""
    result = tiny.grade(grader, {"tiny/double": "def double(v):\n    raise ValueError(f'{v[1]:.12f}')"})
    assert "-2.500000000000" in result.verdicts["double-visible"].differs
    assert result.verdicts["double-hidden"].differs == "your code raised ValueError"


@pytest.mark.usefixtures("neighbour")
def test_a_number_kept_for_a_later_visible_check_does_not_come_out_there(grader):
    """Hidden checks are run last: no check whose messages are shown runs in a process that has seen their inputs."""
    keep = "kept = []\ndef double(v):\n    kept.append(v.copy())\n    return v + v"
    tell = "raise ValueError(' '.join(f'{n:.12f}' for v in kept for n in v if len(v) == 5))"
    answers = tiny.RIGHT | {
        "tiny/double": keep,
        "tiny/slope": f"def slope(f, at):\n    {tell}",
        "tiny/shifted": f"def shifted(v):\n    {tell}",
        "tiny/Counter": f"class Counter:\n    def __init__(self, start):\n        {tell}",
    }
    assert_nothing_told(grader, answers, tiny.grade(grader, answers))


@pytest.mark.usefixtures("neighbour")
def test_an_earlier_answer_put_in_by_the_grader_does_not_tell_its_numbers(grader):
    """In a second chance the reference can be called from the student's notebook, and nothing else can be done with it."""
    answers = {"tiny/double": "def double(v):\n    return v", "tiny/shifted": "def shifted(v):\n    raise ValueError(repr(double))"}
    result = tiny.grade(grader, answers)
    assert "2.0 * v" not in json.dumps(result.to_json())


def assert_nothing_told(grader, answers, result):
    notebook = grader.reference.notebook
    hidden = next(check for check in notebook.checks if check.grade_id == "double-hidden")
    expected = grader.reference.observations(hidden)
    fresh = np.concatenate([np.ravel(value) for value in expected] + [np.ravel(expected[0]) / 2, 1 / np.ravel(expected[0])])
    shown = [result.to_json(), list(comments(notebook, result).values())]
    page = with_outputs(align(notebook, tiny.submitted(notebook, answers)).nodes, result)
    shown.append([cell.get("outputs", []) for cell in page.cells])
    text = json.dumps(shown).replace(".", "")
    for number in fresh:
        digits = re.sub(r"^0+", "", f"{abs(number):.12f}".replace(".", ""))[:5]
        assert digits not in text, f"{number} shows"


def printed(result):
    return "".join(output.get("text", "") for outputs in result.outputs.values() for output in outputs)


def test_the_secret_of_a_course_is_for_its_owner_alone(tmp_path):
    from autograder.grading.course import secret

    first = secret(tmp_path)
    assert secret(tmp_path) == first
    assert len(first) == 32
    assert os.stat(tmp_path / ".autograder" / "secret").st_mode & 0o077 == 0
