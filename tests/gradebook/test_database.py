"""What stands in nbgrader's database after grading, asked for as nbgrader asks for it."""

import datetime

import pytest

from autograder.gradebook.database import GradebookError, comments, gradebook, record, register
from tests import tiny


@pytest.fixture
def keep(course, book, grader):
    """Grade answers, and record the result."""

    def graded(student, answers, timestamp=None):
        folder = course / "submitted" / student / tiny.UNIT
        folder.mkdir(parents=True, exist_ok=True)
        if timestamp is not None:
            (folder / "timestamp.txt").write_text(timestamp)
        result = tiny.grade(grader, answers)
        record(course, book, tiny.UNIT, student, [result], [tiny.notebook(course)])
        return result, book.find_submission(tiny.UNIT, student)

    return graded


def test_every_graded_cell_of_the_unit_is_known_with_its_points(book):
    found = book.find_notebook("tiny", tiny.UNIT)
    assert {cell.name: cell.max_score for cell in found.grade_cells} == {
        "double-visible": 2,
        "double-hidden": 3,
        "shifted-visible": 4,
        "slope-visible": 6,
        "parts-visible": 1,
        "parts-hidden": 2,
        "Counter-visible": 2,
        "answer-question": 1,
    }
    assert book.find_assignment(tiny.UNIT).max_score == tiny.ALL


def test_scores_are_the_points(keep):
    result, submission = keep("ada", tiny.RIGHT | {"tiny/slope": tiny.WRONG["tiny/slope"]})
    assert submission.score == result.points == tiny.ALL - 6
    grades = {
        grade.name: (grade.auto_score, grade.manual_score, grade.needs_manual_grade) for grade in submission.notebooks[0].grades
    }
    assert grades == {name: (verdict.points, None, False) for name, verdict in result.verdicts.items()}


def test_comments_say_why_points_were_lost_and_nothing_else(keep):
    _, submission = keep("bo", tiny.RIGHT | {"tiny/double": "def double(v):\n    return v * 3"})
    found = {comment.name: comment.comment for comment in submission.notebooks[0].comments}
    sentence = "that is three times the array. Try: count again"
    assert found["double"] == f"visible: {sentence}\nhidden: {sentence}"
    assert {text for name, text in found.items() if name != "double"} == {None}


def test_comments_hold_no_number_of_a_hidden_check(keep):
    _, submission = keep("bo", tiny.RIGHT | {"tiny/double": "def double(v):\n    return v * (2 if len(v) == 3 else 3)"})
    text = next(comment.comment for comment in submission.notebooks[0].comments if comment.name == "double")
    assert text == "hidden: that is three times the array. Try: count again"


def test_a_second_grading_replaces_scores_and_comments(keep):
    keep("cy", tiny.WRONG)
    _, submission = keep("cy", tiny.RIGHT)
    assert submission.score == tiny.ALL
    assert {comment.comment for comment in submission.notebooks[0].comments} == {None}


def test_manual_scores_and_comments_stay_and_are_to_be_looked_at_again(keep, book):
    _, submission = keep("di", tiny.WRONG)
    grade = book.find_grade("slope-visible", "tiny", tiny.UNIT, "di")
    grade.manual_score, grade.extra_credit = 4.5, 1.0
    book.find_comment("slope", "tiny", tiny.UNIT, "di").manual_comment = "nearly"
    book.db.commit()
    assert submission.score == 5.5
    _, submission = keep("di", tiny.WRONG | {"tiny/Counter": tiny.RIGHT["tiny/Counter"]})
    assert submission.score == 5.5 + 2
    again = book.find_grade("slope-visible", "tiny", tiny.UNIT, "di")
    assert (again.manual_score, again.needs_manual_grade) == (4.5, True)
    assert book.find_comment("slope", "tiny", tiny.UNIT, "di").comment == "nearly"


def test_what_could_not_be_checked_is_marked_for_the_instructor(course, book, grader, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(type(grader.template), "fork", lambda self: 1 / 0)
        result = tiny.grade(grader, tiny.RIGHT)
    record(course, book, tiny.UNIT, "ed", [result], [tiny.notebook(course)])
    submission = book.find_submission(tiny.UNIT, "ed")
    assert (submission.score, submission.needs_manual_grade) == (tiny.ALL, True)


def test_a_timestamp_is_recorded_in_utc(keep):
    _, submission = keep("fi", tiny.RIGHT, "2026-03-01 10:00:00 UTC")
    assert submission.timestamp == datetime.datetime(2026, 3, 1, 10)
    _, submission = keep("fi", tiny.RIGHT, "2026-03-01T10:00:00+02:00")
    assert submission.timestamp == datetime.datetime(2026, 3, 1, 8)


@pytest.mark.parametrize("text", ["", "soon", "99999999999999999999", "2026-13-45", "\0", "2026-03-01 10:00:00 MOON extra words"])
def test_a_timestamp_that_cannot_be_read_ends_no_batch(keep, text):
    _, submission = keep("gil", tiny.RIGHT, text)
    assert (submission.score, submission.total_seconds_late) == (tiny.ALL, 0)


def test_a_late_penalty_is_nbgraders_own_and_goes_when_the_work_is_in_time(course, book, keep):
    (course / "nbgrader_config.py").write_text(
        (course / "nbgrader_config.py").read_text() + "\nfrom nbgrader.plugins import BasePlugin\nclass Half(BasePlugin):\n"
        "    def late_submission_penalty(self, student_id, score, total_seconds_late):\n        return score / 2\n"
        "c.AssignLatePenalties.plugin_class = Half\n"
    )
    book.find_assignment(tiny.UNIT).duedate = datetime.datetime(2026, 3, 1)
    book.db.commit()
    _, submission = keep("hal", tiny.RIGHT, "2026-03-02 00:00:00 UTC")
    assert submission.total_seconds_late == 86400
    assert (submission.late_submission_penalty, submission.score) == (tiny.ALL / 2, tiny.ALL)
    _, submission = keep("hal", tiny.RIGHT, "2026-02-27 00:00:00 UTC")
    assert submission.late_submission_penalty == 0


def test_registering_again_changes_nothing(course, book, keep):
    keep("ida", tiny.RIGHT)
    register(course, tiny.UNIT, [tiny.notebook(course)])
    assert book.find_submission(tiny.UNIT, "ida").score == tiny.ALL


def test_changed_points_reach_the_gradebook_before_anybody_is_graded(course):
    path = course / "source" / tiny.UNIT / "tiny.ipynb"
    path.write_text(path.read_text().replace("--points 6", "--points 7").replace('"points": 6', '"points": 7'))
    register(course, tiny.UNIT, [tiny.notebook(course)])
    with gradebook(course) as book:
        assert book.find_assignment(tiny.UNIT).max_score == tiny.ALL + 1


def test_a_check_added_after_grading_is_refused_in_one_sentence(course, keep):
    keep("jo", tiny.RIGHT)
    path = course / "source" / tiny.UNIT / "tiny.ipynb"
    path.write_text(path.read_text().replace('"slope-visible"', '"slope-visible-2"'))
    with pytest.raises(GradebookError, match="nbgrader does not accept 01-tiny: "):
        register(course, tiny.UNIT, [tiny.notebook(course)])


def test_each_exercise_has_a_comment_of_its_own(grader):
    notebook = grader.reference.notebook
    found = comments(notebook, tiny.grade(grader, {}))
    assert set(found) == {exercise.grade_id for exercise in notebook.exercises.values()}
    for exercise in notebook.exercises.values():
        kinds = [check.header.name for check in notebook.checks if check.header.exercise == exercise.name]
        reason = "there is no answer yet" if exercise.is_question else "the stub is still in place"
        assert found[exercise.grade_id] == "\n".join(f"{kind}: {reason}." for kind in kinds)
