"""Unit 8B: the patients as they come in, repairs that a fair grader accepts, and repairs that only look like one."""

import torch
import torch.nn.functional as F
from torch import nn

from autograder.lab import training
from solutions.variants import Variants, edit

variants = Variants()

# C01

ZERO = "            optimizer.zero_grad()\n"
LOSS = "            loss = F.cross_entropy(net(X_train[rows]), y_train[rows])\n"
STEP = "            optimizer.step()\n"
EPOCH = "    for _ in range(EPOCHS):\n"
RATE = "LEARNING_RATE, BATCH_SIZE, EPOCHS = 0.1, 32, 15"

variants.right("c01.before_backward", train_c01=edit(ZERO, "", LOSS, LOSS + ZERO))
variants.right("c01.after_step", train_c01=edit(ZERO, "", STEP, STEP + ZERO))
variants.right("c01.zeros", train_c01=edit(ZERO, ZERO.replace("()", "(set_to_none=False)")))
variants.right("c01.of_the_net", train_c01=edit(ZERO, ZERO.replace("optimizer", "net")))

variants.wrong(
    "c01.no_zero_grad",
    says="every step still uses the sum of all gradients so far: backward() adds to what is there, and nobody takes it away",
    hint="which call of the optimizer empties the gradients? It belongs once into every step",
    train_c01=edit(ZERO, ""),
)
variants.wrong(
    "c01.between",
    says="you empty the gradients after backward() has filled them and before step() can use them: no weight moves",
    hint="empty them before the new gradient is computed, or after the step",
    train_c01=edit(ZERO, "", STEP, ZERO + STEP),
)
variants.wrong(
    "c01.per_epoch",
    says="you empty the gradients once in an epoch: within it they still pile up, batch after batch",
    hint="the call belongs into the inner loop",
    train_c01=edit(ZERO, "", EPOCH, EPOCH + "        optimizer.zero_grad()\n"),
)
variants.wrong(
    "c01.lower_rate",
    says="with a rate of a hundredth the sum of all gradients does less harm, but it is still the sum: you have hidden the symptom",
    hint="put the rate back, and ask why a step is far too long",
    train_c01=edit(ZERO, "", RATE, "LEARNING_RATE, BATCH_SIZE, EPOCHS = 0.001, 32, 15"),
)
variants.wrong(
    "c01.retuned",
    says="the repair is right, but you changed settings on the way: now nobody can say which change did it",
    hint="put the constants back: one change at a time",
    train_c01=edit(RATE, "LEARNING_RATE, BATCH_SIZE, EPOCHS = 0.05, 32, 20"),
)


def train_c01_rebuilt(seed):
    LEARNING_RATE, BATCH_SIZE, EPOCHS = 0.1, 32, 15
    torch.manual_seed(seed)
    X_train, y_train, X_val, y_val = training.digits_split(seed)
    net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    optimizer = torch.optim.SGD(net.parameters(), lr=LEARNING_RATE)

    def update(rows):
        optimizer.zero_grad()
        logits = net(X_train[rows])
        loss = F.cross_entropy(logits, y_train[rows])
        loss.backward()
        optimizer.step()
        return loss.item()

    history = []
    for _epoch in range(EPOCHS):
        order = torch.randperm(len(X_train))
        losses = [update(rows) for rows in order.split(BATCH_SIZE)]
        with torch.no_grad():
            logits = net(X_val)
        accuracy = float((logits.argmax(dim=1) == y_val).double().mean())
        loss = sum(losses) / len(losses)
        history.append({"loss": loss, "accuracy": accuracy})
    return net, history


variants.wrong(
    "c01.rebuilt",
    says="your script is well, but it is another script: whoever reads the change cannot see what the illness was",
    hint="start from the patient again and change a line",
    train_c01=train_c01_rebuilt,
)

# the diagnosis: for each code the reason why it is not this one

for code, says in {
    "bad_initialisation": "torch's own initial weights are in use, and the first epoch goes well",
    "broadcast_loss": "scores (N, 10) and labels (N,) are just what cross-entropy wants",
    "class_imbalance": "the ten digits are about equally frequent",
    "dead_relu": "if units die here, they die of something else: of what?",
    "hidden_layers_in_list": "the layers stand in an nn.Sequential, which registers them",
    "leak_into_validation": "a leak makes the validation look too good; here it ends at guessing",
    "not_shuffled": "a new order is drawn in every epoch",
    "overfitting": "an overfitted net has a small training loss; here it is the training loss that climbs",
    "pictures_scrambled": "pictures and labels are picked with the same rows, and nothing is reshaped",
    "rate_too_high": "a lower rate would hide it; with the right gradient this very rate trains this very net well",
    "rate_too_low": "with a rate that is too low the loss falls slowly; here it climbs",
    "scheduler_per_batch": "there is no scheduler",
    "softmax_over_batch": "there is no softmax in sight but that of cross-entropy, which takes the right axis",
    "softmax_twice": "the net ends in a linear layer, so the loss applies the only softmax",
    "stale_optimizer": "the optimizer is made from the parameters of this very net",
    "stuck_in_eval": "this net has neither dropout nor BatchNorm: its mode changes nothing",
    "too_little_data": "too little data shows as a gap between training and validation; here both are bad",
    "validates_in_train_mode": "this net has neither dropout nor BatchNorm: its mode changes nothing",
    "zero_std": "the log holds no nan: pixels that never change are taken care of",
}.items():
    variants.wrong(f"q.c01.{code}", says=says, c01_diagnosis=f'"{code}"')
