"""Grading: one submission in, one result out."""

import importlib.util
import sys
from pathlib import Path

if importlib.util.find_spec("solutions") is None:  # nbgrader was started by its own name: the answers lie beside this package
    sys.path.append(str(Path(__file__).resolve().parents[2]))
