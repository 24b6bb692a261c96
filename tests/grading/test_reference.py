"""Where the numbers by which misconceptions are named come from."""

import json

import pytest

from autograder.checks.plain import same
from autograder.checks.recorded import FILE
from autograder.grading.reference import Reference
from autograder.notebooks.reading import read_notebook


class Watched(Reference):
    """A reference that notes which wrong variants were run."""

    ran: list[str]

    def run(self, check, variant=None):
        if variant is not None:
            self.ran.append(variant.id)
        return super().run(check, variant)


@pytest.fixture
def reference(built):
    """Makes references of the built notebook, and gives its checks of `scale` by kind."""

    def make(folder):
        made = Watched(read_notebook(built.source.with_suffix(".ipynb")), folder=folder)
        made.ran = []
        return made, {check.header.kind: check for check in made.notebook.checks if check.header.exercise.endswith("/scale")}

    return make


def numbers(fingerprints):
    return [(one.id, one.says, one.hint, one.observations) for one in fingerprints]


def test_wrong_variants_are_not_run_for_a_visible_check_whose_numbers_are_recorded(built, reference):
    (fresh, checks), (recorded, _) = reference(None), reference(built.source.parent)
    expected = numbers(fresh.fingerprints(checks["visible"]))
    assert fresh.ran == ["s.plus", "s.abs"]
    assert same(numbers(recorded.fingerprints(checks["visible"])), expected)
    assert recorded.ran == []
    assert [one.id for one in recorded.fingerprints(checks["visible"], "s.abs")] == ["s.abs", "s.plus"]


def test_wrong_variants_are_run_for_hidden_checks(built, reference):
    made, checks = reference(built.source.parent)
    assert "s.plus" in [one.id for one in made.fingerprints(checks["hidden"])]
    assert made.ran == ["s.plus", "s.abs"]


def test_wrong_variants_are_run_where_the_record_is_of_other_inputs_or_missing(built, reference, tmp_path):
    recorded = json.loads((built.source.parent / FILE).read_text(encoding="utf-8"))
    recorded[f"{built.module}/scale visible"]["expected"][0]["array"][0] += 0.01
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / FILE).write_text(json.dumps(recorded), encoding="utf-8")
    for folder in (tmp_path / "other", tmp_path):
        made, checks = reference(folder)
        assert [one.id for one in made.fingerprints(checks["visible"])] == made.ran == ["s.plus", "s.abs"]
