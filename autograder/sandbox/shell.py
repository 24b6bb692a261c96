"""The IPython shell in which the cells of a notebook run, made and warmed up once for all students."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

LOADED = ("autograder.checks", "autograder.lab", "sklearn.datasets")
"""What most notebooks import; every net of the course learns from scikit-learn's digits, and that takes half a second to load."""


def new_shell() -> Any:
    """An IPython shell without history, files or terminal, in which the cells of a notebook run."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    config.InteractiveShell.autoindent = False
    shell = InteractiveShell.instance(config=config)
    shell._showtraceback = lambda *_: None  # the exception travels as data
    shell.displayhook.write_output_prompt = lambda: None  # the value of a last line is shown as it is, without a number
    shell.enable_gui = lambda gui=None: None  # there is no window to show a plot in
    return shell


def warm(shell: Any) -> None:
    """Load once, before the fork, what every notebook would load again."""
    import matplotlib

    matplotlib.use("module://matplotlib_inline.backend_inline")
    import matplotlib.pyplot as plt
    from IPython.utils.capture import capture_output

    for module in LOADED:
        importlib.import_module(module)

    shell.enable_matplotlib("inline")
    with capture_output():
        shell.run_cell("import matplotlib.pyplot as plt\nplt.plot([0, 1]); plt.title('warm')\nplt.show()", store_history=False)
    plt.close("all")
    shell.reset(new_session=False)
    np.random.seed(0)
    try:
        import torch
    except ImportError:
        return
    torch.manual_seed(0)
    torch.set_num_threads(1)
    weight = torch.nn.Parameter(torch.ones(2))
    weight.grad = torch.ones(2)
    torch.optim.SGD([weight], lr=0.1).step()  # the first step of any optimizer imports a second's worth of modules
