"""What the build records of visible checks: outputs only, and each no more than once."""

import json
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.checks.judging import Fingerprint, first_deviation
from autograder.checks.plain import same, snapshot
from autograder.checks.recorded import FILE, Recorded, key, load
from tests.strategies import PLAIN, SCALARS, nested

OBSERVATIONS = st.lists(nested(SCALARS), max_size=4).map(lambda values: tuple(map(snapshot, values)))


@given(st.data(), OBSERVATIONS)
def test_recorded_numbers_come_back(data, expected):
    start = data.draw(st.integers(0, len(expected)))
    deviating = (*expected[:start], *data.draw(OBSERVATIONS))
    recorded = Recorded(expected, (Fingerprint("id", "says", "hint", deviating),), "start")
    again = Recorded.from_json(json.loads(json.dumps(recorded.to_json())))
    assert again.starting_point == "start"
    assert (again.fingerprints[0].id, again.fingerprints[0].says, again.fingerprints[0].hint) == ("id", "says", "hint")
    assert len(again.fingerprints[0].observations) == len(deviating)
    assert same(again.expected, expected, rtol=1e-9)
    assert same(again.fingerprints[0].observations, deviating, rtol=1e-9)


@given(st.lists(PLAIN, min_size=1, max_size=3).map(lambda values: tuple(map(snapshot, values))), st.integers(0, 3))
def test_a_variants_numbers_are_stored_only_from_where_it_deviates(expected, start):
    start = min(start, len(expected) - 1)
    deviating = (*expected[:start], "deviates", *expected[start + 1 :])
    (wrong,) = Recorded(expected, (Fingerprint("id", "", "", deviating),)).to_json()["wrong"]
    assert wrong["from"] == first_deviation(deviating, expected)
    assert len(wrong["observations"]) == len(expected) - wrong["from"]


def test_a_run_that_ends_early_is_stored_as_such():
    recorded = Recorded((1.0, 2.0, 3.0), (Fingerprint("id", "", "", (1.0, 2.0)),))
    again = Recorded.from_json(recorded.to_json())
    assert recorded.to_json()["wrong"][0]["observations"] == []
    assert again.fingerprints[0].observations == (1.0, 2.0)


def test_a_file_from_before_there_were_starting_points_can_be_read():
    assert Recorded.from_json({"expected": [], "wrong": []}).starting_point == ""


def written(folder, data):
    (folder / FILE).write_text(json.dumps(data), encoding="utf-8")


def test_a_check_is_found_by_its_name(tmp_path):
    one, two = (Recorded((np.full(2, number),), ()) for number in (1.0, 2.0))
    written(tmp_path, {key("unit/f", "visible"): one.to_json(), key("unit/f", "visible-2"): two.to_json()})
    assert same(load(tmp_path, "unit/f visible-2").expected, two.expected)
    assert load(tmp_path, "unit/g visible") is None


def test_a_new_release_is_noticed_in_a_running_notebook(tmp_path):
    written(tmp_path, {"unit/f visible": Recorded((1.0,), ()).to_json()})
    assert load(tmp_path, "unit/f visible").expected == (1.0,)
    written(tmp_path, {"unit/f visible": Recorded((2.0,), ()).to_json()})
    os.utime(tmp_path / FILE, ns=(1, 1))
    assert load(tmp_path, "unit/f visible").expected == (2.0,)


@pytest.mark.parametrize("content", [None, "", '{"unit/f visible": {"expec'], ids=["missing", "empty", "cut"])
def test_a_file_that_is_missing_or_damaged_gives_nothing(tmp_path, content):
    if content is not None:
        (tmp_path / FILE).write_text(content)
    assert load(tmp_path, "unit/f visible") is None
