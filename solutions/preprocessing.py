"""Unit 2, data preprocessing and augmentation.

Tables are `X (N, D)` with one sample in each row, pictures are `(N, C, H, W)`. Every function returns new arrays and writes to none
that it was given. Statistics are population statistics: the variance divides by N.
"""

# mypy: disable-error-code=no-any-return
# (NumPy's stubs give arithmetic between arrays the type Any.)

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

# E2.1


def split_indices(n: int, fractions: Sequence[float], rng: np.random.Generator, y: np.ndarray | None = None) -> list[np.ndarray]:
    """Deal the numbers 0 … n-1 into parts, at random, so that no sample is in two of them.

    Args:
        n: number of samples.
        fractions: share of each part, such as (0.6, 0.2, 0.2); they sum to 1.
        rng: the only source of randomness: the same state gives the same split, and
            the next call gives another one.
        y: None, or the class of each sample `(n,)`, numbers or strings. When it is given, each class is dealt
            out by itself.

    Returns:
        One array of indices for each fraction, each in random order (a batch may be cut from it as it
        stands). Together they hold every index exactly once. The size of a part differs from `n * fraction`
        by at most 1; when `y` is given, this holds for every class instead.

    Raises:
        ValueError: the fractions do not sum to 1.

    >>> train, val, test = split_indices(10, (0.6, 0.2, 0.2), np.random.default_rng(0))
    >>> len(train), len(val), len(test), sorted(np.concatenate([train, val, test]).tolist()) == list(range(10))
    (6, 2, 2, True)
    """
    if not np.isclose(sum(fractions), 1.0):
        raise ValueError(f"split_indices: the fractions must sum to 1; got {tuple(fractions)}, which sum to {sum(fractions):g}")
    ### BEGIN SOLUTION
    groups = [np.arange(n)] if y is None else [np.flatnonzero(y == label) for label in np.unique(y)]
    pieces: list[list[np.ndarray]] = [[] for _ in fractions]
    for group in groups:
        cuts = np.round(len(group) * np.cumsum(fractions)[:-1]).astype(int)
        for piece, part in zip(np.split(rng.permutation(group), cuts), pieces, strict=True):
            part.append(piece)
    parts = [rng.permutation(np.concatenate(part)) for part in pieces]
    ### END SOLUTION
    return parts


# E2.2


class Standardizer:
    """Brings every feature to mean 0 and standard deviation 1, with the statistics of
    the training data and no others.

    >>> scaler = Standardizer().fit(np.array([[1.0, 7.0], [3.0, 7.0]]))
    >>> scaler.transform(np.array([[4.0, 7.5]])).tolist()
    [[2.0, 0.5]]
    """

    def fit(self, X: np.ndarray) -> Self:
        r"""Measure and remember the mean and the spread of every feature; what an earlier
        `fit` remembered is forgotten.

        Args:
            X: training data (N, D), float64 or float32; the statistics are computed in float64.

        Returns:
            This object, so that `Standardizer().fit(X).transform(X)` can be written.

        The spread is the population standard deviation; a feature whose spread is below $10^{-12}$ is
        constant and gets 1 instead.
        """
        X = np.asarray(X, dtype=np.float64)
        spread = X.std(axis=0)
        self.mean = X.mean(axis=0)
        self.scale = np.where(spread < 1e-12, 1.0, spread)
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        """Standardise data with what was remembered.

        Args:
            X: any data with the same features (M, D); M may be 1.

        Returns:
            New array (M, D) in float64. A constant feature is centred only.
        """
        return (X - self.mean) / self.scale

    def inverse(self, Z: np.ndarray) -> np.ndarray:
        """Undo `transform`.

        Args:
            Z: standardised data (M, D).

        Returns:
            New array (M, D) in the units of the training data.
        """
        return Z * self.scale + self.mean


# E2.3


def clip_outliers(
    X: np.ndarray, k: float = 3.0, mode: str = "clip", stats: tuple[np.ndarray, np.ndarray] | None = None
) -> np.ndarray:
    """Deal with values that lie more than `k` standard deviations from the mean of their feature.

    Args:
        X: data (N, D).
        k: how many standard deviations are still normal, 0 or more. Exactly `k` of them is normal.
        mode: "clip" moves an outlier to the nearest value that is still normal; "drop" leaves out every row
            that holds one; "nan" replaces each by nan.
        stats: None to judge by the mean and population standard deviation of `X` itself; otherwise the pair
            `(mean, std)` to judge by, each (D,), such as those of the training data.

    Returns:
        New array (N, D) in float64; with "drop" (M, D), M at most N, the remaining rows in their order.

    Raises:
        ValueError: `mode` is none of the three.

    >>> X = np.array([[1.0], [2.0], [30.0]])
    >>> clip_outliers(X, k=2.0, stats=(np.array([2.0]), np.array([1.5]))).tolist()
    [[1.0], [2.0], [5.0]]
    """
    if mode not in ("clip", "drop", "nan"):
        raise ValueError(f'clip_outliers: mode must be "clip", "drop" or "nan"; got {mode!r}')
    ### BEGIN SOLUTION
    X = np.array(X, dtype=np.float64)
    mean, std = (X.mean(axis=0), X.std(axis=0)) if stats is None else stats
    outlier = np.abs(X - mean) > k * std
    if mode == "drop":
        result = X[~outlier.any(axis=1)]
    elif mode == "nan":
        result = np.where(outlier, np.nan, X)
    else:
        result = np.clip(X, mean - k * std, mean + k * std)
    ### END SOLUTION
    return result


# E2.4


@dataclass(frozen=True)
class Whitening:
    """What PCA whitening has learned from the training data.

    Attributes:
        mean: of every feature (D,).
        V: orthonormal directions, one in each column (D, k), that of the largest variance first.
        variances: of the training data along these directions (k,), descending, none below 0.
        eps: added to every variance before a root is taken; unit of a variance.
    """

    mean: np.ndarray
    V: np.ndarray
    variances: np.ndarray
    eps: float

    def transform(self, X: np.ndarray) -> np.ndarray:
        """Express data (M, D) in the directions `V`, each scaled to a variance of
        about 1: a new array (M, k)."""
        return (X - self.mean) @ self.V / np.sqrt(self.variances + self.eps)

    def inverse(self, Z: np.ndarray) -> np.ndarray:
        """Bring whitened data (M, k) back: a new array (M, D), exact when no
        direction was left out (k = D)."""
        return Z * np.sqrt(self.variances + self.eps) @ self.V.T + self.mean


def pca_whiten(X: np.ndarray, n_components: int | None = None, eps: float = 1e-5) -> Whitening:
    """Find the directions in which the data vary, and how much.

    Args:
        X: training data (N, D).
        n_components: how many directions to keep, those of the largest variance; None for all D.
        eps: handed on to the result.

    Returns:
        A `Whitening`. The sign of each direction is free. The covariance it is based on divides by N.

    >>> white = pca_whiten(np.array([[5.0, 1.0], [5.0, 7.0], [7.0, 4.0], [3.0, 4.0]]), n_components=1)
    >>> white.mean.tolist(), white.variances.round(6).tolist(), white.transform(np.zeros((7, 2))).shape
    ([5.0, 4.0], [4.5], (7, 1))
    """
    mean = X.mean(axis=0)
    centred = X - mean
    covariance = centred.T @ centred / len(X)
    variances, V = np.linalg.eigh(covariance)
    largest_first = np.argsort(variances)[::-1][:n_components]
    not_below_zero = np.maximum(variances[largest_first], 0.0)  # rounding may leave -1e-15 where there is no variance
    return Whitening(mean, V[:, largest_first], not_below_zero, eps)


def zca_matrix(X: np.ndarray, eps: float = 1e-5) -> np.ndarray:
    """The whitening that changes the data least.

    Args:
        X: training data (N, D).
        eps: added to every variance before the root is taken.

    Returns:
        The symmetric matrix (D, D) by which centred data are multiplied:
        `(X - X.mean(axis=0)) @ zca_matrix(X)`.

    >>> zca_matrix(np.array([[2.0, 0.0], [-2.0, 0.0], [0.0, 4.0], [0.0, -4.0]]), eps=0.0).round(6).tolist()
    [[0.707107, 0.0], [0.0, 0.353553]]
    """
    centred = X - X.mean(axis=0)
    variances, V = np.linalg.eigh(centred.T @ centred / len(X))
    return V / np.sqrt(np.maximum(variances, 0.0) + eps) @ V.T


# E2.5


def image_stats(imgs: np.ndarray, mode: str) -> tuple[np.ndarray, ...]:
    """The statistics that three famous networks normalise their pictures with.

    Args:
        imgs: training pictures (N, C, H, W), uint8 or float, in whatever unit they have.
        mode: "mean_image" (AlexNet), "channel_mean" (VGG) or "channel_meanstd" (ResNet in torchvision).

    Returns:
        A tuple of float64 arrays: `(mean,)` with the mean picture (C, H, W); or `(mean,)` with one number for
        each channel (C,); or `(mean, std)`, each (C,), taken over all pixels of all pictures. A channel that
        never changes gets the std 1.

    Raises:
        ValueError: `mode` is none of the three.

    >>> imgs = np.array(
    ...     [[[[0, 2]], [[10, 10]]], [[[4, 6]], [[10, 10]]]], dtype=np.uint8
    ... )  # 2 pictures, 2 channels, 1 x 2 pixels
    >>> [part.tolist() for part in image_stats(imgs, "mean_image")]
    [[[[2.0, 4.0]], [[10.0, 10.0]]]]
    """
    if mode not in ("mean_image", "channel_mean", "channel_meanstd"):
        raise ValueError(f'image_stats: mode must be "mean_image", "channel_mean" or "channel_meanstd"; got {mode!r}')
    ### BEGIN SOLUTION
    pixels = np.asarray(imgs, dtype=np.float64)
    everything_but_channels = (0, 2, 3)
    if mode == "mean_image":
        stats: tuple[np.ndarray, ...] = (pixels.mean(axis=0),)
    elif mode == "channel_mean":
        stats = (pixels.mean(axis=everything_but_channels),)
    else:
        std = pixels.std(axis=everything_but_channels)
        stats = (pixels.mean(axis=everything_but_channels), np.where(std < 1e-12, 1.0, std))
    ### END SOLUTION
    return stats


def normalize_images(imgs: np.ndarray, stats: tuple[np.ndarray, ...]) -> np.ndarray:
    """Normalise pictures with stored statistics.

    Args:
        imgs: any pictures (M, C, H, W), uint8 or float, in the unit of the training pictures.
        stats: what `image_stats` returned for the training pictures, in any of its three modes.

    Returns:
        New array (M, C, H, W) in float64: the mean is subtracted, and where there is a std, the result is
        divided by it.

    >>> imgs = np.array([[[[1, 3]], [[9, 5]]]], dtype=np.uint8)
    >>> normalize_images(imgs, (np.array([2.0, 10.0]), np.array([1.0, 0.5]))).tolist()
    [[[[-1.0, 1.0]], [[-2.0, -10.0]]]]
    """
    per_channel = [part[:, None, None] if part.ndim == 1 else part for part in stats]
    centred = np.asarray(imgs, dtype=np.float64) - per_channel[0]
    return centred / per_channel[1] if len(per_channel) > 1 else centred


# E2.6


def random_flip(x: np.ndarray, rng: np.random.Generator, p: float = 0.5, coins: np.ndarray | None = None) -> np.ndarray:
    """Mirror some of the pictures of a batch, left to right; which ones, chance decides for each of them.

    Args:
        x: pictures (N, C, H, W); the last axis runs from left to right.
        rng: source of randomness.
        p: probability that a picture is mirrored.
        coins: None to draw; otherwise N numbers in [0, 1) to use in place of draws: picture i is mirrored
            when `coins[i] < p`.

    Returns:
        New array of the shape and dtype of `x`, the pictures in their order.

    >>> x = np.arange(6).reshape(2, 1, 1, 3)
    >>> random_flip(x, np.random.default_rng(0), p=0.5, coins=np.array([0.9, 0.2])).ravel().tolist()
    [0, 1, 2, 5, 4, 3]
    """
    if coins is None:
        coins = rng.random(len(x))
    mirrored = x[..., ::-1]
    one_for_each_picture = (-1,) + (1,) * (x.ndim - 1)
    return np.where((coins < p).reshape(one_for_each_picture), mirrored, x)


def random_crop(
    x: np.ndarray, size: tuple[int, int], pad: int, rng: np.random.Generator, corners: np.ndarray | None = None
) -> np.ndarray:
    """Put a frame of zeros around every picture, and cut a window out of it, each
    picture at a place of its own.

    Args:
        x: pictures (N, C, H, W).
        size: height and width of the window, at most H + 2 pad and W + 2 pad.
        pad: thickness of the frame, in pixels, on all four sides.
        rng: source of randomness.
        corners: None to draw, all places at which the window lies inside the frame being equally likely;
            otherwise whole numbers (N, 2) to use in place of draws: row and column of the upper left pixel of
            each window, counted in the framed picture.

    Returns:
        New array (N, C, *size) of the dtype of `x`, the pictures in their order.

    >>> x = np.arange(1, 5).reshape(1, 1, 2, 2)
    >>> random_crop(x, (2, 2), 1, np.random.default_rng(0), corners=np.array([[0, 1]])).tolist()
    [[[[0, 0], [1, 2]]]]
    """
    height, width = size
    framed = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)])
    if corners is None:
        places = (framed.shape[2] - height + 1, framed.shape[3] - width + 1)
        corners = rng.integers(0, places, size=(len(x), 2))
    return np.stack(
        [picture[:, top : top + height, left : left + width] for picture, (top, left) in zip(framed, corners, strict=True)]
    )


def tta_predict(
    predict: Callable[[np.ndarray], np.ndarray], x: np.ndarray, views: Sequence[Callable[[np.ndarray], np.ndarray]]
) -> np.ndarray:
    """Test-time augmentation: look at every picture in several ways, and average the probabilities.

    Args:
        predict: takes pictures, returns a probability for each class (N, K).
        x: pictures (N, C, H, W).
        views: functions that each take pictures and return changed ones, such as a mirror; one of them may
            change nothing.

    Returns:
        Averaged probabilities (N, K).

    >>> predict = lambda x: np.column_stack([x[:, 0], 1 - x[:, 0]])
    >>> tta_predict(predict, np.array([[0.2, 0.8]]), [lambda x: x, lambda x: x[:, ::-1]]).tolist()
    [[0.5, 0.5]]
    """
    return np.mean([predict(view(x)) for view in views], axis=0)


# E2.7


def color_jitter(
    img_u8: np.ndarray, shift: np.ndarray | float, scale: np.ndarray | float, rng: np.random.Generator | None = None
) -> np.ndarray:
    r"""Change the colours of a picture, and keep it a picture: whole numbers from 0 to 255.

    Args:
        img_u8: a picture (C, H, W) of dtype uint8.
        shift: added to each channel; (C,) or one number for all; unit of a grey value.
        scale: factor of each channel, positive, applied before the shift; (C,) or one number for all.
        rng: None to apply exactly this change. Otherwise a random one that is at most as strong: for every
            channel two fresh numbers $u, v$, uniform from -1 to 1, turn its shift into `u * shift` and its
            factor into `scale ** v`.

    Returns:
        New array (C, H, W) of dtype uint8: rounded to the nearest whole number, and what leaves 0 … 255 stops
        at the border.

    >>> color_jitter(
    ...     np.array([[[250, 100]], [[7, 8]]], dtype=np.uint8), shift=np.array([20.0, -15.0]), scale=1.1
    ... ).tolist()
    [[[255, 130]], [[0, 0]]]
    """
    channels = (len(img_u8),)
    shift, scale = np.broadcast_to(np.float64(shift), channels), np.broadcast_to(np.float64(scale), channels)
    if rng is not None:
        shift, scale = shift * rng.uniform(-1, 1, channels), scale ** rng.uniform(-1, 1, channels)
    changed = img_u8 * scale[:, None, None] + shift[:, None, None]
    return np.clip(np.round(changed), 0, 255).astype(np.uint8)


# E2.8


def affine_matrix(
    angle: float = 0.0,
    translate: tuple[float, float] = (0.0, 0.0),
    scale: float = 1.0,
    shear: float = 0.0,
    center: tuple[float, float] = (0.0, 0.0),
) -> np.ndarray:
    r"""The map of the plane that shears, scales, rotates about a centre, and moves, in this order.

    Args:
        angle: in radians; positive turns the x axis towards the y axis.
        translate: how far everything is moved at the end, along x and y.
        scale: factor for both axes.
        shear: k in $(x, y) \mapsto (x + k y,\, y)$.
        center: the point that shearing, scaling and rotating leave where it is.

    Returns:
        The matrix $[M \mid t]$ of shape (2, 3): a point $(x, y)$ goes to $M\,(x, y)^\top + t$.

    >>> affine_matrix(angle=np.pi / 2).round(6).tolist()
    [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0]]
    """
    cos, sin = np.cos(angle), np.sin(angle)
    rotation = np.array([[cos, -sin], [sin, cos]])
    M = rotation @ (scale * np.eye(2)) @ np.array([[1.0, shear], [0.0, 1.0]])
    t = np.array(center) + translate - M @ np.array(center)
    return np.column_stack([M, t])


def rotation_3d(axis: np.ndarray, angle: float) -> np.ndarray:
    r"""The rotation of space about an axis through the origin, by Rodrigues' formula.

    Args:
        axis: direction (3,), of any length but 0.
        angle: in radians; positive is counter-clockwise when the axis points at you.

    Returns:
        The matrix $R$ (3, 3): a point $p$ goes to $R\,p$.

    Raises:
        ValueError: the axis has length 0.

    >>> rotation_3d(np.array([0.0, 0.0, 2.0]), np.pi / 2).round(6).tolist()
    [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    length = np.linalg.norm(axis)
    if length == 0:
        raise ValueError("rotation_3d: the axis must have a direction; got length 0")
    ### BEGIN SOLUTION
    x, y, z = np.asarray(axis) / length
    K = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    R = np.eye(3) + np.sin(angle) * K + (1 - np.cos(angle)) * K @ K
    ### END SOLUTION
    return R


# E2.9


def cutmix(
    xa: np.ndarray, ya: np.ndarray, xb: np.ndarray, yb: np.ndarray, box: tuple[int, int, int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Paste a rectangle of picture b into picture a, and mix the labels in proportion to the pixels.

    Args:
        xa, xb: pictures (C, H, W), or batches of them (N, C, H, W).
        ya, yb: their labels, one-hot or already mixed, (K,) or (N, K).
        box: `(top, bottom, left, right)`; rows top … bottom-1 and columns left … right-1 come from b. It may
            hang over the border; what hangs over is cut off.

    Returns:
        `(x, y)`: new arrays of the shapes of `xa` and `ya`. The weight of a label is the share of the pixels
        that come from its picture.

    Source: Yun et al. (2019), arXiv:1905.04899.

    >>> x, y = cutmix(
    ...     np.zeros((1, 2, 3)), np.array([1.0, 0.0]), np.ones((1, 2, 3)), np.array([0.0, 1.0]), (0, 2, 2, 9)
    ... )
    >>> x.tolist(), y.round(6).tolist()
    ([[[0.0, 0.0, 1.0], [0.0, 0.0, 1.0]]], [0.666667, 0.333333])
    """
    H, W = xa.shape[-2:]
    top, bottom, left, right = np.clip(box, 0, (H, H, W, W))
    x = xa.copy()
    x[..., top:bottom, left:right] = xb[..., top:bottom, left:right]
    from_b = (bottom - top) * (right - left) / (H * W)
    return x, (1 - from_b) * ya + from_b * yb


def masked_mix(xa: np.ndarray, ya: np.ndarray, xb: np.ndarray, yb: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mix two pictures with a mask of any form, hard or soft, and their labels in proportion.

    Args:
        xa, xb: pictures (C, H, W), or batches of them (N, C, H, W).
        ya, yb: their labels, one-hot or already mixed, (K,) or (N, K).
        mask: for every pixel the share of picture a, from 0 to 1, (H, W).

    Returns:
        `(x, y)`: new arrays of the shapes of `xa` and `ya`, in float64.

    Source: French, Oliver & Salimans (2020), arXiv:2003.12022 (CowMix).

    >>> (xa, ya), (xb, yb) = (
    ...     (np.full((1, 1, 2), 8.0), np.array([1.0, 0.0])),
    ...     (np.zeros((1, 1, 2)), np.array([0.0, 1.0])),
    ... )
    >>> x, y = masked_mix(xa, ya, xb, yb, np.array([[1.0, 0.5]]))
    >>> x.tolist(), y.tolist()
    ([[[8.0, 4.0]]], [0.75, 0.25])
    """
    from_a = mask.mean()
    return mask * xa + (1 - mask) * xb, from_a * ya + (1 - from_a) * yb


def sample_box(H: int, W: int, lam: float, rng: np.random.Generator) -> tuple[int, int, int, int]:
    r"""Draw the rectangle that CutMix pastes.

    Args:
        H, W: height and width of the pictures, in pixels.
        lam: share of the picture that should remain, in [0, 1], before anything is cut off at the border.
        rng: source of randomness.

    Returns:
        `(top, bottom, left, right)`, four whole numbers, the box inside the picture. Before it is cut off at
        the border it has $h$ rows and $w$ columns, $\sqrt{1 - \mathrm{lam}}$ times those of the picture,
        rounded; its centre, row `top + h // 2` and column `left + w // 2`, is any pixel of the picture, all
        equally likely.

    >>> top, bottom, left, right = sample_box(8, 600, 0.75, np.random.default_rng(0))
    >>> 2 <= bottom - top <= 4, 150 <= right - left <= 300  # a whole box has 4 rows and 300 columns
    (True, True)
    """
    h, w = (round(side * np.sqrt(1 - lam)) for side in (H, W))
    top, left = int(rng.integers(H)) - h // 2, int(rng.integers(W)) - w // 2
    return max(top, 0), min(top + h, H), max(left, 0), min(left + w, W)


label_keeping = "B"  # Q2.1: small rotations and shifts; a half turn makes a 6 of a 9, a mirror makes no digit at all of a 2
largest_z = 3.0  # Q2.2: sqrt(n - 1), reached when nine values are equal and the tenth is not
contribution_ratio = 70 / 1.5  # Q2.3: 0.01 * 70 over 0.01 * 1.5
leaky_pipeline = "C"  # Q2.4: the scaler has seen the test rows when it was fitted on everything
