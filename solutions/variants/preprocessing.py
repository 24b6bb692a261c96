"""Unit 2: what a fair grader accepts, and the misconceptions that it names."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from solutions.variants import Variants, edit

variants = Variants()

# E2.1 split_indices


def split_by_sorting(n, fractions, rng, y=None):
    if abs(sum(fractions) - 1) > 1e-6:
        raise ValueError("the fractions do not sum to 1")
    order = np.argsort(rng.random(n))
    labels = np.zeros(n, dtype=int) if y is None else np.unique(np.asarray(y), return_inverse=True)[1]
    part_of = np.empty(n, dtype=int)
    for label in set(labels.tolist()):
        members = [i for i in order if labels[i] == label]
        edges = [int(len(members) * sum(fractions[: p + 1]) + 0.5) for p in range(len(fractions))]
        edges[-1] = len(members)
        for place, i in enumerate(members):
            part_of[i] = next(p for p, edge in enumerate(edges) if place < edge)
    return [order[part_of[order] == p] for p in range(len(fractions))]


def split_largest_remainder(n, fractions, rng, y=None):
    if abs(sum(fractions) - 1) > 1e-6:
        raise ValueError("the fractions do not sum to 1")
    groups = {}
    for i in range(n):
        groups.setdefault(None if y is None else y[i], []).append(i)
    parts = [[] for _ in fractions]
    for members in groups.values():
        members = list(members)
        rng.shuffle(members)
        ideal = [len(members) * f for f in fractions]
        sizes = [int(v + 1e-9) for v in ideal]
        by_remainder = sorted(range(len(fractions)), key=lambda p: sizes[p] - ideal[p])
        for p in by_remainder[: len(members) - sum(sizes)]:
            sizes[p] += 1
        for part, size in zip(parts, sizes, strict=True):
            part.extend(members[:size])
            members = members[size:]
    result = []
    for part in parts:
        rng.shuffle(part)
        result.append(np.array(part, dtype=int))
    return result


variants.right("sp.sorting", split_indices=split_by_sorting)
variants.right("sp.largest_remainder", split_indices=split_largest_remainder)


def split_float_round(n, fractions, rng, y=None):
    if not np.isclose(sum(fractions), 1.0):
        raise ValueError("the fractions must sum to 1")
    groups = [np.arange(n)] if y is None else [np.flatnonzero(y == label) for label in np.unique(y)]
    parts = [[] for _ in fractions]
    for group in groups:
        group, start = rng.permutation(group), 0
        for part, fraction in zip(parts, fractions, strict=True):
            size = int(len(group) * fraction)
            part.append(group[start : start + size])
            start += size
    return [rng.permutation(np.concatenate(part)) for part in parts]


variants.wrong(
    "sp.noshuffle",
    says="you cut the data in the order in which they lie: on sorted data one part gets all of the last class",
    hint="shuffle the indices before you cut",
    split_indices=edit("rng.permutation(group)", "group", "rng.permutation(np.concatenate(part))", "np.concatenate(part)"),
)
variants.wrong(
    "sp.shuffle_parts",
    says="you shuffle each part after cutting, so every part is still a block of the original order",
    hint="which samples land in the last part? Shuffle before you cut",
    split_indices=edit("rng.permutation(group)", "group"),
)
variants.wrong(
    "sp.float_round",
    says="you round the size of every part by itself, so the sizes do not sum to n and samples get lost",
    hint="round the places where you cut, not the sizes: the last part gets what is left",
    split_indices=split_float_round,
)
variants.wrong(
    "sp.replace",
    says="you draw with replacement: the same sample can be in training and in test, which is a leak",
    hint="np.unique(indices).size tells how many different ones you have",
    split_indices=edit("rng.permutation(group)", "rng.choice(group, len(group))"),
)
variants.wrong(
    "sp.global_rng",
    says="you draw from NumPy's global generator and not from rng, so nobody can repeat your split",
    hint="call it twice with np.random.default_rng(3): the two splits must agree",
    split_indices=edit(
        "rng.permutation(group)", "np.random.permutation(group)", "rng.permutation(np.conc", "np.random.permutation(np.conc"
    ),
)
variants.wrong(
    "sp.own_seed",
    says="you make a generator of your own, so every call gives the same split whatever rng says",
    hint="whoever wants five different splits passes one rng five times",
    split_indices=edit(
        "    groups = [np.arange(n)]",
        "    rng = np.random.default_rng(0)\n    groups = [np.arange(n)]",
    ),
)
variants.wrong(
    "sp.strat_global",
    says="you shuffle all samples together and ignore y: a rare class can be missing from a part",
    hint="deal out each class by itself, then join what each part received",
    split_indices=edit("[np.arange(n)] if y is None else [np.flatnonzero(y == label) for label in np.unique(y)]", "[np.arange(n)]"),
)
variants.wrong(
    "sp.strat_blocks",
    says="your parts hold one class after the other: batches cut from them would see a single label each",
    hint="shuffle every part once more after joining its classes",
    split_indices=edit("rng.permutation(np.concatenate(part))", "np.concatenate(part)"),
)

# E2.2 Standardizer


class StandardizerByHand:
    def fit(self, X):
        X = np.array(X, dtype=float)
        self.m = X.sum(axis=0) / len(X)
        self.s = np.sqrt(((X - self.m) ** 2).sum(axis=0) / len(X))
        self.s[self.s < 1e-12] = 1
        return self

    def transform(self, X):
        return (np.array(X, dtype=float) - self.m) / self.s

    def inverse(self, Z):
        return self.m + self.s * Z


class StandardizerColumns:
    def fit(self, X: np.ndarray) -> Self:
        columns = [np.float64(column) for column in X.T]
        self._stats = [(column.mean(), column.std() if column.std() >= 1e-12 else 1.0) for column in columns]
        return self

    def transform(self, X):
        return np.stack([(np.float64(column) - m) / s for column, (m, s) in zip(X.T, self._stats, strict=True)], axis=1)

    def inverse(self, Z):
        return np.stack([column * s + m for column, (m, s) in zip(Z.T, self._stats, strict=True)], axis=1)


variants.right("st.by_hand", Standardizer=StandardizerByHand)
variants.right("st.columns", Standardizer=StandardizerColumns)

variants.wrong(
    "st.refit_in_transform",
    says="transform measures its own data again: a single row becomes all zeros, and validation data get units of their own",
    hint="transform may use only what fit has stored",
    Standardizer=edit("return (X - self.mean) / self.scale", "self.fit(X)\n        return (X - self.mean) / self.scale"),
)
variants.wrong(
    "st.fit_all",
    says="the data you transform find their way into your statistics: that is the leak that makes test scores too good",
    hint="transform the same row twice, with other rows in between: the result must not change",
    Standardizer=edit(
        "self.mean = X.mean(axis=0)",
        "self.seen, self.mean = X, X.mean(axis=0)",
        "return (X - self.mean) / self.scale",
        "self.fit(np.concatenate([self.seen, X]))\n        return (X - self.mean) / self.scale",
    ),
)
variants.wrong(
    "st.zero_div",
    says="a feature that never changes has the spread 0, and you divide by it: nan now, and a nan loss at the first step",
    hint="which divisor would leave a constant feature at 0?",
    Standardizer=edit("np.where(spread < 1e-12, 1.0, spread)", "spread"),
)
variants.wrong(
    "st.exact_zero",
    says="you look for a spread of exactly 0; that of ten times 0.1 comes out as 1e-17, and dividing by it blows rounding up to ±1",
    hint="print(np.full((10, 2), 0.1).std(axis=0))",
    Standardizer=edit("spread < 1e-12", "spread == 0"),
)
variants.wrong(
    "st.axis1",
    says="you measure every sample instead of every feature",
    hint="X.mean(axis=0) goes down the rows and leaves one number for each feature",
    Standardizer=edit(
        "spread = X.std(axis=0)",
        "spread = X.std(axis=1, keepdims=True)",
        "self.mean = X.mean(axis=0)",
        "self.mean = X.mean(axis=1, keepdims=True)",
    ),
)
variants.wrong(
    "st.eps_add",
    says="you add a constant to the spread: features with a small spread end up far below 1",
    hint="print the spread of every feature after the transformation",
    Standardizer=edit("np.where(spread < 1e-12, 1.0, spread)", "spread + 1e-2"),
)
variants.wrong(
    "st.global",
    says="you use one mean and one spread for all features: the large feature still drowns the small ones",
    hint="the mean you store must have one entry for each feature",
    Standardizer=edit("X.std(axis=0)", "X.std()", "X.mean(axis=0)", "X.mean()"),
)
variants.wrong(
    "st.sample_std",
    says="you divide the squares by N - 1; the spread here is the population's, with N",
    hint="the default of np.std is the one that is wanted",
    Standardizer=edit("X.std(axis=0)", "X.std(axis=0, ddof=1)"),
)
variants.wrong(
    "st.one_pass",
    says="you compute the variance as a difference of two huge numbers, and lose its digits when the mean is large",
    hint="subtract the mean first, then square",
    Standardizer=edit("spread = X.std(axis=0)", "spread = np.sqrt(np.maximum((X**2).mean(axis=0) - X.mean(axis=0) ** 2, 0))"),
)
variants.wrong(
    "st.float32",
    says="you compute the statistics in float32: at a mean of a million it has no digits left for the rest",
    hint="convert to float64 before you average",
    Standardizer=edit("X = np.asarray(X, dtype=np.float64)", "X = np.asarray(X)"),
)
variants.wrong(
    "st.keep_first",
    says="a second fit does not replace what the first one stored",
    hint="fit on one table, then on another: only the second counts",
    Standardizer=edit(
        "X = np.asarray(X, dtype=np.float64)",
        'if hasattr(self, "mean"):\n            return self\n        X = np.asarray(X, dtype=np.float64)',
    ),
)
variants.wrong(
    "st.inverse_order",
    says="inverse undoes the two steps in the wrong order: it must scale first and shift last",
    hint="the last thing that you did is the first that you undo",
    Standardizer=edit("Z * self.scale + self.mean", "(Z + self.mean) * self.scale"),
)
variants.wrong(
    "st.inplace",
    says="your transform writes into the table it was given",
    hint="X -= ... changes the caller's array; X - ... makes a new one",
    Standardizer=edit("return (X - self.mean) / self.scale", "X -= self.mean\n        X /= self.scale\n        return X"),
)

# E2.3 clip_outliers


def clip_outliers_by_z(X, k=3.0, mode="clip", stats=None):
    if mode not in {"clip", "drop", "nan"}:
        raise ValueError(mode)
    X = X.astype(float)
    mean, std = stats if stats else (np.mean(X, 0), np.std(X, 0))
    low, high = mean - k * std, mean + k * std
    far = (low > X) | (high < X)
    if mode == "drop":
        return np.array([row for row, bad in zip(X, far, strict=True) if not any(bad)]).reshape(-1, X.shape[1])
    if mode == "clip":
        return np.minimum(np.maximum(X, low), high)
    X[far] = np.nan
    return X


def clip_outliers_columns(X, k=3.0, mode="clip", stats=None):
    if mode not in ("clip", "drop", "nan"):
        raise ValueError("mode")
    result, keep = np.array(X, dtype=float), np.ones(len(X), dtype=bool)
    for j in range(X.shape[1]):
        mean, std = (result[:, j].mean(), result[:, j].std()) if stats is None else (stats[0][j], stats[1][j])
        above, below = result[:, j] > mean + k * std, result[:, j] < mean - k * std
        keep &= ~above & ~below
        result[above, j] = np.nan if mode == "nan" else mean + k * std
        result[below, j] = np.nan if mode == "nan" else mean - k * std
    return np.array(X, dtype=float)[keep] if mode == "drop" else result


variants.right("ol.limits", clip_outliers=clip_outliers_by_z)
variants.right("ol.columns", clip_outliers=clip_outliers_columns)

variants.wrong(
    "ol.abs",
    says="you compare the value itself with k standard deviations, not its distance from the mean",
    hint="a feature around 1000 with a spread of 1: is 1000 an outlier?",
    clip_outliers=edit(
        "np.abs(X - mean) > k * std",
        "np.abs(X) > k * std",
        "np.clip(X, mean - k * std, mean + k * std)",
        "np.clip(X, -k * std, k * std)",
    ),
)
variants.wrong(
    "ol.global",
    says="you use one mean and one spread for the whole table: what is normal differs from feature to feature",
    hint="print the shape of your mean: it must have one entry for each feature",
    clip_outliers=edit("(X.mean(axis=0), X.std(axis=0))", "(X.mean(), X.std())"),
)
variants.wrong(
    "ol.one_side",
    says="you find values that are too large, but not those that are too small",
    hint="which distance from the mean do you compare?",
    clip_outliers=edit(
        "np.abs(X - mean) > k * std",
        "X - mean > k * std",
        "np.clip(X, mean - k * std, mean + k * std)",
        "np.minimum(X, mean + k * std)",
    ),
)
variants.wrong(
    "ol.testlimits",
    says="you measure the limits on the data you are given, although stats brings those of the training data",
    hint="new data must be judged by the same limits as the old ones",
    clip_outliers=edit("(X.mean(axis=0), X.std(axis=0)) if stats is None else stats", "(X.mean(axis=0), X.std(axis=0))"),
)
variants.wrong(
    "ol.drop_any_col",
    says="you drop single entries, and the table falls apart into a list of numbers: drop whole rows",
    hint="one verdict for each row: does any of its entries lie outside?",
    clip_outliers=edit("X[~outlier.any(axis=1)]", "X[~outlier]"),
)
variants.wrong(
    "ol.drop_all",
    says="you drop a row only when all of its entries are outliers; one is enough",
    hint="any, not all",
    clip_outliers=edit("outlier.any(axis=1)", "outlier.all(axis=1)"),
)
variants.wrong(
    "ol.to_mean",
    says="you replace an outlier by the mean; clipping moves it to the nearest value that is still normal",
    hint="np.clip with one lower and one upper limit for each feature",
    clip_outliers=edit("np.clip(X, mean - k * std, mean + k * std)", "np.where(outlier, mean, X)"),
)
variants.wrong(
    "ol.border",
    says="you treat a value at exactly k standard deviations as an outlier; it is still normal",
    hint="greater, or greater or equal?",
    clip_outliers=edit("> k * std", ">= k * std"),
)
variants.wrong(
    "ol.sample_std",
    says="you divide the squares by N - 1; the spread here is the population's, with N",
    hint="the default of np.std is the one that is wanted",
    clip_outliers=edit("X.std(axis=0)", "X.std(axis=0, ddof=1)"),
)
variants.wrong(
    "ol.inplace",
    says="you write into the table that you were given",
    hint="work on a copy",
    clip_outliers=edit(
        "X = np.array(X, dtype=np.float64)",
        "given, X = X, np.array(X, dtype=np.float64)",
        "result = np.where(outlier, np.nan, X)",
        "result = given\n        result[outlier] = np.nan",
        "result = np.clip(X, mean - k * std, mean + k * std)",
        "result = np.clip(given, mean - k * std, mean + k * std, out=given)",
    ),
)

# E2.4 Whitening, pca_whiten, zca_matrix


@dataclass(frozen=True)
class WhiteningByMatrix:
    mean: np.ndarray
    V: np.ndarray
    variances: np.ndarray
    eps: float

    def transform(self, X):
        scaled = np.empty((len(X), self.V.shape[1]))
        for j in range(self.V.shape[1]):
            scaled[:, j] = (X - self.mean).dot(self.V[:, j]) / (self.variances[j] + self.eps) ** 0.5
        return scaled

    def inverse(self, Z):
        return self.mean + Z.dot(np.diag((self.variances + self.eps) ** 0.5)).dot(self.V.T)


def pca_whiten_svd(X, n_components=None, eps=1e-5):
    mean = X.mean(axis=0)
    _, s, directions = np.linalg.svd(X - mean, full_matrices=True)
    variances = np.zeros(X.shape[1])
    variances[: len(s)] = s**2 / len(X)
    k = X.shape[1] if n_components is None else n_components
    return Whitening(mean, directions[:k].T, variances[:k], eps)  # noqa: F821


def zca_matrix_svd(X, eps=1e-5):
    U, variances, _ = np.linalg.svd(np.cov(X.T, bias=True).reshape(X.shape[1], X.shape[1]), hermitian=True)
    return U @ np.diag(1 / np.sqrt(variances + eps)) @ U.T


def pca_whiten_flipped(X, n_components=None, eps=1e-5):
    mean = X.mean(0)
    variances, V = np.linalg.eigh(np.cov(X, rowvar=False, ddof=0).reshape(X.shape[1], X.shape[1]))
    variances, V = np.clip(variances[::-1], 0, None), -V[:, ::-1]
    return Whitening(mean, V[:, :n_components], variances[:n_components], eps)  # noqa: F821


def zca_matrix_by_pca(X, eps=1e-5):
    white = np.linalg.eigh((X - X.mean(0)).T @ (X - X.mean(0)) / X.shape[0])
    scaled = white.eigenvectors * (np.abs(white.eigenvalues) + eps) ** -0.5
    return scaled @ white.eigenvectors.T


variants.right("pw.svd", pca_whiten=pca_whiten_svd, zca_matrix=zca_matrix_svd)
variants.right("pw.cov_flipped_signs", Whitening=WhiteningByMatrix, pca_whiten=pca_whiten_flipped, zca_matrix=zca_matrix_by_pca)

variants.wrong(
    "pw.no_center",
    says="you do not subtract the mean, so your first direction is little more than the mean itself",
    hint="print white.mean and X.mean(axis=0)",
    pca_whiten=edit("mean = X.mean(axis=0)", "mean = np.zeros(X.shape[1])"),
    zca_matrix=edit("centred = X - X.mean(axis=0)", "centred = X"),
)
variants.wrong(
    "pw.asc",
    says="eigh sorts from small to large: you keep the directions in which almost nothing happens",
    hint="print the variances: the first must be the largest",
    pca_whiten=edit("np.argsort(variances)[::-1]", "np.argsort(variances)"),
)
variants.wrong(
    "pw.no_eps",
    says="you divide by the bare root: a direction without variance is blown up without limit",
    hint="eps is added to every variance, in transform and in inverse",
    Whitening=edit(
        "self.V / np.sqrt(self.variances + self.eps)",
        "self.V / np.sqrt(self.variances)",
        "Z * np.sqrt(self.variances + self.eps)",
        "Z * np.sqrt(self.variances)",
    ),
    zca_matrix=edit("np.sqrt(np.maximum(variances, 0.0) + eps)", "np.sqrt(np.maximum(variances, 0.0))"),
)
variants.wrong(
    "pw.eps_outside",
    says="you add eps to the root; here it is added to the variance, before the root is taken",
    hint="a direction without variance is divided by the root of eps",
    Whitening=edit(
        "self.V / np.sqrt(self.variances + self.eps)",
        "self.V / (np.sqrt(self.variances) + self.eps)",
        "Z * np.sqrt(self.variances + self.eps)",
        "Z * (np.sqrt(self.variances) + self.eps)",
    ),
    zca_matrix=edit("np.sqrt(np.maximum(variances, 0.0) + eps)", "(np.sqrt(np.maximum(variances, 0.0)) + eps)"),
)
variants.wrong(
    "pw.div_lambda",
    says="you divide by the variances instead of their roots: the result has the covariance diag(1/λ)",
    hint="dividing by the standard deviation gives spread 1",
    Whitening=edit(
        "self.V / np.sqrt(self.variances + self.eps)",
        "self.V / (self.variances + self.eps)",
        "Z * np.sqrt(self.variances + self.eps)",
        "Z * (self.variances + self.eps)",
    ),
    zca_matrix=edit("np.sqrt(np.maximum(variances, 0.0) + eps)", "(np.maximum(variances, 0.0) + eps)"),
)
variants.wrong(
    "pw.rows_cols",
    says="you take the rows of what eigh returns; the directions stand in its columns",
    hint="covariance @ V[:, 0] must be variances[0] * V[:, 0]",
    pca_whiten=edit("V[:, largest_first]", "V[largest_first].T"),
    zca_matrix=edit("return V / np", "V = V.T\n    return V / np"),
)
variants.wrong(
    "pw.svdN1",
    says="you divide the covariance by N - 1; here it is the population's, with N",
    hint="the default of np.cov is N - 1",
    pca_whiten=edit("centred / len(X)", "centred / (len(X) - 1)"),
    zca_matrix=edit("centred / len(X)", "centred / (len(X) - 1)"),
)
variants.wrong(
    "pw.test_mean",
    says="transform subtracts the mean of the data it is given; it must be that of the training data",
    hint="transform a single row: it must not become 0",
    Whitening=edit("(X - self.mean)", "(X - X.mean(axis=0))"),
)
variants.wrong(
    "pw.no_mean_back",
    says="inverse does not add the mean again",
    hint="what must inverse give for a row of zeros?",
    Whitening=edit(" @ self.V.T + self.mean", " @ self.V.T"),
)
variants.wrong(
    "pw.not_scaled",
    says="you rotate the data, but leave the variances as they are: that is PCA, not whitening",
    hint="every direction must come out with a variance of about 1",
    Whitening=edit("self.V / np.sqrt(self.variances + self.eps)", "self.V", "Z * np.sqrt(self.variances + self.eps)", "Z"),
)
variants.wrong(
    "zc.no_way_back",
    says="your zca_matrix turns the data into the directions of PCA and does not turn them back: it is not symmetric",
    hint="which matrix undoes the rotation V?",
    zca_matrix=edit(" + eps) @ V.T", " + eps)"),
)

# E2.5 image_stats, normalize_images


def image_stats_einsum(imgs, mode):
    if mode not in ("mean_image", "channel_mean", "channel_meanstd"):
        raise ValueError(mode)
    n, c, h, w = imgs.shape
    if mode == "mean_image":
        return (np.einsum("nchw->chw", imgs.astype(float)) / n,)
    channels = imgs.astype(float).transpose(1, 0, 2, 3).reshape(c, n * h * w)
    mean = channels.mean(axis=1)
    if mode == "channel_mean":
        return (mean,)
    std = channels.std(axis=1)
    std[std < 1e-12] = 1.0
    return mean, std


def normalize_images_loop(imgs, stats):
    result = imgs.astype(np.float64)
    for c in range(imgs.shape[1]):
        result[:, c] -= stats[0][c]
        if len(stats) == 2:
            result[:, c] /= stats[1][c]
    return result


def image_stats_loop(imgs, mode):
    if mode == "mean_image":
        return (np.array(imgs, dtype=float).mean(0),)
    if mode not in ("channel_mean", "channel_meanstd"):
        raise ValueError
    means = np.array([np.mean(imgs[:, c], dtype=np.float64) for c in range(imgs.shape[1])])
    stds = [np.sqrt(np.mean((imgs[:, c] - means[c]) ** 2)) for c in range(imgs.shape[1])]
    return (means,) if mode == "channel_mean" else (means, np.array([std if std >= 1e-12 else 1.0 for std in stds]))


def normalize_images_transposed(imgs, stats):
    if stats[0].ndim == 3:
        return imgs - stats[0]
    last = np.moveaxis(imgs, 1, -1) - stats[0]
    return np.ascontiguousarray(np.moveaxis(last / (stats[1] if len(stats) > 1 else 1.0), -1, 1))


variants.right("im.reshape", image_stats=image_stats_einsum, normalize_images=normalize_images_loop)
variants.right("im.channels_last", image_stats=image_stats_loop, normalize_images=normalize_images_transposed)

variants.wrong(
    "im.uint8",
    says="you subtract in uint8, where 3 - 9 is 250: dark pixels come out bright",
    hint="convert the pictures to float before you subtract",
    normalize_images=edit(
        "np.asarray(imgs, dtype=np.float64) - per_channel[0]",
        "(imgs - per_channel[0].astype(imgs.dtype)).astype(np.float64)",
    ),
)
variants.wrong(
    "im.axes",
    says="you average over pictures and channels; one number for each channel needs the mean over pictures, rows and columns",
    hint="print the shape of your mean: it must be (C,)",
    image_stats=edit("everything_but_channels = (0, 2, 3)", "everything_but_channels = (0, 1)"),
)
variants.wrong(
    "im.rows",
    says="you average over pictures and rows, and are left with one number for each channel and column",
    hint="print the shape of your mean: it must be (C,)",
    image_stats=edit("everything_but_channels = (0, 2, 3)", "everything_but_channels = (0, 2)"),
)
variants.wrong(
    "im.perimage",
    says="you normalise every picture with its own statistics: how bright it was is lost, and the stored statistics go unused",
    hint="a dark and a bright picture must still differ afterwards",
    normalize_images=edit(
        "per_channel = [part[:, None, None] if part.ndim == 1 else part for part in stats]",
        "pixels = np.asarray(imgs, dtype=np.float64)\n"
        "    per_channel = [pixels.mean(axis=(2, 3), keepdims=True), pixels.std(axis=(2, 3), keepdims=True) + 1e-12][: len(stats)]",
    ),
)
variants.wrong(
    "im.broadcast",
    says="(C,) lines up with the last axis, the columns of the picture; it belongs to the axis of the channels",
    hint="mean[:, None, None] has the shape (C, 1, 1)",
    normalize_images=edit("[part[:, None, None] if part.ndim == 1 else part for part in stats]", "list(stats)"),
)
variants.wrong(
    "im.255",
    says="you divide the pixels by 255, but the statistics are in the unit of the pictures: the picture shrinks twice",
    hint="pictures and statistics must have the same unit",
    normalize_images=edit("np.asarray(imgs, dtype=np.float64) -", "np.asarray(imgs, dtype=np.float64) / 255 -"),
)
variants.wrong(
    "im.mean_of_stds",
    says="you average the spreads of the single pictures: the difference between dark and bright pictures is missing from your std",
    hint="take the std over all pixels of all pictures at once",
    image_stats=edit("pixels.std(axis=everything_but_channels)", "pixels.std(axis=(2, 3)).mean(axis=0)"),
)
variants.wrong(
    "im.no_std",
    says="you subtract the mean and forget to divide by the std",
    hint="stats has two entries in the third mode",
    normalize_images=edit("centred / per_channel[1] if len(per_channel) > 1 else centred", "centred"),
)
variants.wrong(
    "im.dead_channel",
    says="a channel that never changes has the std 0, and dividing by it gives nan",
    hint="the same guard as for a constant feature of a table",
    image_stats=edit("np.where(std < 1e-12, 1.0, std)", "std"),
)

# E2.6 random_flip, random_crop, tta_predict


def random_flip_loop(x, rng, p=0.5, coins=None):
    result = np.array(x)
    for i in range(len(x)):
        coin = rng.uniform() if coins is None else coins[i]
        if coin < p:
            result[i] = np.flip(x[i], axis=-1)
    return result


def random_flip_binomial(x, rng, p=0.5, coins=None):
    chosen = rng.binomial(1, p, size=x.shape[0]).astype(bool) if coins is None else coins < p
    result = x.copy()
    result[chosen] = x[chosen][:, :, :, ::-1]
    return result


def random_crop_zeros(x, size, pad, rng, corners=None):
    n, c, h, w = x.shape
    frame = np.zeros((n, c, h + 2 * pad, w + 2 * pad), dtype=x.dtype)
    frame[:, :, pad : pad + h, pad : pad + w] = x
    result = np.empty((n, c, *size), dtype=x.dtype)
    for i in range(n):
        if corners is None:
            top = int(rng.random() * (h + 2 * pad - size[0] + 1))
            left = int(rng.random() * (w + 2 * pad - size[1] + 1))
        else:
            top, left = corners[i]
        result[i] = frame[i, :, top : top + size[0], left : left + size[1]]
    return result


def random_crop_gather(x, size, pad, rng, corners=None):
    framed = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode="constant")
    if corners is None:
        tops = rng.integers(framed.shape[2] - size[0], size=len(x), endpoint=True)
        lefts = rng.integers(framed.shape[3] - size[1], size=len(x), endpoint=True)
    else:
        tops, lefts = np.transpose(corners)
    rows = tops[:, None, None, None] + np.arange(size[0])[None, None, :, None]
    columns = lefts[:, None, None, None] + np.arange(size[1])
    return framed[np.arange(len(x))[:, None, None, None], np.arange(x.shape[1])[None, :, None, None], rows, columns]


def tta_predict_loop(predict, x, views):
    total = 0.0
    for view in views:
        total = total + predict(view(x.copy()))
    return total / len(views)


variants.right("au.loops", random_flip=random_flip_loop, random_crop=random_crop_zeros, tta_predict=tta_predict_loop)
variants.right("au.gather", random_flip=random_flip_binomial, random_crop=random_crop_gather)

variants.wrong(
    "au.flip_v",
    says="you mirror top to bottom: the last axis runs from left to right",
    hint="an upside-down digit is not the same digit",
    random_flip=edit("x[..., ::-1]", "x[..., ::-1, :]"),
)
variants.wrong(
    "au.batch_same",
    says="you toss one coin for the whole batch: either all pictures are mirrored, or none",
    hint="how many random numbers does a batch of N need?",
    random_flip=edit("rng.random(len(x))", "np.full(len(x), rng.random())"),
)
variants.wrong(
    "au.complement",
    says="you mirror with the probability 1 - p",
    hint="with p = 0 nothing may be mirrored",
    random_flip=edit("(coins < p)", "(coins >= p)"),
)
variants.wrong(
    "au.inplace",
    says="you mirror inside the array that you were given: after some epochs the stored data themselves have changed",
    hint="x[mask] = ... writes into the data set; work on a copy",
    random_flip=edit(
        "    return np.where((coins < p).reshape(one_for_each_picture), mirrored, x)",
        "    x[...] = np.where((coins < p).reshape(one_for_each_picture), mirrored, x)\n    return x",
    ),
)
variants.wrong(
    "au.crop_same",
    says="you draw one place for the whole batch",
    hint="every picture needs a row and a column of its own",
    random_crop=edit("rng.integers(0, places, size=(len(x), 2))", "np.tile(rng.integers(0, places), (len(x), 1))"),
)
variants.wrong(
    "au.offbyone",
    says="the last place in each direction is never drawn: the upper end of rng.integers is left out",
    hint="a window as large as the framed picture has one place, not none",
    random_crop=edit(
        "places = (framed.shape[2] - height + 1, framed.shape[3] - width + 1)",
        "places = (max(framed.shape[2] - height, 1), max(framed.shape[3] - width, 1))",
    ),
)
variants.wrong(
    "au.pad_edge",
    says="you continue the picture into the frame; the frame is made of zeros",
    hint="look at the default mode of np.pad",
    random_crop=edit("(pad, pad), (pad, pad)])", '(pad, pad), (pad, pad)], mode="edge")'),
)
variants.wrong(
    "au.crop_rows_columns",
    says="you take the first number of a corner for the column; it is the row",
    hint="rows come first, as in every shape",
    random_crop=edit("for picture, (top, left) in", "for picture, (left, top) in"),
)
variants.wrong(
    "au.tta_argmax",
    says="you count the votes of the views: a view that is almost sure then counts as much as one that is guessing",
    hint="average the probabilities, and leave the decision to the caller",
    tta_predict=edit(
        "np.mean([predict(view(x)) for view in views], axis=0)",
        "np.mean([np.eye(p.shape[1])[p.argmax(axis=1)] for p in (predict(view(x)) for view in views)], axis=0)",
    ),
)
variants.wrong(
    "au.tta_logits",
    says="you average logarithms and normalise again: that is a geometric mean, which one view's small probability can veto",
    hint="for the shares 0.9 and 0.1 the answer is 0.5",
    tta_predict=edit(
        "return np.mean([predict(view(x)) for view in views], axis=0)",
        "mean = np.exp(np.mean([np.log(predict(view(x))) for view in views], axis=0))\n"
        "    return mean / mean.sum(axis=1, keepdims=True)",
    ),
)
variants.wrong(
    "au.tta_mean_input",
    says="you average the pictures and predict once; average what is predicted for each view",
    hint="a picture and its mirror image, blended, are a picture that nobody has ever taken",
    tta_predict=edit(
        "np.mean([predict(view(x)) for view in views], axis=0)", "predict(np.mean([view(x) for view in views], axis=0))"
    ),
)

# E2.7 color_jitter


def color_jitter_channels(img_u8, shift, scale, rng=None):
    result = np.empty_like(img_u8)
    for c, channel in enumerate(img_u8.astype(float)):
        s = float(np.ravel(shift)[c if np.size(shift) > 1 else 0])
        f = float(np.ravel(scale)[c if np.size(scale) > 1 else 0])
        if rng is not None:
            s *= 2 * rng.random() - 1
            f = f ** (2 * rng.random() - 1)
        result[c] = np.floor(np.clip(channel * f + s, 0, 255) + 0.5)
    return result


def color_jitter_where(img_u8, shift, scale, rng=None):
    c = img_u8.shape[0]
    strength = np.ones((2, c)) if rng is None else 1 - 2 * rng.random((2, c))
    x = img_u8.astype(np.float64).transpose(1, 2, 0) * np.power(scale, strength[0]) + np.multiply(shift, strength[1])
    x = np.where(x < 0, 0, np.where(x > 255, 255, np.rint(x)))
    return x.transpose(2, 0, 1).astype("uint8")


variants.right("cj.channels", color_jitter=color_jitter_channels)
variants.right("cj.where", color_jitter=color_jitter_where)

variants.wrong(
    "cj.wrap",
    says="you let values beyond 255 wrap around: a bright pixel turns black, 250 + 20 gives 14",
    hint="clip to 0 … 255 while the numbers are still floats",
    color_jitter=edit("np.clip(np.round(changed), 0, 255).astype(np.uint8)", "np.round(changed).astype(np.int64).astype(np.uint8)"),
)
variants.wrong(
    "cj.trunc",
    says="you cut off the decimals: on average the picture gets half a grey value darker each time",
    hint="print(np.array([99.9]).astype(np.uint8))",
    color_jitter=edit("np.round(changed)", "changed"),
)
variants.wrong(
    "cj.float_out",
    says="you return floats: imshow takes float pictures to run from 0 to 1, and everything turns white",
    hint="convert to np.uint8 at the very end",
    color_jitter=edit(".astype(np.uint8)", ""),
)
variants.wrong(
    "cj.same_all_channels",
    says="you give all channels the change of the first: the picture gets brighter or darker, but never another colour",
    hint="shift and scale have one entry for each channel",
    color_jitter=edit("img_u8 * scale[:, None, None] + shift[:, None, None]", "img_u8 * scale[0] + shift[0]"),
)
variants.wrong(
    "cj.same_draw",
    says="you draw one random change for all channels",
    hint="how many random numbers does a picture with C channels need?",
    color_jitter=edit(
        "shift * rng.uniform(-1, 1, channels), scale ** rng.uniform(-1, 1, channels)",
        "shift * rng.uniform(-1, 1), scale ** rng.uniform(-1, 1)",
    ),
)
variants.wrong(
    "cj.order",
    says="you shift before you scale; the factor comes first",
    hint="with scale 0 and shift 7 every pixel is 7",
    color_jitter=edit(
        "img_u8 * scale[:, None, None] + shift[:, None, None]", "(img_u8 + shift[:, None, None]) * scale[:, None, None]"
    ),
)
variants.wrong(
    "cj.no_scale",
    says="you shift the channels, but never scale them",
    hint="with shift 0 and scale 2 a grey value of 50 becomes 100",
    color_jitter=edit("img_u8 * scale[:, None, None] + shift[:, None, None]", "img_u8 + shift[:, None, None]"),
)
variants.wrong(
    "cj.darker_only",
    says="your random changes go one way only: they must make the picture as often brighter as darker",
    hint="uniform from -1 to 1, not from 0 to 1",
    color_jitter=edit(
        "shift * rng.uniform(-1, 1, channels), scale ** rng.uniform(-1, 1, channels)",
        "-shift * rng.uniform(0, 1, channels), scale ** -rng.uniform(0, 1, channels)",
    ),
)

# E2.8 affine_matrix, rotation_3d


def affine_matrix_homogeneous(angle=0.0, translate=(0.0, 0.0), scale=1.0, shear=0.0, center=(0.0, 0.0)):
    def move(dx, dy):
        return np.array([[1, 0, dx], [0, 1, dy], [0, 0, 1.0]])

    c, s = np.cos(angle), np.sin(angle)
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    shearing = np.array([[1, shear, 0], [0, 1, 0], [0, 0, 1]])
    whole = move(*center) @ move(*translate) @ turn @ np.diag([scale, scale, 1]) @ shearing @ move(-center[0], -center[1])
    return whole[:2]


def rotation_3d_by_columns(axis, angle):
    axis = np.asarray(axis, dtype=float)
    if not axis.any():
        raise ValueError("no direction")
    u = axis / np.sqrt(axis @ axis)
    columns = [np.cos(angle) * e + np.sin(angle) * np.cross(u, e) + (1 - np.cos(angle)) * (u @ e) * u for e in np.eye(3)]
    return np.stack(columns, axis=1)


def affine_matrix_entries(angle=0.0, translate=(0.0, 0.0), scale=1.0, shear=0.0, center=(0.0, 0.0)):
    a, b = scale * np.cos(angle), scale * np.sin(angle)
    rows = [[a, a * shear - b], [b, b * shear + a]]
    result = [[*row, c + t - row[0] * center[0] - row[1] * center[1]] for row, c, t in zip(rows, center, translate, strict=True)]
    return np.array(result)


def rotation_3d_quaternion(axis, angle):
    norm = np.sqrt(np.dot(axis, axis))
    if norm == 0:
        raise ValueError("no direction")
    w = np.cos(angle / 2)
    x, y, z = np.sin(angle / 2) * np.asarray(axis) / norm
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


variants.right("af.homogeneous", affine_matrix=affine_matrix_homogeneous, rotation_3d=rotation_3d_by_columns)
variants.right("af.entries", affine_matrix=affine_matrix_entries, rotation_3d=rotation_3d_quaternion)

variants.wrong(
    "af.deg",
    says="you take the angle for degrees; it is in radians",
    hint="a quarter turn is np.pi / 2",
    affine_matrix=edit("np.cos(angle), np.sin(angle)", "np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))"),
    rotation_3d=edit("np.sin(angle)", "np.sin(np.deg2rad(angle))", "np.cos(angle)", "np.cos(np.deg2rad(angle))"),
)
variants.wrong(
    "af.origin",
    says="you rotate about the corner (0, 0) and not about the centre: the picture swings out of its frame",
    hint="where does your map send the centre itself?",
    affine_matrix=edit("np.array(center) + translate - M @ np.array(center)", "np.array(translate)"),
)
variants.wrong(
    "af.center_stays_away",
    says="you bring the centre to the origin, but never bring it back",
    hint="a rotation leaves its centre where it is",
    affine_matrix=edit("np.array(center) + translate - M", "translate - M"),
)
variants.wrong(
    "af.order",
    says="you shear after rotating; the shear comes first, so it stands at the right end of the product",
    hint="the matrix next to the point acts first",
    affine_matrix=edit(
        "rotation @ (scale * np.eye(2)) @ np.array([[1.0, shear], [0.0, 1.0]])",
        "np.array([[1.0, shear], [0.0, 1.0]]) @ (scale * np.eye(2)) @ rotation",
    ),
)
variants.wrong(
    "af.translate_first",
    says="you move before you rotate, so the move is rotated and scaled as well",
    hint="the translation comes last: it is simply added",
    affine_matrix=edit(
        "np.array(center) + translate - M @ np.array(center)", "np.array(center) + M @ (np.array(translate) - np.array(center))"
    ),
)
variants.wrong(
    "af.sign",
    says="you rotate the wrong way round: a positive angle turns the x axis towards the y axis",
    hint="where does (1, 0) go at a quarter turn?",
    affine_matrix=edit("[[cos, -sin], [sin, cos]]", "[[cos, sin], [-sin, cos]]"),
)
variants.wrong(
    "r3.unnormalised",
    says="you do not bring the axis to length 1 first, so your matrix stretches space",
    hint="print(R.T @ R): it must be the identity",
    rotation_3d=edit("np.asarray(axis) / length", "np.asarray(axis)"),
)
variants.wrong(
    "r3.sign",
    says="your rotation runs backwards: you have the transpose, which is the inverse",
    hint="K @ p must be the cross product of the axis with p",
    rotation_3d=edit("[[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]]", "[[0.0, z, -y], [-z, 0.0, x], [y, -x, 0.0]]"),
)
variants.wrong(
    "r3.no_square",
    says="the last term of Rodrigues' formula has K twice; with one K your matrix is not a rotation",
    hint="at a half turn about z the x axis must come out as -x",
    rotation_3d=edit("* K @ K", "* K"),
)

# E2.9 cutmix, masked_mix, sample_box


def cutmix_by_mask(xa, ya, xb, yb, box):
    height, width = xa.shape[-2], xa.shape[-1]
    top, bottom, left, right = box
    rows, columns = np.arange(height)[:, None], np.arange(width)
    from_b = (rows >= top) & (rows < bottom) & (columns >= left) & (columns < right)
    share = from_b.mean()
    return np.where(from_b, xb, xa), ya * (1 - share) + yb * share


def masked_mix_difference(xa, ya, xb, yb, mask):
    share = np.sum(mask) / mask.size
    return xb + mask * (np.asarray(xa, dtype=float) - xb), yb + share * (ya - yb)


def sample_box_by_floor(H, W, lam, rng):
    side = (1 - lam) ** 0.5
    h, w = int(H * side + 0.5), int(W * side + 0.5)
    row, column = int(rng.random() * H), int(rng.random() * W)
    top, left = row - h // 2, column - w // 2
    box = np.array([top, top + h, left, left + w])
    return tuple(int(v) for v in np.minimum(np.maximum(box, 0), [H, H, W, W]))


def sample_box_from_list(H, W, lam, rng):
    h, w = int(np.rint(H * np.sqrt(1 - lam))), int(np.rint(W * np.sqrt(1 - lam)))
    pixel = rng.choice(H * W)
    cy, cx = divmod(int(pixel), W)
    return np.clip(cy - h // 2, 0, H), np.clip(cy - h // 2 + h, 0, H), np.clip(cx - w // 2, 0, W), np.clip(cx - w // 2 + w, 0, W)


def masked_mix_where(xa, ya, xb, yb, mask):
    weights = np.array([np.mean(mask), 1 - np.mean(mask)])
    return xa * mask + xb * (1.0 - mask), np.tensordot(weights, np.stack([ya, yb]), axes=1)


variants.right("cm.by_mask", cutmix=cutmix_by_mask, masked_mix=masked_mix_difference, sample_box=sample_box_by_floor)
variants.right("cm.one_draw", masked_mix=masked_mix_where, sample_box=sample_box_from_list)

variants.wrong(
    "cm.lam_unclipped",
    says="you weigh the labels by the whole box, also by what hangs over the border: the label no longer fits the picture",
    hint="cut the box off first, then count its pixels",
    cutmix=edit("from_b = (bottom - top) * (right - left) / (H * W)", "from_b = (box[1] - box[0]) * (box[3] - box[2]) / (H * W)"),
)
variants.wrong(
    "cm.swap",
    says="you give each picture's label the weight of the other picture",
    hint="an empty box must leave the label of a as it is",
    cutmix=edit("(1 - from_b) * ya + from_b * yb", "from_b * ya + (1 - from_b) * yb"),
    masked_mix=edit("from_a * ya + (1 - from_a) * yb", "(1 - from_a) * ya + from_a * yb"),
)
variants.wrong(
    "cm.mask_swap",
    says="your mask shows picture b where it is 1; there it should show picture a",
    hint="a mask of ones must give back picture a",
    masked_mix=edit("mask * xa + (1 - mask) * xb", "(1 - mask) * xa + mask * xb"),
)
variants.wrong(
    "cm.same_image",
    says="you paste into the picture that you were given: the data set itself now holds the patch",
    hint="x = xa is another name for the same array, not a copy",
    cutmix=edit("x = xa.copy()", "x = xa"),
)
variants.wrong(
    "cm.hard_label",
    says="you keep the label of the larger share only; the other picture is in there as well, and the label must say so",
    hint="the label is a mixture of the two",
    cutmix=edit("(1 - from_b) * ya + from_b * yb", "ya if from_b <= 0.5 else yb"),
    masked_mix=edit("from_a * ya + (1 - from_a) * yb", "ya if from_a >= 0.5 else yb"),
)
variants.wrong(
    "cm.rows_columns",
    says="you take the box for (left, right, top, bottom); the rows come first",
    hint="a box of 1 row and 3 columns must change 3 pixels that lie side by side",
    cutmix=edit(
        "top, bottom, left, right = np.clip(box, 0, (H, H, W, W))", "left, right, top, bottom = np.clip(box, 0, (W, W, H, H))"
    ),
)
variants.wrong(
    "cm.side_lam",
    says="your sides are 1 - lam of the picture's, so the area is its square: too small a patch",
    hint="which side length gives the area 1 - lam?",
    sample_box=edit("np.sqrt(1 - lam)", "(1 - lam)"),
)
variants.wrong(
    "cm.box_over",
    says="your box hangs over the border: a negative index counts from the other end of the picture",
    hint="cut the box off at 0 and at H and W",
    sample_box=edit("return max(top, 0), min(top + h, H), max(left, 0), min(left + w, W)", "return top, top + h, left, left + w"),
)
variants.wrong(
    "cm.box_inside",
    says="you place the box so that it never reaches over the border: the corners of a picture are hardly ever pasted",
    hint="the centre may be any pixel, also one at the border",
    sample_box=edit(
        "int(rng.integers(H)) - h // 2, int(rng.integers(W)) - w // 2", "int(rng.integers(H - h + 1)), int(rng.integers(W - w + 1))"
    ),
)
variants.wrong(
    "cm.box_corner",
    says="you draw the upper left corner and not the centre: no box ever reaches over the upper or the left border",
    hint="half of the box lies on either side of the pixel that you draw",
    sample_box=edit("int(rng.integers(H)) - h // 2, int(rng.integers(W)) - w // 2", "int(rng.integers(H)), int(rng.integers(W))"),
)
variants.wrong(
    "cm.square_box",
    says="your box has as many rows as columns; it should have the proportions of the picture",
    hint="compute h from H and w from W",
    sample_box=edit("for side in (H, W))", "for side in (H, H))"),
)

# questions

variants.wrong(
    "q.label_keeping.A",
    says="a mirror image of a 2 is no digit at all, and a half turn makes a 9 of a 6",
    hint="ask of every transform: would you still write the same label under it?",
    label_keeping='"A"',
)
variants.wrong(
    "q.label_keeping.C",
    says="a half turn swaps 6 and 9, so the label would be wrong for a fifth of the classes",
    hint="draw a 6 and turn the paper round",
    label_keeping='"C"',
)
variants.wrong(
    "q.label_keeping.D",
    says="a label is a word for a whole family of pictures: small changes of position and angle stay inside the family",
    hint="people write the same digit a little tilted all the time",
    label_keeping='"D"',
)
variants.wrong(
    "q.largest_z.root_n",
    says="close, but the outlier pulls the mean towards itself as well, which costs one more under the root",
    hint="nine zeros and a ten: compute its z by hand",
    largest_z="10 ** 0.5",
)
variants.wrong(
    "q.largest_z.nine",
    says="that is the distance in units of the shift that the outlier gives the mean; divide by the standard deviation instead",
    hint="nine zeros and a ten: compute its z by hand",
    largest_z="9.0",
)
variants.wrong(
    "q.largest_z.sample",
    says="that is the bound for the sample standard deviation, with N - 1; the question asks for the population's",
    hint="nine zeros and a ten: compute its z by hand, dividing by N",
    largest_z="9 / 10 ** 0.5",
)
variants.wrong(
    "q.contribution_ratio.inverse",
    says="that is height over weight; the question asks for weight over height",
    hint="which of the two contributions is larger?",
    contribution_ratio="1.5 / 70",
)
variants.wrong(
    "q.contribution_ratio.difference",
    says="that is the difference of the two contributions, not their ratio",
    hint="divide",
    contribution_ratio="0.70 - 0.015",
)
variants.wrong(
    "q.leaky_pipeline.A",
    says="here the scaler never sees a test row: it is fitted on the training part after the split",
    hint="for each pipeline, ask which rows the mean was computed from",
    leaky_pipeline='"A"',
)
variants.wrong(
    "q.leaky_pipeline.B",
    says="dividing by 255 uses no statistics at all, so it cannot carry anything from one row to another",
    hint="for each pipeline, ask which rows the numbers in it were computed from",
    leaky_pipeline='"B"',
)
variants.wrong(
    "q.leaky_pipeline.D",
    says="augmenting the training part after the split touches no test row",
    hint="for each pipeline, ask which rows the numbers in it were computed from",
    leaky_pipeline='"D"',
)
