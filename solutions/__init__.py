"""The reference implementation of the course: one module a unit, the only place where an answer is written."""
