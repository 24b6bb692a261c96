"""Unit 8B, the clinic: training scripts, healed. The patients as they come in are wrong variants of these."""

# mypy: disable-error-code=no-untyped-call
# (torch gives Tensor.backward no types.)

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from autograder.lab import training, ward

# C01


def train_c01(seed: int) -> tuple[nn.Sequential, list[dict[str, float]]]:
    """Case C01: a small net learns to read digits.

    Args:
        seed: of the weights, of the split into training and validation part, and of the batches.

    Returns:
        `(net, history)`: the trained net, and for each epoch the mean training `loss` and the `accuracy` on
        the validation part.

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


# C02


def train_c02(seed: int) -> tuple[nn.Sequential, list[dict[str, float]]]:
    """Case C02: a small net learns to read digits.

    Args:
        seed: of the weights, of the split into training and validation part, and of the batches.

    Returns:
        `(net, history)`: the trained net, and for each epoch the mean training `loss` and the `accuracy` on
        the validation part.

    A healthy run:

    >>> net, history = train_c02(seed=0)
    >>> history[-1]["loss"] < 0.05, history[-1]["accuracy"] > 0.92
    (True, True)
    """
    LEARNING_RATE, BATCH_SIZE, EPOCHS = 0.1, 32, 15

    torch.manual_seed(seed)
    X_train, y_train, X_val, y_val = training.digits_split(seed)
    net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    optimizer = torch.optim.SGD(net.parameters(), lr=LEARNING_RATE)

    def predict(X: torch.Tensor) -> torch.Tensor:
        outputs = net(X)
        return outputs

    history = []
    for _ in range(EPOCHS):
        losses = []
        for rows in torch.randperm(len(X_train)).split(BATCH_SIZE)[:-1]:  # 3 are left over
            optimizer.zero_grad()
            loss = F.cross_entropy(predict(X_train[rows]), y_train[rows])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        with torch.no_grad():
            guesses = predict(X_val).argmax(dim=1)
        accuracy = (guesses == y_val).double().mean().item()
        history.append({"loss": sum(losses) / len(losses), "accuracy": accuracy})
    return net, history


c02_diagnosis = "softmax_twice"  # C02: cross_entropy expects scores, and applies the softmax itself


# C03


def train_c03(seed: int) -> tuple[nn.Sequential, list[dict[str, float]]]:
    """Case C03: a small net learns to read digits, with a loss of its own making.

    Args:
        seed: of the weights, of the split into training and validation part, and of the batches.

    Returns:
        `(net, history)`: the trained net, and for each epoch the mean training `loss`, the `validation_loss`,
        and the `accuracy` on the validation part. Both losses are mean cross-entropies, over a batch and over
        the validation part.

    A healthy run:

    >>> net, history = train_c03(seed=0)
    >>> history[-1]["loss"] < 0.05, history[-1]["accuracy"] > 0.92
    (True, True)
    """
    LEARNING_RATE, BATCH_SIZE, EPOCHS = 0.1, 32, 15

    torch.manual_seed(seed)
    X_train, y_train, X_val, y_val = training.digits_split(seed)
    net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    optimizer = torch.optim.SGD(net.parameters(), lr=LEARNING_RATE)

    def cross_entropy(scores: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        log_probabilities = F.log_softmax(scores, dim=1)
        return F.nll_loss(log_probabilities, labels)

    history = []
    for _ in range(EPOCHS):
        losses = []
        for rows in torch.randperm(len(X_train)).split(BATCH_SIZE)[:-1]:  # 3 are left over
            optimizer.zero_grad()
            loss = cross_entropy(net(X_train[rows]), y_train[rows])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        with torch.no_grad():
            scores = net(X_val)
        accuracy = (scores.argmax(dim=1) == y_val).double().mean().item()
        validation_loss = cross_entropy(scores, y_val).item()
        history.append({"loss": sum(losses) / len(losses), "validation_loss": validation_loss, "accuracy": accuracy})
    return net, history


c03_diagnosis = "softmax_over_batch"  # C03: along axis 0 stand the samples, along axis 1 the classes


# C04


def train_c04(seed: int) -> tuple[nn.Sequential, list[dict[str, float]]]:
    """Case C04: a net with BatchNorm and dropout learns to read digits.

    Args:
        seed: of the weights, of the split into training and validation part, of the batches, and of dropout.

    Returns:
        `(net, history)`: the trained net, and for each epoch the mean training `loss` and the `accuracy` on
        the validation part.

    A healthy run. BatchNorm has counted 42 batches in each of 15 epochs:

    >>> net, history = train_c04(seed=0)
    >>> history[-1]["accuracy"] > 0.92, net[1].num_batches_tracked.item()
    (True, 630)
    """
    LEARNING_RATE, BATCH_SIZE, EPOCHS, DROP_PROB = 0.1, 32, 15, 0.5

    torch.manual_seed(seed)
    X_train, y_train, X_val, y_val = training.digits_split(seed)
    net = nn.Sequential()
    for _ in range(2):
        net.extend([nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(DROP_PROB)])
    net.append(nn.Linear(64, 10))
    optimizer = torch.optim.SGD(net.parameters(), lr=LEARNING_RATE)

    history = []
    for _ in range(EPOCHS):
        net.train()
        losses = []
        for rows in torch.randperm(len(X_train)).split(BATCH_SIZE)[:-1]:  # 3 are left over
            optimizer.zero_grad()
            loss = F.cross_entropy(net(X_train[rows]), y_train[rows])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        net.eval()
        with torch.no_grad():
            guesses = net(X_val).argmax(dim=1)
        accuracy = (guesses == y_val).double().mean().item()
        history.append({"loss": sum(losses) / len(losses), "accuracy": accuracy})
    return net, history


c04_diagnosis = "stuck_in_eval"  # C04: train() is called once, eval() in every epoch: from the second one on nothing is dropped


# C05


def train_c05(seed: int) -> tuple[nn.Sequential, list[dict[str, float]]]:
    """Case C05: a net with BatchNorm and dropout learns to read digits, and validates in batches.

    Args:
        seed: of the weights, of the split into training and validation part, of the batches, and of dropout.

    Returns:
        `(net, history)`: the trained net, and for each epoch the mean training `loss` and the `accuracy` on
        the validation part.

    A healthy run:

    >>> net, history = train_c05(seed=0)
    >>> len(history), history[-1]["accuracy"] > 0.92
    (15, True)
    """
    LEARNING_RATE, BATCH_SIZE, EPOCHS, DROP_PROB = 0.1, 32, 15, 0.5

    torch.manual_seed(seed)
    X_train, y_train, X_val, y_val = training.digits_split(seed)
    net = nn.Sequential()
    for _ in range(2):
        net.extend([nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(DROP_PROB)])
    net.append(nn.Linear(64, 10))
    optimizer = torch.optim.SGD(net.parameters(), lr=LEARNING_RATE)

    @torch.no_grad()
    def validate() -> float:
        hits = 0
        net.eval()
        for rows in torch.arange(len(X_val)).split(BATCH_SIZE):
            guesses = net(X_val[rows]).argmax(dim=1)
            hits += (guesses == y_val[rows]).sum().item()
        net.train()
        return hits / len(X_val)

    history = []
    for _ in range(EPOCHS):
        losses = []
        for rows in torch.randperm(len(X_train)).split(BATCH_SIZE)[:-1]:  # 3 are left over
            optimizer.zero_grad()
            loss = F.cross_entropy(net(X_train[rows]), y_train[rows])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        history.append({"loss": sum(losses) / len(losses), "accuracy": validate()})
    return net, history


c05_diagnosis = "validates_in_train_mode"  # C05: no_grad() saves memory; that dropout and BatchNorm rest, only eval() sees to


# C06


class ReaderC06(nn.Module):
    """A net for the digits, as deep as one likes: 64 pixels, hidden layers of 64 units, 10 scores.

    Args:
        depth: number of hidden layers.
    """

    def __init__(self, depth: int) -> None:
        super().__init__()
        self.hidden = nn.ModuleList([nn.Linear(64, 64) for _ in range(depth)])
        self.head = nn.Linear(64, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores (N, 10) of pictures (N, 64)."""
        for layer in self.hidden:
            x = F.relu(layer(x))
        return self.head(x)


def train_c06(seed: int) -> tuple[ReaderC06, list[dict[str, float]]]:
    """Case C06: a net whose depth can be chosen learns to read digits.

    Args:
        seed: of the weights, of the split into training and validation part, and of the batches.

    Returns:
        `(net, history)`: the trained net, and for each epoch the mean training `loss` and the `accuracy` on
        the validation part.

    A healthy run:

    >>> net, history = train_c06(seed=0)
    >>> sum(weights.numel() for weights in net.parameters()), history[-1]["accuracy"] > 0.92
    (8970, True)
    """
    LEARNING_RATE, BATCH_SIZE, EPOCHS, DEPTH = 0.1, 32, 15, 2

    torch.manual_seed(seed)
    X_train, y_train, X_val, y_val = training.digits_split(seed)
    net = ReaderC06(DEPTH)
    optimizer = torch.optim.SGD(net.parameters(), lr=LEARNING_RATE)

    history = []
    for _ in range(EPOCHS):
        losses = []
        for rows in torch.randperm(len(X_train)).split(BATCH_SIZE)[:-1]:  # 3 are left over
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


c06_diagnosis = "hidden_layers_in_list"  # C06: a module registers what is set on it and is a module itself, which a list is not


# C07


def train_c07(seed: int) -> tuple[nn.Sequential, list[dict[str, float]]]:
    """Case C07: a small net learns to read digits.

    Args:
        seed: of the weights, of the split into training and validation part, and of the batches.

    Returns:
        `(net, history)`: the trained net, and for each epoch the mean training `loss` and the `accuracy` on
        the validation part.

    A healthy run:

    >>> net, history = train_c07(seed=0)
    >>> history[-1]["loss"] < 0.05, history[-1]["accuracy"] > 0.92
    (True, True)
    """
    LEARNING_RATE, BATCH_SIZE, EPOCHS = 0.1, 32, 15

    def new_net() -> nn.Sequential:
        return nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))

    X_train, y_train, X_val, y_val = training.digits_split(seed)

    torch.manual_seed(seed)  # from here on every run is the same
    net = new_net()
    optimizer = torch.optim.SGD(net.parameters(), lr=LEARNING_RATE)

    history = []
    for _ in range(EPOCHS):
        losses = []
        for rows in torch.randperm(len(X_train)).split(BATCH_SIZE)[:-1]:  # 3 are left over
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


c07_diagnosis = "stale_optimizer"  # C07: the optimizer keeps the parameters that it was given, not the name under which they were


# C08


def train_c08(seed: int) -> tuple[nn.Sequential, list[dict[str, float]]]:
    """Case C08: a net learns to read digits, with a learning rate that is halved after every third epoch.

    Args:
        seed: of the weights, of the split into training and validation part, and of the batches.

    Returns:
        `(net, history)`: the trained net, and for each epoch the mean training `loss` and the `accuracy` on
        the validation part.

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
        A table (N, height * width): row i holds picture i, line by line from the
        top, each line from left to right.

    >>> rows_c09(np.arange(6).reshape(1, 2, 3)).tolist()
    [[0, 3], [1, 4], [2, 5]]
    """
    return np.moveaxis(stack, 2, 0).reshape(stack.shape[2], -1)


def train_c09(seed: int) -> tuple[nn.Sequential, list[dict[str, float]]]:
    """Case C09, second half: a net learns to read digits that came as a stack.

    Args:
        seed: of the weights, of the split into training and validation part, and of the batches.

    Returns:
        `(net, history)`: the trained net, and for each epoch the mean training `loss` and the `accuracy` on
        the validation part.

    A healthy run:

    >>> net, history = train_c09(seed=0)
    >>> len(history), history[-1]["accuracy"] > 0.92
    (15, True)
    """
    LEARNING_RATE, BATCH_SIZE, EPOCHS = 0.1, 32, 15

    torch.manual_seed(seed)
    stack, digits = ward.stacked_digits()
    X, y = torch.tensor(rows_c09(stack), dtype=torch.float32), torch.tensor(digits)
    train, val = ward.split_rows(len(X), seed)
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
        `(net, history, log)`: the trained net; for each epoch the mean training `loss` and the `accuracy` on
        the validation part; and the loss of every single step.

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
        `(net, history)`: the trained net, and for each epoch the mean training `loss` and the `accuracy` on
        the validation part.

    A healthy run:

    >>> net, history = train_c11(seed=0)
    >>> len(history), history[-1]["accuracy"] > 0.92
    (15, True)
    """
    LEARNING_RATE, BATCH_SIZE, EPOCHS = 0.1, 32, 15

    torch.manual_seed(seed)
    X_train, y_train, X_val, y_val = ward.raw_digits_split(seed)
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
        `(net, history)`: the trained net, and for each epoch the mean training `loss`, and on the validation
        part R², `r2`, and the `spread` (standard deviation) of the predictions. The target is standardised:
        mean 0, standard deviation 1.

    A healthy run:

    >>> net, history = train_c12(seed=0)
    >>> len(history), history[-1]["r2"] > 0.25
    (30, True)
    """
    LEARNING_RATE, BATCH_SIZE, EPOCHS = 0.01, 32, 30

    torch.manual_seed(seed)
    X_train, y_train, X_val, y_val = ward.diabetes_split(seed)  # (331, 10), (331,), (111, 10), (111,)
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


# Sp.01


def train_sp01(seed: int) -> tuple[nn.Sequential, list[dict[str, float]]]:
    """Spare case 1: a small net learns to read digits.

    Args:
        seed: of the weights, of the split into training and validation part, and of the batches.

    Returns:
        `(net, history)`: the trained net, and for each epoch the mean training `loss` and the `accuracy` on
        the validation part.

    A healthy run:

    >>> net, history = train_sp01(seed=0)
    >>> history[-1]["loss"] < 0.05, history[-1]["accuracy"] > 0.92
    (True, True)
    """
    LEARNING_RATE, BATCH_SIZE, EPOCHS = 0.1, 32, 15

    torch.manual_seed(seed)
    X_train, y_train, X_val, y_val = training.digits_split(seed)
    net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    optimizer = torch.optim.SGD(net.parameters(), lr=LEARNING_RATE)

    history = []
    for _ in range(EPOCHS):
        losses = []
        for rows in torch.randperm(len(X_train)).split(BATCH_SIZE)[:-1]:  # 3 are left over
            optimizer.zero_grad()
            loss = F.cross_entropy(net(X_train[rows]), y_train[rows], reduction="mean")
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        with torch.no_grad():
            guesses = net(X_val).argmax(dim=1)
        accuracy = (guesses == y_val).double().mean().item()
        history.append({"loss": sum(losses) / len(losses), "accuracy": accuracy})
    return net, history


# Sp.02


def train_sp02(seed: int) -> tuple[nn.Sequential, list[dict[str, float]]]:
    """Spare case 2: a small net, in two halves, learns to read digits.

    Args:
        seed: of the weights, of the split into training and validation part, and of the batches.

    Returns:
        `(net, history)`: the trained net, and for each epoch the mean training `loss` and the `accuracy` on
        the validation part.

    A healthy run:

    >>> net, history = train_sp02(seed=0)
    >>> history[-1]["loss"] < 0.05, history[-1]["accuracy"] > 0.92
    (True, True)
    """
    LEARNING_RATE, BATCH_SIZE, EPOCHS = 0.1, 32, 15

    torch.manual_seed(seed)
    X_train, y_train, X_val, y_val = training.digits_split(seed)
    net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    body, head = net[:4], net[4]
    optimizer = torch.optim.SGD(net.parameters(), lr=LEARNING_RATE)

    def scores_of(X: torch.Tensor) -> torch.Tensor:
        features = body(X)
        return head(features)

    history = []
    for _ in range(EPOCHS):
        losses = []
        for rows in torch.randperm(len(X_train)).split(BATCH_SIZE)[:-1]:  # 3 are left over
            optimizer.zero_grad()
            loss = F.cross_entropy(scores_of(X_train[rows]), y_train[rows])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        with torch.no_grad():
            guesses = scores_of(X_val).argmax(dim=1)
        accuracy = (guesses == y_val).double().mean().item()
        history.append({"loss": sum(losses) / len(losses), "accuracy": accuracy})
    return net, history


# Sp.03


def train_sp03(seed: int) -> tuple[nn.Sequential, list[dict[str, float]]]:
    """Spare case 3: a small net with initial weights of its own learns to read digits.

    Args:
        seed: of the weights, of the split into training and validation part, and of the batches.

    Returns:
        `(net, history)`: the trained net, and for each epoch the mean training `loss` and the `accuracy` on
        the validation part.

    A healthy run:

    >>> net, history = train_sp03(seed=0)
    >>> history[-1]["loss"] < 0.05, history[-1]["accuracy"] > 0.92
    (True, True)
    """
    LEARNING_RATE, BATCH_SIZE, EPOCHS = 0.1, 32, 15

    torch.manual_seed(seed)
    X_train, y_train, X_val, y_val = training.digits_split(seed)
    net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    for layer in net:
        if isinstance(layer, nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)
    optimizer = torch.optim.SGD(net.parameters(), lr=LEARNING_RATE)

    history = []
    for _ in range(EPOCHS):
        losses = []
        for rows in torch.randperm(len(X_train)).split(BATCH_SIZE)[:-1]:  # 3 are left over
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


# Sp.04


def augmented_sp04(X: torch.Tensor) -> torch.Tensor:
    """Spare patient Sp.04, first half: wipe a line out of each picture, so that a net learns not to rely on a
    single stroke.

    Args:
        X: standardised pictures (N, 64).

    Returns:
        Pictures (N, 64), in each of which one of the eight lines, drawn at random, is 0: the mean grey.

    Source: after DeVries & Taylor (2017), arXiv:1708.04552, who wipe out squares.
    """
    pictures = X.reshape(-1, 8, 8).clone()
    lines = torch.randint(8, (len(X),))
    pictures[torch.arange(len(X)), lines] = 0
    return pictures.reshape(-1, 64)


def train_sp04(seed: int) -> tuple[nn.Sequential, list[dict[str, float]]]:
    """Spare patient Sp.04, second half: a net learns from pictures that lack a
    line, in every epoch another one.

    Args:
        seed: of the weights, of the split into training and validation part, of the batches and of the lines.

    Returns:
        `(net, history)`: the trained net, and for each epoch the mean training `loss` and the `accuracy` on
        the validation part.

    A healthy run:

    >>> net, history = train_sp04(seed=0)
    >>> history[-1]["loss"] < 0.3, history[-1]["accuracy"] > 0.92
    (True, True)
    """
    LEARNING_RATE, BATCH_SIZE, EPOCHS = 0.1, 32, 15

    torch.manual_seed(seed)
    X_train, y_train, X_val, y_val = training.digits_split(seed)
    net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    optimizer = torch.optim.SGD(net.parameters(), lr=LEARNING_RATE)

    history = []
    for _ in range(EPOCHS):
        pictures = augmented_sp04(X_train)
        losses = []
        for rows in torch.randperm(len(X_train)).split(BATCH_SIZE):
            optimizer.zero_grad()
            loss = F.cross_entropy(net(pictures[rows]), y_train[rows])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        with torch.no_grad():
            guesses = net(X_val).argmax(dim=1)
        accuracy = (guesses == y_val).double().mean().item()
        history.append({"loss": sum(losses) / len(losses), "accuracy": accuracy})
    return net, history


sp04_diagnosis = "augmented_in_place"  # Sp.04: a reshaped tensor is a view, so the wiped lines are missing from X_train for good


# Sp.05


def scaled_sp05(X_train: torch.Tensor, X_val: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Spare patient Sp.05, first half: bring measurements of very different size to one scale.

    Args:
        X_train: measurements to learn from (N, D).
        X_val: measurements to validate with (M, D).

    Returns:
        Both, with a mean taken off each feature and divided by its standard deviation; a feature that never
        changes is only shifted.
    """
    fitted = X_train
    mean, spread = fitted.mean(dim=0), fitted.std(dim=0, correction=0)
    spread = torch.where(spread > 0, spread, 1.0)
    return (X_train - mean) / spread, (X_val - mean) / spread


def train_sp05(seed: int) -> tuple[nn.Sequential, list[dict[str, float]]]:
    """Spare patient Sp.05, second half: a net learns from twelve tumours which of 557 others are benign.

    Args:
        seed: of the weights, and of the split into training and validation part.

    Returns:
        `(net, history)`: the trained net, and for each epoch the training `loss` and the `accuracy` on the
        validation part.

    A healthy run:

    >>> net, history = train_sp05(seed=0)
    >>> len(history), history[-1]["accuracy"] > 0.7
    (40, True)
    """
    LEARNING_RATE, EPOCHS = 0.1, 40

    torch.manual_seed(seed)
    X_train, y_train, X_val, y_val = ward.few_tumours(seed)
    X_train, X_val = scaled_sp05(X_train, X_val)
    net = nn.Sequential(nn.Linear(30, 16), nn.ReLU(), nn.Linear(16, 2))
    optimizer = torch.optim.SGD(net.parameters(), lr=LEARNING_RATE)

    history = []
    for _ in range(EPOCHS):
        optimizer.zero_grad()
        loss = F.cross_entropy(net(X_train), y_train)
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            guesses = net(X_val).argmax(dim=1)
        accuracy = (guesses == y_val).double().mean().item()
        history.append({"loss": loss.item(), "accuracy": accuracy})
    return net, history


sp05_diagnosis = "leak_into_validation"  # Sp.05: the tumours to validate with have had a part in the means and spreads


# Sp.06


def split_sp06(X: torch.Tensor, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Spare patient Sp.06, first half: cut a collection into a part to train on and a part to validate with.

    Args:
        X: pictures (N, D).
        seed: decides which picture goes where.

    Returns:
        Row numbers `(train, val)`, about three quarters and one quarter. Every picture
        stands in one of the two parts.
    """
    first = torch.from_numpy(np.unique(X.numpy(), axis=0, return_index=True)[1])
    train, val = ward.split_rows(len(first), seed)
    return first[train], first[val]


def train_sp06(seed: int) -> tuple[nn.Sequential, list[dict[str, float]]]:
    """Spare patient Sp.06, second half: a net learns from a collection in which a fifth of the labels is
    drawn at random.

    Args:
        seed: of the collection, the split, the weights and the batches.

    Returns:
        `(net, history)`: the trained net, and for each epoch the mean training `loss` and the `accuracy` on
        the validation part.

    A healthy run:

    >>> net, history = train_sp06(seed=0)
    >>> len(history), history[-1]["accuracy"] > 0.5
    (40, True)
    """
    LEARNING_RATE, BATCH_SIZE, EPOCHS = 0.1, 32, 40

    torch.manual_seed(seed)
    X, y = ward.merged_digits(seed)
    train, val = split_sp06(X, seed)
    net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    optimizer = torch.optim.SGD(net.parameters(), lr=LEARNING_RATE)

    history = []
    for _ in range(EPOCHS):
        losses = []
        for rows in train[torch.randperm(len(train))].split(BATCH_SIZE):
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


sp06_diagnosis = "leak_into_validation"  # Sp.06: the same picture, with the same label, stands in both parts


# Sp.07


def report_sp07(guesses: torch.Tensor, y: torch.Tensor) -> float:
    """Spare patient Sp.07, first half: one number for how well a detector tells yes from no.

    Args:
        guesses: its answers (N,), 0 or 1.
        y: the right answers (N,), 0 or 1; both occur.

    Returns:
        1 for a detector that is always right, and 0.5 for one that gives the same answer to everybody.
    """
    shares = [(guesses[y == kind] == kind).double().mean().item() for kind in (0, 1)]
    return sum(shares) / 2


def train_sp07(seed: int) -> tuple[nn.Sequential, list[dict[str, float]]]:
    """Spare patient Sp.07, second half: a net learns to find the eights among other digits; one picture in
    twenty is an 8.

    Args:
        seed: of the weights, of the split into training and validation part, and of the batches.

    Returns:
        `(net, history)`: the trained net, and for each epoch the mean training `loss` and the `report` on the
        validation part.

    A healthy run:

    >>> net, history = train_sp07(seed=0)
    >>> len(history), history[-1]["report"] > 0.4
    (10, True)
    """
    LEARNING_RATE, BATCH_SIZE, EPOCHS = 0.01, 32, 10

    torch.manual_seed(seed)
    X_train, y_train, X_val, y_val = ward.rare_split(seed)
    net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
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
        history.append({"loss": sum(losses) / len(losses), "report": report_sp07(guesses, y_val)})
    return net, history


sp07_diagnosis = "class_imbalance"  # Sp.07: 95 of 100 answers are no, so that "no" to everything has the accuracy 0.95


# Sp.08


def validate_sp08(net: nn.Module, X_val: torch.Tensor, y_val: torch.Tensor) -> float:
    """Spare patient Sp.08, first half: the share of validation pictures that a net reads right.

    Args:
        net: gives scores (N, 10).
        X_val: pictures (N, 64).
        y_val: digits (N,).
    """
    with torch.no_grad():
        guesses = net(X_val).argmax(dim=1)
    return (guesses == y_val).double().mean().item()


def train_sp08(seed: int) -> tuple[nn.Sequential, list[dict[str, float]]]:
    """Spare patient Sp.08, second half: a net learns from pictures that are moved by
    up to a pixel, each time anew.

    Args:
        seed: of the weights, of the split into training and validation part, of the batches and of the moves.

    Returns:
        `(net, history)`: the trained net, and for each epoch the mean training `loss` and the `accuracy` on
        the validation part.

    A healthy run:

    >>> net, history = train_sp08(seed=0)
    >>> len(history), history[-1]["accuracy"] > 0.8
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
            loss = F.cross_entropy(net(ward.jostled(X_train[rows])), y_train[rows])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        history.append({"loss": sum(losses) / len(losses), "accuracy": validate_sp08(net, X_val, y_val)})
    return net, history


sp08_diagnosis = "augmented_validation"  # Sp.08: the pictures to validate with are moved about as those to learn from


# Sp.09


def centred_sp09(pictures: np.ndarray, slate: np.ndarray) -> np.ndarray:
    """Spare patient Sp.09, first half: take the slate out of photographs of what is written on it.

    Args:
        pictures: photographs (N, 64), grey values from 0 to 255 in uint8.
        slate: photograph of the slate with nothing on it (64,), uint8.

    Returns:
        By how much each pixel is brighter than the slate, divided by 128; negative where it is darker. (N,
        64), float32.
    """
    return (pictures.astype(np.float32) - slate) / 128


def train_sp09(seed: int) -> tuple[nn.Sequential, list[dict[str, float]]]:
    """Spare patient Sp.09, second half: a net learns to read digits from photographs.

    Args:
        seed: of the weights, of the camera's noise, of the split into training and
            validation part, and of the batches.

    Returns:
        `(net, history)`: the trained net, and for each epoch the mean training `loss` and the `accuracy` on
        the validation part.

    A healthy run:

    >>> net, history = train_sp09(seed=0)
    >>> len(history), history[-1]["accuracy"] > 0.85
    (15, True)
    """
    LEARNING_RATE, BATCH_SIZE, EPOCHS = 0.1, 32, 15

    torch.manual_seed(seed)
    pictures_train, y_train, pictures_val, y_val, slate = ward.photographed_digits(seed)
    X_train, X_val = (torch.from_numpy(centred_sp09(pictures, slate)) for pictures in (pictures_train, pictures_val))
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


sp09_diagnosis = "unsigned_wraps"  # Sp.09: in uint8, 40 - 43 is 253


# Sp.10


def train_sp10(seed: int) -> tuple[nn.Sequential, list[dict[str, float]]]:
    """Spare patient Sp.10: a small net learns to read digits, and is kept from large weights.

    What is minimised is the cross-entropy plus `LAMBDA` times the sum of the
    squares of all weights and biases.

    Args:
        seed: of the weights, of the split into training and validation part, and of the batches.

    Returns:
        `(net, history)`: the trained net, and for each epoch the mean cross-entropy of the training batches,
        `loss`, and the `accuracy` on the validation part.

    A healthy run:

    >>> net, history = train_sp10(seed=0)
    >>> len(history), history[-1]["accuracy"] > 0.85
    (15, True)
    """
    LEARNING_RATE, BATCH_SIZE, EPOCHS, LAMBDA = 0.1, 32, 15, 0.03

    torch.manual_seed(seed)
    X_train, y_train, X_val, y_val = training.digits_split(seed)
    net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    optimizer = torch.optim.SGD(net.parameters(), lr=LEARNING_RATE, weight_decay=2 * LAMBDA)

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


sp10_diagnosis = "decay_twice"  # Sp.10: the penalty is in the loss, and once more in the optimizer


# Sp.11


def train_sp11(seed: int) -> tuple[nn.Sequential, list[dict[str, float]]]:
    """Spare patient Sp.11: a small net learns to read digits, and its losses are added up for the log.

    Args:
        seed: of the weights, of the split into training and validation part, and of the batches.

    Returns:
        `(net, history)`: the trained net, and for each epoch the mean training `loss` and the `accuracy` on
        the validation part.

    A healthy run:

    >>> net, history = train_sp11(seed=0)
    >>> len(history), history[-1]["accuracy"] > 0.9
    (8, True)
    """
    LEARNING_RATE, BATCH_SIZE, EPOCHS = 0.1, 32, 8

    torch.manual_seed(seed)
    X_train, y_train, X_val, y_val = training.digits_split(seed)
    net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    optimizer = torch.optim.SGD(net.parameters(), lr=LEARNING_RATE)

    history = []
    for _ in range(EPOCHS):
        total, steps = 0.0, 0
        for rows in torch.randperm(len(X_train)).split(BATCH_SIZE):
            optimizer.zero_grad()
            loss = F.cross_entropy(net(X_train[rows]), y_train[rows])
            loss.backward()
            optimizer.step()
            total += loss.item()
            steps += 1
        with torch.no_grad():
            guesses = net(X_val).argmax(dim=1)
        accuracy = (guesses == y_val).double().mean().item()
        history.append({"loss": total / steps, "accuracy": accuracy})
    return net, history


sp11_diagnosis = "graph_kept"  # Sp.11: total is a tensor with a history, and that history is every step so far


# Sp.12


def features_sp12(body: nn.Module, X: torch.Tensor, mean: torch.Tensor, spread: torch.Tensor) -> torch.Tensor:
    """Spare patient Sp.12, first half: what a body that others have trained makes of new pictures.

    Args:
        body: was trained on pixels with `mean` taken off and divided by `spread`.
        X: grey values (N, 64), from 0 to 16.
        mean, spread: of each pixel (64,) in the data that the body was trained on.

    Returns:
        Features (N, 64), without gradient.
    """
    with torch.no_grad():
        features: torch.Tensor = body((X - mean) / spread)
    return features


def train_sp12(seed: int) -> tuple[nn.Linear, list[dict[str, float]]]:
    """Spare patient Sp.12, second half: a new head on an old body learns the digits 5 to 9.

    Args:
        seed: of the head's weights, of the split into training and validation part, and of the batches.

    Returns:
        `(head, history)`: the trained head, and for each epoch the mean training `loss` and the `accuracy` on
        the validation part.

    A healthy run:

    >>> head, history = train_sp12(seed=0)
    >>> len(history), history[-1]["accuracy"] > 0.6
    (10, True)
    """
    LEARNING_RATE, BATCH_SIZE, EPOCHS = 0.1, 32, 10

    torch.manual_seed(seed)
    X_train, y_train, X_val, y_val = ward.late_digits_split(seed)
    body, mean, spread = ward.pretrained_body()  # has learned the digits 0 to 4
    Z_train, Z_val = (features_sp12(body, X, mean, spread) for X in (X_train, X_val))
    head = nn.Linear(64, 5)
    optimizer = torch.optim.SGD(head.parameters(), lr=LEARNING_RATE)

    history = []
    for _ in range(EPOCHS):
        losses = []
        for rows in torch.randperm(len(Z_train)).split(BATCH_SIZE):
            optimizer.zero_grad()
            loss = F.cross_entropy(head(Z_train[rows]), y_train[rows])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        with torch.no_grad():
            guesses = head(Z_val).argmax(dim=1)
        accuracy = (guesses == y_val).double().mean().item()
        history.append({"loss": sum(losses) / len(losses), "accuracy": accuracy})
    return head, history


sp12_diagnosis = "wrong_input_scale"  # Sp.12: the body was trained on standardised pixels and is fed with others
