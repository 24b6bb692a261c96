"""nbgrader's own programming interface, with the course's configuration."""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]


def course_config(course: Path, *, source: Path | None = None, release: Path | None = None) -> Any:
    """The configuration that `nbgrader` commands use, for the course in a folder."""
    from traitlets.config import Config, PyFileConfigLoader

    found = course / "nbgrader_config.py"
    config = Config(PyFileConfigLoader(str(found if found.is_file() else REPOSITORY / "nbgrader_config.py")).load_config())
    config.CourseDirectory.root = str(course)
    config.CourseDirectory.db_url = f"sqlite:///{course / 'gradebook.db'}"
    if source is not None:
        config.CourseDirectory.source_directory = str(source)
    if release is not None:
        config.CourseDirectory.release_directory = str(release)
    return config


def course_api(course: Path, *, source: Path | None = None, release: Path | None = None) -> Any:
    """nbgrader's interface to the course in a folder."""
    import logging

    find_alembic()
    from nbgrader.apps.api import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory

    logging.getLogger("traitlets").setLevel(logging.ERROR)
    config = course_config(course, source=source, release=release)
    return NbGraderAPI(CourseDirectory(config=config), config=config)


def find_alembic() -> None:
    """nbgrader starts `alembic` by name when it makes a gradebook, also where the environment has not been activated."""
    scripts = sysconfig.get_path("scripts")
    if scripts not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([scripts, os.environ.get("PATH", "")])
