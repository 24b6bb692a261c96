"""Code that burns, floods, spreads, outlives or kills: one exercise is lost, the others and the neighbours are not."""

import contextlib
import os
import select
from pathlib import Path

import pytest

from tests import tiny
from tests.attacks.cells import REACH, clean

ENDED = {"crashed", "memory", "timeout", "error", "failed"}
IN_A_CALL = {
    "exit with status 0": "os._exit(0)",
    "exit with status 1": "os._exit(1)",
    "exit with status 255": "os._exit(255)",
    "leave by SystemExit": "sys.exit(0)",
    "interrupt itself": "raise KeyboardInterrupt",
    "raise what is no Exception": "raise BaseException('out')",
    "kill itself": "os.kill(os.getpid(), 9)",
    "stop itself": "os.kill(os.getpid(), 19)",
    "fall over a null pointer": "__import__('ctypes').string_at(0)",
    "fall out of the stack": "sys.setrecursionlimit(10**9); f = lambda: f(); f()",
    "abort": "os.abort()",
    "loop": "exec('while True: pass')",
    "sleep": "time.sleep(3600)",
    "fill the memory": "bytearray(10**10)",
    "fill the memory slowly": "exec('hoard = []\\nwhile True: hoard.append(bytearray(10**7))')",
    "fork without end": "exec('while True:\\n  try: os.fork()\\n  except OSError: pass')",
    "start threads without end": "exec('while True:\\n  try: threading.Thread(target=time.sleep, args=(60,)).start()\\n"
    "  except RuntimeError: pass')",
    "fill the disk": 'exec(\'n = 0\\nwhile True:\\n  n += 1\\n  open(f"/tmp/{n}", "wb").write(bytes(10**6))\')',
    "open files without end": "exec('hoard = []\\nwhile True: hoard.append(open(\"/dev/null\"))')",
    "signal every process": "[os.kill(n, 9) for n in (1, os.getppid(), -1)]",
    "close every descriptor": "os.closerange(0, 1000); time.sleep(3600)",
    "raise what cannot be printed": "raise type('E', (ValueError,), {'__str__': lambda self: 1 / 0})()",
    "raise what takes forever to print": "raise type('E', (ValueError,), {'__str__': lambda self: time.sleep(3600)})()",
    "raise a class whose name is not text": "raise type('E\\udcff', (ValueError,), {})('\\udcff')",
    "raise a chain without end": "exec('e = ValueError()\\ne.__context__ = e\\nraise e')",
    "return a list that contains itself": "exec('a = []\\na.append(a)'); return a",
    "return a deep list": "return functools.reduce(lambda inner, _: [inner], range(5000), [])",
    "return a generator that never ends": "return itertools.count()",
    "return what never ends when it is packed": "return type('D', (dict,), {'items': lambda self: itertools.count()})(a=1)",
    "return what raises when it is looked at": "return type('A', (), {'__getattribute__': lambda self, name: 1 / 0})()",
    "return text that is no text": "return '\\udcff'",
}


@pytest.mark.usefixtures("neighbour")
@pytest.mark.parametrize("deed", IN_A_CALL)
def test_what_a_function_does_costs_its_own_exercise_and_no_other(grader, deed):
    act = f"import ctypes, functools, itertools, os, sys, threading, time\ndef slope(f, at):\n    return {IN_A_CALL[deed]}"
    act = act.replace("return raise", "raise").replace("return exec", "exec").replace("return return", "return")
    act = act.replace("return sys.setr", "sys.setr").replace("; return", "\n    return")
    result = tiny.grade(grader, tiny.RIGHT | {"tiny/slope": act})
    assert set(tiny.states(result, "slope")) <= ENDED, result.verdicts["slope-visible"]
    assert result.points == tiny.ALL - tiny.POINTS["slope"], {n: (str(v.state), v.cause) for n, v in result.verdicts.items()}


AT_DEFINITION = {
    "exit": "os._exit(0)",
    "loop": "while True: pass",
    "stop itself": "os.kill(os.getpid(), 19)",
    "fill the memory": "a = [bytearray(10**7) for _ in range(10**6)]",
}


@pytest.mark.usefixtures("neighbour")
@pytest.mark.parametrize("deed", AT_DEFINITION)
def test_what_a_cell_does_when_it_is_run_costs_its_own_exercise_and_no_other(grader, deed):
    act = f"import os\ndef slope(f, at):\n    return 1.0\n{AT_DEFINITION[deed]}"
    result = tiny.grade(grader, tiny.RIGHT | {"tiny/slope": act})
    assert set(tiny.states(result, "slope")) <= ENDED
    assert result.points == tiny.ALL - tiny.POINTS["slope"]


@pytest.mark.usefixtures("neighbour")
def test_right_answers_beside_a_thread_that_spins_are_right(grader):
    spin = "import threading\ndef spin():\n    while True: pass\nthreading.Thread(target=spin, daemon=True).start()"
    assert tiny.grade(grader, tiny.RIGHT, {"": [spin]}).points == tiny.ALL


@pytest.mark.usefixtures("neighbour")
def test_nothing_outlives_its_submission(grader):
    """A daemon that ignores every signal it can, under a name by which it would be found."""
    name = os.urandom(6).hex()
    daemon = clean(f"""
        import ctypes, os, signal
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT, signal.SIGPIPE):
            signal.signal(number, signal.SIG_IGN)
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                ctypes.CDLL(None).prctl(15, b"{name}", 0, 0, 0)
                while True: pass
            os._exit(0)
    """)
    assert tiny.grade(grader, tiny.RIGHT, {"": [daemon]}).points == tiny.ALL
    for daemon in named(name):
        assert select.select([daemon], [], [], 20)[0], "it lives on"
        os.close(daemon)
    assert not named(name)


def named(name):
    """Descriptors of the processes of this machine that have this name."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "comm").read_text().strip() == name:
                found.append(os.pidfd_open(int(process.name)))
    return found


@pytest.mark.usefixtures("neighbour")
def test_a_neighbour_who_takes_all_processors_makes_nobody_late(grader):
    """What a process waits for its turn is not counted against it; what it sleeps is."""
    crowd = "import os\nfor _ in range(10):\n    if os.fork() == 0:\n        while True: pass"
    work = clean("""
        import time
        def slope(f, at):
            start = time.process_time()
            while time.process_time() - start < 0.4:
                pass
            return (f(at + 1e-5) - f(at - 1e-5)) / 2e-5
    """)
    neighbours = [grader.template.fork() for _ in range(2)]
    try:
        for neighbour in neighbours:
            neighbour.run_cell(crowd)
        assert tiny.states(tiny.grade(grader, {"tiny/slope": work}), "slope") == ["passed"]
    finally:
        for neighbour in neighbours:
            neighbour.close()


@pytest.mark.usefixtures("neighbour")
def test_a_notebook_of_slow_cells_is_not_waited_for_cell_by_cell(course, strict):
    """A thousand cells that each stay just below the limit would hold a worker for hours."""
    from autograder.grading.settings import Patience
    from autograder.grading.submission import Grader
    from autograder.grading.verdicts import SPENT

    hasty = Grader(tiny.reference(course), strict, Patience(cell=1.0, check=1.0, judging=1.0, notebook=2.5))
    result = tiny.grade(hasty, tiny.RIGHT, {"": ["import time\ntime.sleep(0.6)"] * 1000})
    assert result.points == 0
    assert {(str(verdict.state), verdict.differs) for verdict in result.verdicts.values()} == {("timeout", SPENT)}


@pytest.mark.usefixtures("neighbour")
def test_cells_that_crash_one_after_the_other_are_not_replayed_for_ever(course, strict):
    from autograder.grading.settings import Patience
    from autograder.grading.submission import Grader
    from autograder.grading.verdicts import SPENT

    hasty = Grader(tiny.reference(course), strict, Patience(cell=1.0, check=1.0, judging=1.0, notebook=2.5))
    result = tiny.grade(hasty, tiny.RIGHT, {"": ["import os\nos._exit(1)"] * 1000})
    assert result.points == 0
    assert {(str(verdict.state), verdict.differs) for verdict in result.verdicts.values()} == {("timeout", SPENT)}


@pytest.mark.usefixtures("neighbour")
def test_a_callback_made_to_work_long_in_the_grading_process_ends_with_the_check(course, strict, grader):
    """The check hands out a cube; of a list it makes a longer list, and the student asks for that again and again."""
    long = f"{REACH}\ndef slope(f, at):\n    return f(10**3000)"
    result = tiny.grade(grader, tiny.RIGHT | {"tiny/slope": long})
    assert result.points == tiny.ALL - tiny.POINTS["slope"]
