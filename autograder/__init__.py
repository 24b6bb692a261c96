"""Checks that teach, and a grader that cannot be cheated, for a course on training neural networks."""

__version__ = "0.1.0"
