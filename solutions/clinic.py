"""Unit 8B, the clinic: training scripts, healed. The patients as they come in are wrong variants of these."""

# mypy: disable-error-code=no-untyped-call
# (torch gives Tensor.backward no types.)

from __future__ import annotations

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

# C02


def train_c02(seed: int) -> tuple[nn.Sequential, list[dict[str, float]]]:
    """Case C02: a small net learns to read digits.

    Args:
        seed: of the weights, of the split into training and validation part, and of the batches.

    Returns:
        `(net, history)`: the trained net, and for each epoch the mean training `loss` and the `accuracy` on the validation part.

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
        `(net, history)`: the trained net, and for each epoch the mean training `loss`, the `validation_loss`, and the `accuracy` on
        the validation part. Both losses are mean cross-entropies, over a batch and over the validation part.

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
        `(net, history)`: the trained net, and for each epoch the mean training `loss` and the `accuracy` on the validation part.

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
        `(net, history)`: the trained net, and for each epoch the mean training `loss` and the `accuracy` on the validation part.

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
        `(net, history)`: the trained net, and for each epoch the mean training `loss` and the `accuracy` on the validation part.

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
        `(net, history)`: the trained net, and for each epoch the mean training `loss` and the `accuracy` on the validation part.

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

# Sp.01


def train_sp01(seed: int) -> tuple[nn.Sequential, list[dict[str, float]]]:
    """Spare case 1: a small net learns to read digits.

    Args:
        seed: of the weights, of the split into training and validation part, and of the batches.

    Returns:
        `(net, history)`: the trained net, and for each epoch the mean training `loss` and the `accuracy` on the validation part.

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
        `(net, history)`: the trained net, and for each epoch the mean training `loss` and the `accuracy` on the validation part.

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
        `(net, history)`: the trained net, and for each epoch the mean training `loss` and the `accuracy` on the validation part.

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
