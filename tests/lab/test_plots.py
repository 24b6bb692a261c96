import matplotlib
import numpy as np
import pytest

from autograder.lab import plots

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def _no_figure_is_left_open():
    import matplotlib.pyplot as plt

    with matplotlib.rc_context():
        yield
    plt.close("all")


def test_panels_have_the_look_of_the_course():
    figure, axes = plots.panels(2, 3, size=(2, 1))
    assert axes.shape == (2, 3)
    assert figure.get_size_inches().tolist() == [6, 2]
    assert matplotlib.colors.to_hex(figure.get_facecolor()) == plots.CARD.lower()
    assert axes[0, 0].plot([0, 1])[0].get_color() == plots.BLUE


def test_a_picture_says_what_it_shows():
    figure, axis = plots.panels()
    plots.label(axis, "step", "loss", "a title")
    plots.reference(axis, x=1, text="here")
    plots.reference(axis, y=2, text="there")
    plots.caption(figure, "One sentence that is long enough to be broken into two lines, because the picture is narrow.")
    assert (axis.get_xlabel(), axis.get_ylabel(), axis.get_title("left")) == ("step", "loss", "a title")
    assert {text.get_text() for text in axis.texts} == {"here", "there"}
    assert figure._supxlabel.get_text().count("\n") == 1
    figure.canvas.draw()


def test_classes_and_territory_of_a_classifier():
    _, axis = plots.panels()
    X, y = np.array([[0.0, 1.0], [1.0, 0.0], [-1.0, 0.5]]), np.array([0, 1, 0])
    plots.territory(axis, lambda places: (places[:, 0] > 0).astype(int), reach=2)
    plots.classes(axis, X, y)
    assert [line.get_label() for line in axis.lines] == ["class 0", "class 1"]
    assert axis.get_xlim() == pytest.approx((-2, 2))


def test_a_table_is_markdown():
    assert plots.table(["a", "b"], [[1, "x"], [2, "y"]]).data == "| a | b |\n| --- | --- |\n| 1 | x |\n| 2 | y |"


def test_a_knob_is_silent_where_nobody_can_turn_it(capsys):
    plots.knob(lambda value: pytest.fail("drawn"), "rate", (1, 2, 3), start=1)
    assert capsys.readouterr().out == ""


def test_a_knob_draws_when_it_is_turned(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.core.getipython.get_ipython", lambda: type("Shell", (), {"kernel": object()})())
    monkeypatch.setattr("IPython.display.display", shown.append)

    def draw(value):
        figure, axis = plots.panels(size=(value, 1))
        axis.plot([0, 1])
        return figure

    plots.knob(draw, "width", (1, 2, 3), start=2)
    slider, picture = shown[0].children
    assert slider.value == 2
    assert picture.layout.display == "none"
    slider.value = 3
    assert bytes(picture.value).startswith(b"\x89PNG")
    assert picture.layout.display == ""
    assert matplotlib.pyplot.get_fignums() == []
