"""Unit 9, the capstone: what a fair grader accepts, and what does not count as evidence."""

from solutions.variants import Variants, edit

variants = Variants()
