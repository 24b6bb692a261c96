"""The dashboard is drawn from plain rows, whoever has written them."""

import json

import matplotlib
import numpy as np
import pytest

from autograder.lab import dashboard

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def _no_figure_is_left_open():
    import matplotlib.pyplot as plt

    with matplotlib.rc_context():
        yield
    plt.close("all")


@pytest.fixture(scope="module")
def records():
    return dashboard.run("sgd", 0.1, steps=41, seed=1, every=10)


def test_a_run_leaves_plain_rows(records):
    assert json.loads(json.dumps(records)) == records
    assert [row["step"] for row in records] == list(range(42))
    assert [row["step"] for row in records if "ratios" in row] == [0, 10, 20, 30, 40]
    assert [row["step"] for row in records if "weights" in row] == [0, 41]
    assert set(records[0]["ratios"]) == set(dashboard.LAYERS)


def test_a_run_repeats_itself_and_learns(records):
    assert dashboard.run("sgd", 0.1, steps=41, seed=1, every=10) == records
    assert dashboard.run("adam", 0.01, steps=41, seed=1, every=10) != records
    assert np.mean([row["loss"] for row in records[31:41]]) < records[0]["loss"] < 2.5
    wrong = [mistake for mistake in records[-1]["mistakes"] if mistake["truth"] != mistake["guess"]]
    assert len(wrong) == len(records[-1]["mistakes"])
    assert dashboard.accuracy(records) == pytest.approx(1 - len(wrong) / 450)


def test_the_dashboard_has_six_panels(records):
    figure = dashboard.draw(records, "a title")
    assert len(figure.axes) == 6
    assert figure.axes[0].get_title("left") == "a title"
    figure.canvas.draw()


def test_panels_without_records_say_so():
    figure = dashboard.draw([{"step": 3, "loss": 2.0}, {"step": 4, "loss": 1.0}])
    said = [text.get_text() for axis in figure.axes for text in axis.texts]
    assert "no update ratios\nin the records" in said
    assert sum("in the records" in text for text in said) == 5
    figure.canvas.draw()


def test_predictions_of_other_classes_are_drawn():
    figure = dashboard.draw([{"step": 1, "truth": [3, 3, 7], "guesses": [3, 7, 7]}])
    assert figure.axes[5].get_title("left") == "validation accuracy 0.667"
    assert [label.get_text() for label in figure.axes[5].get_xticklabels()] == ["3", "7"]


def test_the_wall_shows_the_surest_mistakes_first():
    mistakes = [{"picture": [0.0] * 64, "truth": 1, "guess": 7, "sure": sure} for sure in np.linspace(0.2, 0.9, 30)]
    figure = dashboard.wall([{"step": 1, "mistakes": mistakes}])
    assert len(figure.axes) == 24
    assert figure.axes[0].get_title("left") == "1, not 7\n(90 % sure)"
    assert len(dashboard.wall([{"step": 1, "mistakes": []}]).axes) == 8


def test_dynamics_count_changes_of_sides():
    rows = [{"step": step, "fixed": [0.9, sure]} for step, sure in enumerate((0.1, 0.6, 0.4, 0.8))]
    figure, crossings = dashboard.dynamics({"a run": rows})
    assert crossings == [3]
    assert figure.axes[0].get_title("left") == "a run"
