"""Unit 8B, the clinic: training scripts, healed. The patients as they come in are wrong variants of these."""

# mypy: disable-error-code=no-untyped-call
# (torch gives Tensor.backward no types.)

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from autograder.lab import training

# C01


def train_c01(seed: int) -> tuple[nn.Sequential, list[dict[str, float]]]:
    """Case C01: a small net learns to read digits.

    Args:
        seed: of the weights, of the split into training and validation part, and of the batches.

    Returns:
        `(net, history)`: the trained net, and for each epoch the mean training `loss` and the `accuracy` on the validation part.

    A healthy run:

    >>> net, history = train_c01(seed=0)
    >>> len(history), history[-1]["accuracy"] > 0.92
    (15, True)
    """
    LEARNING_RATE, BATCH_SIZE, EPOCHS = 0.1, 32, 15

    torch.manual_seed(seed)
    X_train, y_train, X_val, y_val = training.digits_split(seed)
    net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    optimizer = torch.optim.SGD(net.parameters(), lr=LEARNING_RATE)

    history = []
    for _ in range(EPOCHS):
        losses = []
        for rows in torch.randperm(len(X_train)).split(BATCH_SIZE):
            optimizer.zero_grad()
            loss = F.cross_entropy(net(X_train[rows]), y_train[rows])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        with torch.no_grad():
            guesses = net(X_val).argmax(dim=1)
        accuracy = (guesses == y_val).double().mean().item()
        history.append({"loss": sum(losses) / len(losses), "accuracy": accuracy})
    return net, history


c01_diagnosis = "no_zero_grad"  # C01: backward adds to the gradients that are there, and nobody takes the old ones away


# C08


def train_c08(seed: int) -> tuple[nn.Sequential, list[dict[str, float]]]:
    """Case C08: a net learns to read digits, with a learning rate that is halved after every third epoch.

    Args:
        seed: of the weights, of the split into training and validation part, and of the batches.

    Returns:
        `(net, history)`: the trained net, and for each epoch the mean training `loss` and the `accuracy` on the validation part.

    A healthy run:

    >>> net, history = train_c08(seed=0)
    >>> len(history), history[-1]["accuracy"] > 0.92
    (15, True)
    """
    LEARNING_RATE, BATCH_SIZE, EPOCHS = 0.1, 32, 15
    HALVED_AFTER = 3  # epochs

    torch.manual_seed(seed)
    X_train, y_train, X_val, y_val = training.digits_split(seed)
    net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    optimizer = torch.optim.SGD(net.parameters(), lr=LEARNING_RATE)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=HALVED_AFTER, gamma=0.5)

    history = []
    for _ in range(EPOCHS):
        losses = []
        for rows in torch.randperm(len(X_train)).split(BATCH_SIZE):
            optimizer.zero_grad()
            loss = F.cross_entropy(net(X_train[rows]), y_train[rows])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        scheduler.step()
        with torch.no_grad():
            guesses = net(X_val).argmax(dim=1)
        accuracy = (guesses == y_val).double().mean().item()
        history.append({"loss": sum(losses) / len(losses), "accuracy": accuracy})
    return net, history


c08_diagnosis = "scheduler_per_batch"  # C08: a scheduler counts its own calls, and 43 of them come in an epoch


# C09


def rows_c09(stack: np.ndarray) -> np.ndarray:
    """Case C09, first half: from a stack of pictures to rows that a net can read.

    Args:
        stack: grey values (height, width, N), one picture behind the other.

    Returns:
        A table (N, height * width): row i holds picture i, line by line from the top, each line from left to right.

    >>> rows_c09(np.arange(6).reshape(1, 2, 3)).tolist()
    [[0, 3], [1, 4], [2, 5]]
    """
    return np.moveaxis(stack, 2, 0).reshape(stack.shape[2], -1)


def train_c09(seed: int) -> tuple[nn.Sequential, list[dict[str, float]]]:
    """Case C09, second half: a net learns to read digits that came as a stack.

    Args:
        seed: of the weights, of the split into training and validation part, and of the batches.

    Returns:
        `(net, history)`: the trained net, and for each epoch the mean training `loss` and the `accuracy` on the validation part.

    A healthy run:

    >>> net, history = train_c09(seed=0)
    >>> len(history), history[-1]["accuracy"] > 0.92
    (15, True)
    """
    LEARNING_RATE, BATCH_SIZE, EPOCHS = 0.1, 32, 15

    torch.manual_seed(seed)
    stack, digits = training.stacked_digits()
    X, y = torch.tensor(rows_c09(stack), dtype=torch.float32), torch.tensor(digits)
    train, val = training.split_rows(len(X), seed)
    mean, spread = X[train].mean(dim=0), X[train].std(dim=0)
    X = (X - mean) / torch.where(spread > 0, spread, 1.0)
    net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    optimizer = torch.optim.SGD(net.parameters(), lr=LEARNING_RATE)

    history = []
    for _ in range(EPOCHS):
        losses = []
        for batch in torch.randperm(len(train)).split(BATCH_SIZE):
            rows = train[batch]
            optimizer.zero_grad()
            loss = F.cross_entropy(net(X[rows]), y[rows])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        with torch.no_grad():
            guesses = net(X[val]).argmax(dim=1)
        accuracy = (guesses == y[val]).double().mean().item()
        history.append({"loss": sum(losses) / len(losses), "accuracy": accuracy})
    return net, history


c09_diagnosis = "pictures_scrambled"  # C09: reshape cuts the numbers into rows as they lie in memory, it does not turn axes round


# C10


def train_c10(seed: int) -> tuple[nn.Sequential, list[dict[str, float]], list[float]]:
    """Case C10: a net learns to read digits that come from ten folders, one for each digit.

    Args:
        seed: of the weights, of the split into training and validation part, and of the batches.

    Returns:
        `(net, history, log)`: the trained net; for each epoch the mean training `loss` and the `accuracy` on the validation part;
        and the loss of every single step.

    A healthy run:

    >>> net, history, log = train_c10(seed=0)
    >>> len(history), len(log), history[-1]["accuracy"] > 0.92
    (15, 645, True)
    """
    LEARNING_RATE, BATCH_SIZE, EPOCHS = 0.1, 32, 15

    torch.manual_seed(seed)
    X_all, y_all, X_val, y_val = training.digits_split(seed)
    folders = [torch.nonzero(y_all == digit).flatten() for digit in range(10)]
    X_train, y_train = X_all[torch.cat(folders)], y_all[torch.cat(folders)]
    net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    optimizer = torch.optim.SGD(net.parameters(), lr=LEARNING_RATE)

    history, log = [], []
    for _ in range(EPOCHS):
        losses = []
        for rows in torch.randperm(len(X_train)).split(BATCH_SIZE):
            optimizer.zero_grad()
            loss = F.cross_entropy(net(X_train[rows]), y_train[rows])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        with torch.no_grad():
            guesses = net(X_val).argmax(dim=1)
        accuracy = (guesses == y_val).double().mean().item()
        history.append({"loss": sum(losses) / len(losses), "accuracy": accuracy})
        log += losses
    return net, history, log


c10_diagnosis = "not_shuffled"  # C10: the rows come in the order of the folders, so that almost every batch is of one digit


# C11


def standardise_c11(X_train: torch.Tensor, X_val: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Case C11, first part: bring every pixel to mean 0 and standard deviation 1.

    Args:
        X_train: grey values (N, pixels), whose mean and standard deviation are used for both.
        X_val: grey values (M, pixels).

    Returns:
        Both, standardised; all numbers are finite.
    """
    mean, spread = X_train.mean(dim=0), X_train.std(dim=0)
    spread = torch.where(spread > 0, spread, 1.0)
    return (X_train - mean) / spread, (X_val - mean) / spread


def loss_c11(logits: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Case C11, second part: the mean of -log(probability of the right class), for logits of any size.

    Args:
        logits: scores (N, classes), before any softmax.
        y: right classes (N,).

    >>> round(loss_c11(torch.tensor([[0.0, 0.0]]), torch.tensor([1])).item(), 4)
    0.6931
    """
    log_probabilities = torch.log_softmax(logits, dim=1)
    return -log_probabilities[torch.arange(len(y)), y].mean()


def train_c11(seed: int) -> tuple[nn.Sequential, list[dict[str, float]]]:
    """Case C11, third part: a net learns to read digits, with a loss of its own making.

    Args:
        seed: of the weights, of the split into training and validation part, and of the batches.

    Returns:
        `(net, history)`: the trained net, and for each epoch the mean training `loss` and the `accuracy` on the validation part.

    A healthy run:

    >>> net, history = train_c11(seed=0)
    >>> len(history), history[-1]["accuracy"] > 0.92
    (15, True)
    """
    LEARNING_RATE, BATCH_SIZE, EPOCHS = 0.1, 32, 15

    torch.manual_seed(seed)
    X_train, y_train, X_val, y_val = training.raw_digits_split(seed)
    X_train, X_val = standardise_c11(X_train, X_val)
    net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    optimizer = torch.optim.SGD(net.parameters(), lr=LEARNING_RATE)

    history = []
    for _ in range(EPOCHS):
        losses = []
        for rows in torch.randperm(len(X_train)).split(BATCH_SIZE):
            optimizer.zero_grad()
            loss = loss_c11(net(X_train[rows]), y_train[rows])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        with torch.no_grad():
            guesses = net(X_val).argmax(dim=1)
        accuracy = (guesses == y_val).double().mean().item()
        history.append({"loss": sum(losses) / len(losses), "accuracy": accuracy})
    return net, history


c11_diagnosis = "zero_std"  # C11: three pixels never change, and 0 / 0 is nan; the logarithm of the softmax waits behind it


# C12


def train_c12(seed: int) -> tuple[nn.Sequential, list[dict[str, float]]]:
    """Case C12: a small net predicts how far a patient's diabetes will have gone in a year.

    Args:
        seed: of the weights, of the split into training and validation part, and of the batches.

    Returns:
        `(net, history)`: the trained net, and for each epoch the mean training `loss`, and on the validation part R², `r2`, and
        the `spread` (standard deviation) of the predictions. The target is standardised: mean 0, standard deviation 1.

    A healthy run:

    >>> net, history = train_c12(seed=0)
    >>> len(history), history[-1]["r2"] > 0.25
    (30, True)
    """
    LEARNING_RATE, BATCH_SIZE, EPOCHS = 0.01, 32, 30

    torch.manual_seed(seed)
    X_train, y_train, X_val, y_val = training.diabetes_split(seed)  # (331, 10), (331,), (111, 10), (111,)
    net = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 1))
    optimizer = torch.optim.SGD(net.parameters(), lr=LEARNING_RATE)

    history = []
    for _ in range(EPOCHS):
        losses = []
        for rows in torch.randperm(len(X_train)).split(BATCH_SIZE):
            optimizer.zero_grad()
            predictions = net(X_train[rows]).squeeze(dim=1)
            loss = (predictions - y_train[rows]).square().mean()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        with torch.no_grad():
            guesses = net(X_val).flatten()
        r2 = 1 - (guesses - y_val).square().sum() / (y_val - y_val.mean()).square().sum()
        history.append({"loss": sum(losses) / len(losses), "r2": r2.item(), "spread": guesses.std().item()})
    return net, history


c12_diagnosis = "broadcast_loss"  # C12: (32, 1) minus (32,) is (32, 32): every prediction is held against every target


unharmed_pair = "B"  # Q8.7: the data are so easy that a fair gradient, or working dropout and BatchNorm, are not missed

one_change = "D"  # Q8.8: one difference, and the same four seeds on both sides, so that luck cancels as far as it can

nan_first_action = "C"  # Q8.9: nan spreads downstream only, so the first tensor that is not finite stands beside the cause

alone_and_in_company = "C"  # Q8.10: in evaluation mode each output depends on its own input alone, whatever the batch
