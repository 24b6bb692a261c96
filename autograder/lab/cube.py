"""Which numbers of a batch of images share a mean and a variance: a coloured cube for each normaliser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from autograder.lab import plots

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHARES = {
    "batch": "one mean for each channel",
    "layer": "one for each image",
    "instance": "one for each channel of each image",
    "group": "one for each group of each image",
}


def sharing(N: int, C: int, groups: int) -> dict[str, np.ndarray]:
    """For each kind of normaliser the number of the set that image n and channel c belong to, arrays (N, C).

    >>> {kind: sets.tolist() for kind, sets in sharing(1, 4, 2).items()}
    {'batch': [[0, 1, 2, 3]], 'layer': [[0, 0, 0, 0]], 'instance': [[0, 1, 2, 3]], 'group': [[0, 0, 1, 1]]}
    """
    n, c = np.indices((N, C))
    return {"batch": c, "layer": n, "instance": n * C + c, "group": n * groups + c // (C // groups)}


def draw(N: int = 3, C: int = 6, places: int = 4, groups: int = 2) -> Figure:
    """Four cubes (images, channels, pixels); what has one colour shares a mean and a variance.

    Args:
        N: images.
        C: channels.
        places: pixels of an image, as many as fit the picture.
        groups: groups of channels, a divisor of C.
    """
    import matplotlib as mpl

    figure, axes = plots.panels(1, 4, size=(2.6, 2.9), subplot_kw={"projection": "3d"})
    for axis, (kind, sets) in zip(axes, sharing(N, C, groups).items(), strict=True):
        number = int(sets.max()) + 1
        wheel = plots.COLOURS[:number] if number <= len(plots.COLOURS) else mpl.colormaps["tab20"].colors  # type: ignore[attr-defined]
        colours = np.empty((N, C, places), dtype=object)
        for n, c in np.ndindex(N, C):
            colours[n, c, :] = mpl.colors.to_hex(wheel[sets[n, c] % len(wheel)])
        axis.voxels(np.ones((N, C, places), dtype=bool), facecolors=colours, edgecolor=plots.CARD, linewidth=0.4, shade=False)
        axis.set_title(f"{kind}:\n{SHARES[kind]}", loc="center", fontsize=9)
        axis.set(xlabel="image n", ylabel="channel c", zlabel="pixels", xticks=[], yticks=[], zticks=[])
        axis.xaxis.labelpad = axis.yaxis.labelpad = axis.zaxis.labelpad = -12
        axis.set_box_aspect((N, C, places), zoom=0.88)
        axis.view_init(elev=24, azim=-38)
    return figure
