"""nbgrader with this project's engine: `nbgrader autograde`, `generate_feedback` and the formgrader's buttons use it."""

c = get_config()

c.CourseDirectory.course_id = "training-neural-networks"
# Everything beside a notebook in source/UNIT/ is released, except what is named here: the sources hold the hidden checks.
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "*.md", ".*", "*.py"]

c.ClearSolutions.code_stub = {"python": "raise NotImplementedError  # your turn"}
c.GenerateAssignment.preprocessors = [
    "nbgrader.preprocessors.LockCells",
    "autograder.nbgrader_plugins.CutSolutions",
    "nbgrader.preprocessors.ClearOutput",
    "nbgrader.preprocessors.CheckCellMetadata",
    "nbgrader.preprocessors.ComputeChecksums",
    "nbgrader.preprocessors.SaveCells",
    "nbgrader.preprocessors.ClearHiddenTests",
    "nbgrader.preprocessors.ComputeChecksums",
    "nbgrader.preprocessors.CheckCellMetadata",
]

c.Autograde.sanitize_preprocessors = [
    "autograder.nbgrader_plugins.Align",
    "nbgrader.preprocessors.OverwriteKernelspec",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.Autograde.autograde_preprocessors = [
    "autograder.nbgrader_plugins.Grade",
    "nbgrader.preprocessors.SaveAutoGrades",
    "autograder.nbgrader_plugins.WriteComments",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]

c.GenerateFeedback.preprocessors = [
    "nbgrader.preprocessors.GetGrades",
    "autograder.nbgrader_plugins.HideHiddenChecks",
    "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
]
