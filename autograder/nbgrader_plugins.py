"""The classes that `nbgrader_config.py` names, so that stock nbgrader uses this engine."""

from __future__ import annotations

from typing import Any

from nbgrader import preprocessors as stock

from autograder.notebooks.model import NAMESPACE


class CutSolutions(stock.ClearSolutions):  # type: ignore[misc]
    """Cut the answers out; a cell that starts from something else than an empty body gets that."""

    def preprocess_cell(self, cell: Any, resources: Any, cell_index: int) -> tuple[Any, Any]:
        """Cut one cell."""
        own = cell.metadata.get(NAMESPACE, {})
        if "stub" in own:
            cell.source = own.pop("stub")
            return cell, resources
        return super().preprocess_cell(cell, resources, cell_index)  # type: ignore[no-any-return]
