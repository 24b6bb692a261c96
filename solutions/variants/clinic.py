"""Unit 8B: the patients as they come in, repairs that a fair grader accepts, and repairs that only look like one."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from autograder.lab import training, ward
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
    hint="which call of the optimizer empties the gradients? It belongs once in every step",
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
    hint="the call belongs in the inner loop",
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


# C02

SCORES = "        outputs = net(X)\n"
LEARN = "            loss = F.cross_entropy(predict(X_train[rows]), y_train[rows])\n"

variants.right(
    "c02.direct", train_c02=edit(SCORES, "        outputs = F.softmax(net(X), dim=1)\n", LEARN, LEARN.replace("predict", "net"))
)
variants.right("c02.log_softmax", train_c02=edit(SCORES, "        outputs = F.log_softmax(net(X), dim=1)\n"))
variants.right(
    "c02.log_of_the_probabilities",
    train_c02=edit(
        SCORES,
        "        outputs = F.softmax(net(X), dim=1)\n",
        LEARN,
        LEARN.replace("F.cross_entropy(predict(X_train[rows])", "F.nll_loss(torch.log(predict(X_train[rows]))"),
    ),
)

variants.wrong(
    "c02.softmax_twice",
    says="cross-entropy still gets probabilities: it takes them for scores and applies its own softmax to them",
    hint="what does F.cross_entropy want as its first argument, and what does predict return?",
    train_c02=edit(SCORES, "        outputs = F.softmax(net(X), dim=1)\n"),
)
variants.wrong(
    "c02.other_axis",
    says=(
        "turning the softmax to the other axis does not remove it: now it is the second softmax that is one "
        "too many, and the first one mixes the samples"
    ),
    hint="the axis was right; the question is whether a softmax belongs there at all",
    train_c02=edit(SCORES, "        outputs = F.softmax(net(X), dim=0)\n"),
)
variants.wrong(
    "c02.sharpened",
    says=(
        "ten times the probabilities have more room than the probabilities, so the loss comes down; it is "
        "still a softmax of a softmax"
    ),
    hint="a factor hides the symptom: give the loss what it asks for",
    train_c02=edit(SCORES, "        outputs = 10 * F.softmax(net(X), dim=1)\n"),
)
variants.wrong(
    "c02.no_logarithm",
    says=(
        "nll_loss wants the logarithms of probabilities and gets the probabilities: the loss is negative, "
        "and its gradient is not that of cross-entropy"
    ),
    hint="one softmax is gone, but so is the logarithm; cross_entropy has both",
    train_c02=edit(
        SCORES,
        "        outputs = F.softmax(net(X), dim=1)\n",
        LEARN,
        LEARN.replace("cross_entropy", "nll_loss"),
    ),
)
variants.wrong(
    "c02.longer",
    says=(
        "three times the epochs bring the patient further, but the loss is still stuck above its floor: it "
        "is the same illness with more patience"
    ),
    hint="put the epochs back, and ask what the smallest loss is that this script can reach",
    train_c02=edit(
        SCORES,
        "        outputs = F.softmax(net(X), dim=1)\n",
        RATE,
        "LEARNING_RATE, BATCH_SIZE, EPOCHS = 0.1, 32, 45",
    ),
)

for code, says in {
    "bad_initialisation": "the first loss is that of a guess, log 10, just as it should be",
    "broadcast_loss": "cross-entropy gets (N, 10) and labels (N,), as it should: no shape spreads here",
    "class_imbalance": "there are about as many of each digit; a net that named one alone would not get above 0.1",
    "dead_relu": "a net of dead units guesses; this one gets most digits right",
    "hidden_layers_in_list": "nn.Sequential knows all its layers, and parameters() finds them",
    "leak_into_validation": "a leak flatters the validation; here it is worse than it should be",
    "no_zero_grad": "the gradients are emptied in every step, right where the step begins",
    "not_shuffled": "the order comes from torch.randperm, anew in each epoch",
    "overfitting": "to overfit, a net would first have to get its training loss down",
    "pictures_scrambled": "one index picks pictures and labels alike, and the net learns most of them: they belong together",
    "rate_too_high": "the loss comes down without a jump; a rate that is too high looks restless",
    "rate_too_low": (
        "the steps are too small, true, but not because of the rate: the same rate is right for its sister without this illness"
    ),
    "scheduler_per_batch": "the rate is the same from the first batch to the last",
    "softmax_over_batch": (
        "the softmax of predict runs along axis 1, over the classes; what is wrong is that it is not the only one"
    ),
    "stale_optimizer": "with a stale optimizer nothing is learned; here most of it is",
    "stuck_in_eval": "there is no layer in this net that knows two modes",
    "too_little_data": "the same pictures suffice for the healthy net",
    "validates_in_train_mode": "linear layers and ReLU do the same in training and evaluation",
    "zero_std": "no nan, no inf: the division by the standard deviation is taken care of",
}.items():
    variants.wrong(f"q.c02.{code}", says=says, c02_diagnosis=f'"{code}"')


# C03

AXIS = "        log_probabilities = F.log_softmax(scores, dim=1)\n"
BATCH_AXIS = AXIS.replace("dim=1", "dim=0")
NLL = "        return F.nll_loss(log_probabilities, labels)\n"

variants.right("c03.last_axis", train_c03=edit(AXIS, AXIS.replace("dim=1", "dim=-1")))
variants.right("c03.by_hand", train_c03=edit(AXIS, "        log_probabilities = scores - scores.logsumexp(dim=1, keepdim=True)\n"))
variants.right("c03.of_torch", train_c03=edit(AXIS, "", NLL, "        return F.cross_entropy(scores, labels)\n"))

variants.wrong(
    "c03.over_the_batch",
    says=(
        "the probabilities of a class still sum to 1 over the samples of the batch, where those of a sample "
        "should sum to 1 over the classes"
    ),
    hint="scores has shape (N, 10): which axis holds the classes?",
    train_c03=edit(AXIS, BATCH_AXIS),
)
variants.wrong(
    "c03.both",
    says=(
        "the first loss is right now, and yet the samples still compete: cross_entropy applies its softmax "
        "to what the one over the batch has left"
    ),
    hint="observers.entangled shows it: one softmax was wrong, so two are not right",
    train_c03=edit(AXIS, BATCH_AXIS, NLL, "        return F.cross_entropy(log_probabilities, labels)\n"),
)
variants.wrong(
    "c03.shifted",
    says="you subtract a constant until the first loss is log 10: a constant has no gradient, so nothing else has changed",
    hint="the first loss is a sign of the illness, not the illness",
    train_c03=edit(AXIS, BATCH_AXIS, NLL, NLL.replace("labels)", "labels) - torch.tensor(len(scores) / 10).log()")),
)
variants.wrong(
    "c03.training_alone",
    says="the training has the right loss now; the validation loss still comes from the function that was ill",
    hint="mend the function, and everyone who calls it is well",
    train_c03=edit(AXIS, BATCH_AXIS, "loss = cross_entropy(net(", "loss = F.cross_entropy(net("),
)
variants.wrong(
    "c03.batch_of_ten",
    says=(
        "with batches of 10 the first loss is log 10 by accident, because there are 10 classes: it is still "
        "the logarithm of the batch"
    ),
    hint="put the batch size back, and see of what the first loss is the logarithm",
    train_c03=edit(AXIS, BATCH_AXIS, RATE, "LEARNING_RATE, BATCH_SIZE, EPOCHS = 0.1, 10, 15"),
)
variants.wrong(
    "c03.no_logarithm",
    says="the axis is right, but nll_loss wants logarithms of probabilities, and the logarithm is gone: the loss is negative",
    hint="log_softmax, over the axis you have found",
    train_c03=edit(AXIS, AXIS.replace("log_softmax(scores, dim=1)", "softmax(scores, dim=1)")),
)
variants.wrong(
    "c03.longer_too",
    says="the axis is right now, but you trained longer on top of it: one change at a time, or you will never know what helped",
    hint="put the number of epochs back",
    train_c03=edit(RATE, "LEARNING_RATE, BATCH_SIZE, EPOCHS = 0.1, 32, 30"),
)

for code, says in {
    "bad_initialisation": (
        "large weights would raise the first loss as well, but they do not make it depend on the size of the batch"
    ),
    "broadcast_loss": "nll_loss would refuse shapes that do not fit; (N, 10) and (N,) do",
    "class_imbalance": "no digit is rare or frequent, in training or in validation",
    "dead_relu": "the loss goes on falling to the end: the units are awake",
    "hidden_layers_in_list": "there is no list: the layers stand in nn.Sequential",
    "leak_into_validation": "if validation data had a part in the training, it would come off better than this",
    "no_zero_grad": "each step begins by emptying the gradients",
    "not_shuffled": "torch.randperm draws a new order for every epoch",
    "overfitting": (
        "the gap of an overfitted net grows from epoch to epoch; this one is there after the first, and its "
        "cause is the question, not the net"
    ),
    "pictures_scrambled": "pictures keep their 64 columns and their row, and so do their labels",
    "rate_too_high": "too high a rate can raise the loss, but never the first one, which is measured before any step",
    "rate_too_low": "a rate has no part in the first loss, and that is too high already",
    "scheduler_per_batch": "no scheduler touches the rate",
    "softmax_twice": "count them: there is one softmax. Look at how it stands, not at how many there are",
    "stale_optimizer": "net and optimizer are made once, in the right order",
    "stuck_in_eval": "eval() is not called, and would change nothing in a net without dropout and BatchNorm",
    "too_little_data": "more data would not change the first loss",
    "validates_in_train_mode": "a net of linear layers and ReLU has only one mode",
    "zero_std": "the losses are too high, but every one of them is a number",
}.items():
    variants.wrong(f"q.c03.{code}", says=says, c03_diagnosis=f'"{code}"')


# C04

TRAIN = "        net.train()\n"
EVAL = "        net.eval()\n"
NO_GRAD = "        with torch.no_grad():\n"
GUESS = "            guesses = net(X_val).argmax(dim=1)\n"
HISTORY = "    history = []\n"
ONCE = "    net.train()\n"

variants.right("c04.after_validation", train_c04=edit(TRAIN, "", GUESS, GUESS + TRAIN, HISTORY, ONCE + HISTORY))
variants.right("c04.in_every_step", train_c04=edit(TRAIN, "", ZERO, "            net.train()\n" + ZERO, HISTORY, ONCE + HISTORY))
variants.right("c04.with_a_flag", train_c04=edit(TRAIN, "        net.train(True)\n", EVAL, "        net.train(False)\n"))
variants.right(
    "c04.a_copy_validates",
    train_c04=edit(
        TRAIN, "", EVAL, "", GUESS, GUESS.replace("net(", "copy.deepcopy(net).eval()("), HISTORY, "    import copy\n" + HISTORY
    ),
)

variants.wrong(
    "c04.stuck",
    says=(
        "after the first validation the net stays in evaluation mode: from the second epoch on nothing is "
        "dropped and BatchNorm has stopped counting"
    ),
    hint="train() is called once; how often is eval()?",
    train_c04=edit(TRAIN, "", HISTORY, ONCE + HISTORY),
)
variants.wrong(
    "c04.never_eval",
    says=(
        "now the training is well and the validation is not: it runs in training mode, drops units and uses "
        "the statistics of its own batch"
    ),
    hint="eval() was right where it stood; what was missing is the way back, after the last pass of the validation",
    train_c04=edit(TRAIN, "", EVAL, "", HISTORY, ONCE + HISTORY),
)
variants.wrong(
    "c04.the_flag_alone",
    says=(
        "net.training = True sets the flag of the outermost module; train() goes through all of them, and dropout looks at its own"
    ),
    hint="print(net[3].training)",
    train_c04=edit(TRAIN, "        net.training = True\n", HISTORY, ONCE + HISTORY),
)
variants.wrong(
    "c04.batchnorm_alone",
    says=(
        "BatchNorm counts again, but dropout is still asleep from the second epoch on: the net has more than "
        "one layer with two modes"
    ),
    hint="one call switches them all",
    train_c04=edit(TRAIN, "        net[1].train(), net[5].train()\n", HISTORY, ONCE + HISTORY),
)
variants.wrong(
    "c04.less_dropout",
    says="the modes are right, but you turned down the dropout as well: its rate was never ill",
    hint="put DROP_PROB back: one change at a time",
    train_c04=edit("0.1, 32, 15, 0.5", "0.1, 32, 15, 0.2"),
)

for code, says in {
    "bad_initialisation": "with BatchNorm the scale of the initial weights hardly matters, and the first epoch is fine",
    "broadcast_loss": "the loss is cross-entropy on (N, 10) and (N,): nothing to broadcast",
    "class_imbalance": "ten digits, about equally many of each",
    "dead_relu": "units that die show as a loss that stops falling; this one falls all too well",
    "hidden_layers_in_list": "extend puts the layers of a list into the nn.Sequential, which registers them",
    "leak_into_validation": "the validation part is passed through the net without gradients, and BatchNorm does not count it",
    "no_zero_grad": "the gradients are emptied at the start of every step",
    "not_shuffled": "each epoch has its own random order",
    "overfitting": (
        "it is what this illness leads to in a net that needs its dropout; the cause comes before it, and it is in the script"
    ),
    "pictures_scrambled": "a net that reads nearly every digit has the right labels",
    "rate_too_high": "the loss falls smoothly at this rate",
    "rate_too_low": "the loss is almost zero at the end: the rate suffices",
    "scheduler_per_batch": "nothing changes the rate",
    "softmax_over_batch": "the only softmax is that of cross-entropy, over the classes",
    "softmax_twice": "the last layer is linear, and the loss brings the softmax",
    "stale_optimizer": "the optimizer has the parameters of this net, and moves them",
    "too_little_data": "the validation accuracy is that of a well-fed net",
    "validates_in_train_mode": "eval() stands before every validation. It is the other half of the epoch that deserves a look",
    "zero_std": "no value is nan",
}.items():
    variants.wrong(f"q.c04.{code}", says=says, c04_diagnosis=f'"{code}"')


# C05

HITS = "        hits = 0\n"
RETURN = "        return hits / len(X_val)\n"
SPLIT = "torch.arange(len(X_val)).split(BATCH_SIZE)"
VALIDATE = '        history.append({"loss": sum(losses) / len(losses), "accuracy": validate()})\n'

variants.right("c05.around_the_call", train_c05=edit(EVAL, "", TRAIN, "", VALIDATE, EVAL + VALIDATE + TRAIN))
variants.right("c05.in_every_epoch", train_c05=edit(TRAIN, "", EPOCH, EPOCH + TRAIN))
variants.right(
    "c05.by_their_flag", train_c05=edit(EVAL, "        net.train(mode=False)\n", TRAIN, "        net.train(mode=True)\n")
)
variants.right(
    "c05.a_copy_validates",
    train_c05=edit(
        EVAL, "        import copy\n\n        judge = copy.deepcopy(net).eval()\n", TRAIN, "", "= net(X_val[", "= judge(X_val["
    ),
)

variants.wrong(
    "c05.in_train_mode",
    says=(
        "the validation still drops half of the hidden units and normalises every batch by its own "
        "statistics, which it adds to the running ones"
    ),
    hint="no_grad() does not change what a layer computes; which call does?",
    train_c05=edit(EVAL, "", TRAIN, ""),
)
variants.wrong(
    "c05.no_way_back",
    says="the validation is well, and from the second epoch on the training is ill: nobody switches back to training mode",
    hint="what eval() switches off, train() switches on again",
    train_c05=edit(TRAIN, ""),
)
variants.wrong(
    "c05.dropout_alone",
    says=(
        "dropout rests, BatchNorm does not: it still normalises each validation batch by itself and adds it "
        "to its running statistics"
    ),
    hint="one call puts all layers into evaluation mode",
    train_c05=edit(EVAL, "        net[3].eval(), net[7].eval()\n"),
)
variants.wrong(
    "c05.the_flag_alone",
    says="net.training = False changes the flag of the outermost module, and no layer asks for that one",
    hint="eval() goes through all modules of the net",
    train_c05=edit(EVAL, "        net.training = False\n"),
)
variants.wrong(
    "c05.one_large_batch",
    says=(
        "all of the validation part in one batch makes for better batch statistics, and the dropout is still "
        "on: it is less ill, not well"
    ),
    hint="the result should not depend on how the validation part is cut into batches",
    train_c05=edit(EVAL, "", TRAIN, "", SPLIT, "torch.arange(len(X_val)).split(len(X_val))"),
)
variants.wrong(
    "c05.no_dropout",
    says=(
        "without dropout the validation looks better, and the net has lost its regularisation; BatchNorm is still in training mode"
    ),
    hint="put DROP_PROB back: nothing was wrong with it",
    train_c05=edit(EVAL, "", TRAIN, "", "0.1, 32, 15, 0.5", "0.1, 32, 15, 0.0"),
)

for code, says in {
    "bad_initialisation": "the training loss falls from the start, as it should",
    "broadcast_loss": (
        "scores and labels meet in cross-entropy, in the shapes it asks for; guesses and labels are compared as (N,) and (N,)"
    ),
    "class_imbalance": "naming the most frequent digit would earn about 0.1",
    "dead_relu": "BatchNorm centres what comes to the ReLUs: hardly a unit can die",
    "hidden_layers_in_list": "the layers come from lists, but extend hands them to the nn.Sequential",
    "leak_into_validation": (
        "it is near: BatchNorm does take in statistics of the validation part. But the low accuracy has "
        "another cause, and the leak is one of its effects"
    ),
    "no_zero_grad": "every step starts with empty gradients",
    "not_shuffled": "the training part is shuffled; for the validation part order is no matter, or should not be",
    "overfitting": (
        "let the same net judge its training data in the same way, and it does no better: that is not a gap between the two parts"
    ),
    "pictures_scrambled": "most digits are named rightly, which no scrambled labels allow",
    "rate_too_high": "measured in the right mode, the net is well trained: the rate is fine",
    "rate_too_low": "measured in the right mode, the net is well trained: the rate is fine, and the time too",
    "scheduler_per_batch": "there is no scheduler in this script",
    "softmax_over_batch": (
        "no softmax but that of the loss. Yet it is true that the samples of a batch have an influence on "
        "each other: through which layer?"
    ),
    "softmax_twice": "there is one softmax, that of cross-entropy",
    "stale_optimizer": "net and optimizer belong together, and the weights move",
    "stuck_in_eval": "the opposite: nothing in this script ever calls eval()",
    "too_little_data": "the net has learned enough from these data; it is only asked in the wrong way",
    "zero_std": "nothing is nan",
}.items():
    variants.wrong(f"q.c05.{code}", says=says, c05_diagnosis=f'"{code}"')


# C06

HIDDEN = "        self.hidden = nn.ModuleList([nn.Linear(64, 64) for _ in range(depth)])\n"
LIST = "        self.hidden = [nn.Linear(64, 64) for _ in range(depth)]\n"
SGD = "    optimizer = torch.optim.SGD(net.parameters(), lr=LEARNING_RATE)\n"

variants.right("c06.sequential", ReaderC06=edit(HIDDEN, HIDDEN.replace("ModuleList([", "Sequential(*[")))
variants.right(
    "c06.one_by_one",
    ReaderC06=edit(
        HIDDEN,
        LIST + "        for number, layer in enumerate(self.hidden):\n            self.add_module(f'hidden_{number}', layer)\n",
    ),
)
variants.right("c06.afterwards", ReaderC06=edit(HIDDEN, LIST + "        self.hidden = nn.ModuleList(self.hidden)\n"))
variants.right("c06.under_another_name", ReaderC06=edit(HIDDEN, LIST + "        self.registered = nn.ModuleList(self.hidden)\n"))

variants.wrong(
    "c06.plain_list",
    says="the hidden layers still stand in a plain list: the net computes with them, and parameters() has never heard of them",
    hint="print(net): which layers are there?",
    ReaderC06=edit(HIDDEN, LIST),
)
variants.wrong(
    "c06.by_hand",
    says=(
        "the optimizer knows the hidden layers now, and the net still does not: state_dict() would save the "
        "head alone, to(device) would move nothing else"
    ),
    hint="the repair belongs where the layers are made, not where they are used",
    ReaderC06=edit(HIDDEN, LIST),
    train_c06=edit(
        SGD,
        "    hidden = [weights for layer in net.hidden for weights in layer.parameters()]\n"
        + SGD.replace("net.parameters()", "[*net.parameters(), *hidden]"),
    ),
)
variants.wrong(
    "c06.copies",
    says="what you registered are copies: the optimizer moves the copies, and the net computes with the originals",
    hint="register the very layers that forward uses",
    ReaderC06=edit(
        HIDDEN,
        LIST + "        self.registered = nn.ModuleList([nn.Linear(64, 64) for _ in range(depth)])\n",
    ),
)
variants.wrong(
    "c06.one_layer_twice",
    says=(
        "[layer] * 2 is the same layer twice: the two hidden layers share their weights, and the net has "
        "fewer parameters than its depth says"
    ),
    hint="make a new nn.Linear for each place in the list",
    ReaderC06=edit(HIDDEN, "        self.hidden = nn.ModuleList([nn.Linear(64, 64)] * depth)\n"),
)
variants.wrong(
    "c06.first_alone",
    says=(
        "the first hidden layer is registered now, the second is not: a list may hold any number of layers, and so must the repair"
    ),
    hint="register them all at once",
    ReaderC06=edit(HIDDEN, LIST + "        self.first = self.hidden[0]\n"),
)
variants.wrong(
    "c06.higher_rate",
    says="a higher rate lets the head learn faster, and the hidden layers still stay what they were at the start",
    hint="put the rate back; which layers move at all?",
    ReaderC06=edit(HIDDEN, LIST),
    train_c06=edit("EPOCHS, DEPTH = 0.1,", "EPOCHS, DEPTH = 0.5,"),
)

for code, says in {
    "bad_initialisation": (
        "the initial weights are those of torch, and good ones; some of them are still there at the end, which is the trouble"
    ),
    "broadcast_loss": "the head gives (N, 10), the labels are (N,): as it should be",
    "class_imbalance": "each digit makes up about a tenth",
    "dead_relu": "the hidden units are awake, as they were at the start. Exactly as they were at the start",
    "leak_into_validation": "with a leak, training and validation would both look good, or validation the better of the two",
    "no_zero_grad": "zero_grad is called in every step, for every weight that the optimizer knows",
    "not_shuffled": "the batches come in random order",
    "overfitting": "the training loss is high as well: the net does not even fit what it has seen",
    "pictures_scrambled": "pictures and labels are picked together",
    "rate_too_high": "the loss falls without a jump",
    "rate_too_low": "a higher rate helps the part that learns, and the rest not at all",
    "scheduler_per_batch": "the rate is never changed",
    "softmax_over_batch": "there is one softmax, that of cross-entropy, over the classes",
    "softmax_twice": "the head is linear, and nothing in forward is a softmax",
    "stale_optimizer": (
        "close: weights that are used get no update. But the optimizer was made after the net, from this "
        "very net; it asked it for its parameters and got too few"
    ),
    "stuck_in_eval": "neither dropout nor BatchNorm is in this net",
    "too_little_data": "the same data suffice when the whole net learns from them",
    "validates_in_train_mode": "the net computes the same in both modes",
    "zero_std": "all losses are numbers",
}.items():
    variants.wrong(f"q.c06.{code}", says=says, c06_diagnosis=f'"{code}"')


# C07

NEW = "    net = new_net()\n"
SEED = "    torch.manual_seed(seed)  # from here on every run is the same\n"
DATA = "    X_train, y_train, X_val, y_val = training.digits_split(seed)\n"

variants.right("c07.optimizer_later", train_c07=edit(DATA, NEW + DATA))
variants.right("c07.seed_earlier", train_c07=edit(SEED + NEW + SGD, "", DATA, SEED + NEW + SGD + DATA))
variants.right(
    "c07.weights_handed_over",
    train_c07=edit(SEED + NEW + SGD, SEED + "    net.load_state_dict(new_net().state_dict())\n", DATA, NEW + SGD + DATA),
)

variants.wrong(
    "c07.stale",
    says="the optimizer still holds the weights of the first net, which nobody trains any more; those of the second net never move",
    hint="which of your lines makes the net that is trained, and which one makes the optimizer?",
    train_c07=edit(SEED + NEW + SGD, SEED + NEW, DATA, NEW + SGD + DATA),
)
variants.wrong(
    "c07.unseeded",
    says="it learns, but the weights are drawn before the seed is set: the same seed gives another net each time",
    hint="first the seed, then the net, then the optimizer",
    train_c07=edit(SEED + NEW + SGD, SEED, DATA, NEW + SGD + DATA),
)
variants.wrong(
    "c07.both",
    says="the optimizer knows the new weights now, and still holds the old ones as well: a part of it works for nobody",
    hint="make the optimizer where its net is made, rather than mend it afterwards",
    train_c07=edit(
        SEED + NEW + SGD, SEED + NEW + '    optimizer.add_param_group({"params": net.parameters()})\n', DATA, NEW + SGD + DATA
    ),
)
variants.wrong(
    "c07.once_more",
    says=(
        "you make the net a third time, after the optimizer of the second: again the optimizer is left with "
        "a net that nobody trains"
    ),
    hint="after the optimizer is made, the net must not be made again",
    train_c07=edit(SEED + NEW + SGD, SEED + NEW + SGD + NEW, DATA, NEW + DATA),
)

for code, says in {
    "bad_initialisation": (
        "the first loss is log 10, as a good start should have it; it is the second loss that should be another one"
    ),
    "broadcast_loss": "shapes (N, 10) and (N,) go into cross-entropy, which is made for them",
    "class_imbalance": "a net that learned only the frequencies would still learn something",
    "dead_relu": "torch's initial weights do not kill units, and without an update nothing else can",
    "hidden_layers_in_list": "if only the hidden layers stood still, the head would learn; here not even that does",
    "leak_into_validation": "what leaks makes the accuracy too good, and this one is that of a guess",
    "no_zero_grad": (
        "the script calls zero_grad, though it is worth asking whose gradients that empties. They pile up "
        "unused: no weight ever moves by them"
    ),
    "not_shuffled": "the order is random in every epoch",
    "overfitting": "the net knows nothing by heart: its training loss is that of a guess",
    "pictures_scrambled": "with scrambled labels a net still learns them by heart, bit by bit; this loss does not move at all",
    "rate_too_high": "a high rate makes the loss jump; here it stands still, up to the luck of the batches",
    "rate_too_low": "it looks like a rate of zero, but the rate is 0.1: make it ten times larger and nothing changes",
    "scheduler_per_batch": "there is no scheduler that could have lowered the rate",
    "softmax_over_batch": "the softmax of cross-entropy runs over the classes, and there is no other",
    "softmax_twice": "two softmaxes slow a net down; they do not stop it",
    "stuck_in_eval": "a net without dropout and BatchNorm learns in evaluation mode just as well",
    "too_little_data": "with too little data a net fits that little; this one fits nothing",
    "validates_in_train_mode": "the training loss is bad as well, so it is not the validation",
    "zero_std": "no nan is in the log",
}.items():
    variants.wrong(f"q.c07.{code}", says=says, c07_diagnosis=f'"{code}"')


# C08

PER_EPOCH = "        scheduler.step()\n"
PER_BATCH = "            scheduler.step()\n"
NOTE = "            losses.append(loss.item())\n"
LOG = '        history.append({"loss": sum(losses) / len(losses), "accuracy": accuracy})\n'
STEP_SIZE = "step_size=HALVED_AFTER"
GAMMA = "gamma=0.5"
TO_EVERY_BATCH = (NOTE + PER_EPOCH, NOTE + PER_BATCH)

variants.right("c08.end_of_epoch", train_c08=edit(NOTE + PER_EPOCH, NOTE, LOG, LOG + PER_EPOCH))
variants.right("c08.counted_in_batches", train_c08=edit(*TO_EVERY_BATCH, STEP_SIZE, STEP_SIZE + " * 43"))
variants.right(
    "c08.before_the_next",
    train_c08=edit(NOTE + PER_EPOCH, NOTE, EPOCH, EPOCH + "        if history:\n            scheduler.step()\n"),
)
variants.right(
    "c08.after_the_last_batch",
    train_c08=edit(NOTE + PER_EPOCH, NOTE + "            if len(losses) == 43:\n                scheduler.step()\n"),
)

variants.wrong(
    "c08.per_batch",
    says="the rate is halved after every third batch: after one epoch nothing is left of it",
    hint="how often is scheduler.step() called in one epoch, and what does it count?",
    train_c08=edit(*TO_EVERY_BATCH),
)
variants.wrong(
    "c08.removed",
    says="you have taken the schedule away: this net learns without it, but its rate was meant to fall, and it never does",
    hint="the call is not wrong in itself; ask how often it should come",
    train_c08=edit(NOTE + PER_EPOCH, NOTE),
)
variants.wrong(
    "c08.an_epoch_early",
    says="the schedule moves on before the first epoch has begun, so that every halving comes one epoch too early",
    hint="the scheduler counts an epoch when it is over",
    train_c08=edit(NOTE + PER_EPOCH, NOTE, EPOCH, EPOCH + PER_EPOCH),
)
variants.wrong(
    "c08.softer",
    says="a gentler factor slows the decay down, but it still comes after every batch: you have hidden the symptom",
    hint="put the factor back, and count the calls",
    train_c08=edit(*TO_EVERY_BATCH, GAMMA, "gamma=0.99"),
)
variants.wrong(
    "c08.higher_rate",
    says="a higher rate to begin with only buys a few batches: it is halved after every third of them all the same",
    hint="put the rate back: it is fine in the first step, and the question is what becomes of it",
    train_c08=edit(*TO_EVERY_BATCH, RATE, "LEARNING_RATE, BATCH_SIZE, EPOCHS = 0.5, 32, 15"),
)
variants.wrong(
    "c08.counted_twice",
    says="you count to three, and then the scheduler counts to three as well: the first halving comes after nine epochs",
    hint="step_size says already that only every third call changes something",
    train_c08=edit(
        NOTE + PER_EPOCH, NOTE, LOG, LOG + "        if len(history) % HALVED_AFTER == 0:\n            scheduler.step()\n"
    ),
)
variants.wrong(
    "c08.retuned",
    says="the schedule is right again, but you changed settings on the way: now nobody can say which change did it",
    hint="put the constants back: one change at a time",
    train_c08=edit(RATE, "LEARNING_RATE, BATCH_SIZE, EPOCHS = 0.2, 32, 15"),
)


def train_c08_rebuilt(seed):
    LEARNING_RATE, BATCH_SIZE, EPOCHS = 0.1, 32, 15
    HALVED_AFTER = 3  # epochs

    torch.manual_seed(seed)
    X_train, y_train, X_val, y_val = training.digits_split(seed)
    net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    optimizer = torch.optim.SGD(net.parameters(), lr=LEARNING_RATE)

    def rate_in(epoch):
        return LEARNING_RATE * 0.5 ** (epoch // HALVED_AFTER)

    history = []
    for epoch in range(EPOCHS):
        optimizer.param_groups[0]["lr"] = rate_in(epoch)
        total = 0.0
        batches = torch.randperm(len(X_train)).split(BATCH_SIZE)
        for rows in batches:
            loss = F.cross_entropy(net(X_train[rows]), y_train[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        with torch.no_grad():
            guesses = net(X_val).argmax(dim=1)
        accuracy = (guesses == y_val).double().mean().item()
        history.append({"loss": total / len(batches), "accuracy": accuracy})
    return net, history


variants.wrong(
    "c08.rebuilt",
    says="your own schedule is right, but it is another script: whoever reads the change cannot see what the illness was",
    hint="start from the patient again and move a line",
    train_c08=train_c08_rebuilt,
)

for code, says in {
    "bad_initialisation": "with bad initial weights the first batches would go nowhere; these go somewhere, and then it ends",
    "broadcast_loss": "scores (N, 10) and labels (N,) are just what cross-entropy wants",
    "class_imbalance": "the ten digits are about equally frequent, and the accuracy is near that of guessing",
    "dead_relu": "dead units stop learning, but the last layer has no ReLU and would go on: here everything stands still at once",
    "hidden_layers_in_list": "the layers stand in an nn.Sequential, and even a net with only its head alive moves from epoch to "
    "epoch",
    "leak_into_validation": "a leak makes the validation look too good; here it is as bad as it can be",
    "no_zero_grad": "gradients that pile up make steps longer and longer; these have become too short to see",
    "not_shuffled": "a new order is drawn in every epoch",
    "overfitting": "whoever has overfitted has a small training loss; this one is close to that of guessing",
    "pictures_scrambled": "with scrambled pictures the training loss creeps down for ever, by heart; here it does not move in any "
    "digit",
    "rate_too_high": "the rate of the first step is right; too high a rate makes the loss jump, and here it lies still",
    "rate_too_low": "you are close: the steps are too short. But the rate that the script sets is 0.1, and that is right. Who "
    "changes it?",
    "softmax_over_batch": "the only softmax is the one inside cross-entropy, which takes the right axis",
    "softmax_twice": "the net ends in a linear layer; and two softmaxes make learning slow, they do not stop it dead",
    "stale_optimizer": "the first epoch has taken the loss below that of guessing: so the optimizer has moved this very net",
    "stuck_in_eval": "this net has neither dropout nor BatchNorm: its mode changes nothing",
    "too_little_data": "the data are those on which the same net reaches 0.97",
    "validates_in_train_mode": "this net has neither dropout nor BatchNorm: its mode changes nothing",
    "zero_std": "the log holds no nan: pixels that never change are taken care of",
}.items():
    variants.wrong(f"q.c08.{code}", says=says, c08_diagnosis=f'"{code}"')


# C09

TURNED = "np.moveaxis(stack, 2, 0).reshape(stack.shape[2], -1)"
AS_IT_LIES = edit(TURNED, "stack.reshape(stack.shape[2], -1)")

variants.right("c09.transpose", rows_c09=edit(TURNED, "stack.transpose(2, 0, 1).reshape(stack.shape[2], -1)"))
variants.right("c09.flat_first", rows_c09=edit(TURNED, "stack.reshape(-1, stack.shape[2]).T"))
variants.right("c09.one_by_one", rows_c09=edit(TURNED, "np.array([stack[:, :, i].ravel() for i in range(stack.shape[2])])"))
variants.right(
    "c09.named_x",
    rows_c09=edit(f"    return {TURNED}", "    X = np.moveaxis(stack, 2, 0)\n    return X.reshape(len(X), -1)"),
)
variants.right("c09.einsum", rows_c09=edit(TURNED, 'np.einsum("hwn->nhw", stack).reshape(stack.shape[2], -1)'))

variants.wrong(
    "c09.reshape",
    says="reshape cuts the numbers into rows as they lie in memory: a row gets one pixel of 64 pictures instead of "
    "64 pixels of one",
    hint="bring the axis of the pictures to the front first; reshape alone never turns axes round",
    rows_c09=AS_IT_LIES,
)
variants.wrong(
    "c09.mirrored",
    says="every picture has become one row, but rows and columns are exchanged: all pictures lie mirrored on their diagonal",
    hint="draw rows_c09(stack)[0].reshape(8, 8) beside stack[:, :, 0]; .T turns all three axes round, not just the one",
    rows_c09=edit(TURNED, "stack.T.reshape(stack.shape[2], -1)"),
)
variants.wrong(
    "c09.fortran",
    says="reading the memory in the other direction is still reading the memory: the pixels of a picture do not get into one row",
    hint="the order of the axes must change, not the order of reading",
    rows_c09=edit(TURNED, 'stack.reshape(stack.shape[2], -1, order="F")'),
)
variants.wrong(
    "c09.to_the_middle",
    says="the axis of the pictures stands in the middle now: reshape needs it in front",
    hint="np.moveaxis(stack, 2, 1) has the shape (height, N, width)",
    rows_c09=edit(TURNED, "np.moveaxis(stack, 2, 1).reshape(stack.shape[2], -1)"),
)
variants.wrong(
    "c09.columns",
    says="your table has a column for each picture; a net wants a row for each",
    hint="print(rows_c09(stack).shape): it must be (N, height * width)",
    rows_c09=edit(TURNED, "stack.reshape(-1, stack.shape[2])"),
)
variants.wrong(
    "c09.longer",
    says="with more epochs it learns more of the training part by heart; the rows still hold no pictures",
    hint="put the constants back, and look at a row as the net sees it",
    rows_c09=AS_IT_LIES,
    train_c09=edit(RATE, "LEARNING_RATE, BATCH_SIZE, EPOCHS = 0.1, 32, 25"),
)
variants.wrong(
    "c09.regularised",
    says="weight decay is medicine against overfitting; this net learns by heart because there is nothing else to "
    "learn in its rows",
    hint="take it out again, and look at a row as the net sees it",
    rows_c09=AS_IT_LIES,
    train_c09=edit("lr=LEARNING_RATE)", "lr=LEARNING_RATE, weight_decay=0.001)"),
)
variants.wrong(
    "c09.retuned",
    says="the rows are right again, but you changed settings on the way: now nobody can say which change did it",
    hint="put the constants back: one change at a time",
    train_c09=edit(RATE, "LEARNING_RATE, BATCH_SIZE, EPOCHS = 0.1, 32, 20"),
)


def rows_c09_rebuilt(stack):
    height, width, n = stack.shape
    rows = np.empty((n, height * width))
    for i in range(n):
        for line in range(height):
            for column in range(width):
                rows[i, line * width + column] = stack[line, column, i]
    assert rows.shape == (n, height * width)
    return rows


variants.wrong(
    "c09.rebuilt",
    says="your loops do the right thing, but they are eight new lines for one wrong one, and a hundred times slower",
    hint="start from the patient again: one call in front of reshape is enough",
    rows_c09=rows_c09_rebuilt,
)

for code, says in {
    "bad_initialisation": "torch's own initial weights are in use, and the training loss starts where it should",
    "broadcast_loss": "scores (N, 10) and labels (N,) are just what cross-entropy wants",
    "class_imbalance": "the ten digits are about equally frequent",
    "dead_relu": "the training loss falls steadily: the units are alive, and learn by heart",
    "hidden_layers_in_list": "the layers stand in an nn.Sequential; and a head alone would still read three digits of four in the "
    "validation part",
    "leak_into_validation": "a leak makes the validation look too good; here it is that of guessing",
    "no_zero_grad": "the gradients are emptied in every step; otherwise the training loss would not fall so evenly",
    "not_shuffled": "a new order is drawn in every epoch",
    "overfitting": "an overfitted net knows its training data; this one has hardly begun to, and has never read a single new digit",
    "rate_too_high": "the training loss falls without a jump",
    "rate_too_low": "the loss falls slowly, but that is the effect: with a higher rate it learns by heart sooner, and nothing else",
    "scheduler_per_batch": "there is no scheduler",
    "softmax_over_batch": "the only softmax is the one inside cross-entropy, which takes the right axis",
    "softmax_twice": "the net ends in a linear layer; and two softmaxes do not keep a net from reading new pictures",
    "stale_optimizer": "the training loss falls: the optimizer moves this very net",
    "stuck_in_eval": "this net has neither dropout nor BatchNorm: its mode changes nothing",
    "too_little_data": "these are as many pictures as ever; with a tenth of them the same net reads most of the new ones",
    "validates_in_train_mode": "this net has neither dropout nor BatchNorm: its mode changes nothing",
    "zero_std": "the log holds no nan: torch.where takes care of columns that never change",
}.items():
    variants.wrong(f"q.c09.{code}", says=says, c09_diagnosis=f'"{code}"')


# C10

ORDER = "torch.randperm(len(X_train))"
BATCHES = f"        for rows in {ORDER}.split(BATCH_SIZE):\n"
BATCH_LOSS = "F.cross_entropy(net(X_train[rows]), y_train[rows])"
IN_ORDER = "torch.arange(len(X_train))"

variants.right("c10.argsort", train_c10=edit(ORDER, "torch.rand(len(X_train)).argsort()"))
variants.right(
    "c10.numpy",
    train_c10=edit(ORDER, "torch.from_numpy(np.random.default_rng(torch.initial_seed() + len(log)).permutation(len(X_train)))"),
)
variants.right(
    "c10.shuffled_data",
    train_c10=edit(
        BATCHES,
        f"        order = {ORDER}\n        X_train, y_train = X_train[order], y_train[order]\n" + BATCHES.replace(ORDER, IN_ORDER),
    ),
)
variants.right(
    "c10.loader",
    train_c10=edit(BATCHES, f"        for rows in torch.utils.data.DataLoader({IN_ORDER}, BATCH_SIZE, shuffle=True):\n"),
)

variants.wrong(
    "c10.not_shuffled",
    says="every epoch goes through the folders in the same order: almost every batch holds one digit alone",
    hint="draw a new order of the rows at the beginning of every epoch",
    train_c10=edit(ORDER, IN_ORDER),
)
variants.wrong(
    "c10.shuffled_once",
    says="you shuffle once and repeat that order in every epoch: the same 32 pictures always meet in one batch",
    hint="the order is to be drawn inside the loop over the epochs",
    train_c10=edit(BATCHES, BATCHES.replace(ORDER, "order"), EPOCH, f"    order = {ORDER}\n" + EPOCH),
)
variants.wrong(
    "c10.batches_shuffled",
    says="you shuffle the batches, not the pictures: a batch is still of one digit, it only comes at another time",
    hint="shuffle before you cut into batches",
    train_c10=edit(
        BATCHES,
        f"        batches = {IN_ORDER}.split(BATCH_SIZE)\n"
        "        for rows in (batches[i] for i in torch.randperm(len(batches))):\n",
    ),
)
variants.wrong(
    "c10.inside_folders",
    says="you shuffle inside each folder, and the folders still come one after the other",
    hint="put the folders together first, then shuffle",
    train_c10=edit(
        BATCHES,
        "        keys = y_train + 0.5 * torch.rand(len(y_train))\n" + BATCHES.replace(ORDER, "keys.argsort()"),
    ),
)
variants.wrong(
    "c10.with_replacement",
    says="you draw rows at random and put them back: in every epoch a third of the pictures is never seen, others come twice",
    hint="torch.randperm deals all cards once, torch.randint throws dice",
    train_c10=edit(ORDER, "torch.randint(len(X_train), (len(X_train),))"),
)
variants.wrong(
    "c10.torn_apart",
    says="you shuffle pictures and labels each in their own order: they no longer belong together",
    hint="draw one order and use it for both",
    train_c10=edit(
        BATCHES,
        f"        X_mixed, y_mixed = X_train[{ORDER}], y_train[{ORDER}]\n" + BATCHES.replace(ORDER, IN_ORDER),
        BATCH_LOSS,
        BATCH_LOSS.replace("train", "mixed"),
    ),
)
variants.wrong(
    "c10.lower_rate",
    says="with a tenth of the rate the teeth get smaller, because everything gets smaller; the batches are what they were",
    hint="put the rate back, and look at the labels of a few batches",
    train_c10=edit(ORDER, IN_ORDER, RATE, "LEARNING_RATE, BATCH_SIZE, EPOCHS = 0.01, 32, 15"),
)
variants.wrong(
    "c10.retuned",
    says="the order is right now, but you changed settings on the way: now nobody can say which change did it",
    hint="put the constants back: one change at a time",
    train_c10=edit(RATE, "LEARNING_RATE, BATCH_SIZE, EPOCHS = 0.05, 32, 15"),
)


def train_c10_rebuilt(seed):
    LEARNING_RATE, BATCH_SIZE, EPOCHS = 0.1, 32, 15
    torch.manual_seed(seed)
    X_train, y_train, X_val, y_val = training.digits_split(seed)
    net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    optimizer = torch.optim.SGD(net.parameters(), lr=LEARNING_RATE)
    history, log = [], []

    def epoch_of_batches():
        order = torch.randperm(len(X_train))
        for start in range(0, len(order), BATCH_SIZE):
            rows = order[start : start + BATCH_SIZE]
            yield X_train[rows], y_train[rows]

    for _ in range(EPOCHS):
        losses = []
        for X, y in epoch_of_batches():
            loss = F.cross_entropy(net(X), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        with torch.no_grad():
            guesses = net(X_val).argmax(dim=1)
        accuracy = (guesses == y_val).double().mean().item()
        history.append({"loss": sum(losses) / len(losses), "accuracy": accuracy})
        log += losses
    return net, history, log


variants.wrong(
    "c10.rebuilt",
    says="your batches are well mixed, but it is another script, and it has lost its folders: nobody can see what the illness was",
    hint="start from the patient again and change one call",
    train_c10=train_c10_rebuilt,
)

for code, says in {
    "bad_initialisation": "torch's own initial weights are in use, and the net ends where a healthy one ends",
    "broadcast_loss": "scores (N, 10) and labels (N,) are just what cross-entropy wants",
    "class_imbalance": "over the whole epoch the ten digits are about equally frequent; look at a shorter stretch",
    "dead_relu": "a net of dead units does not end at such an accuracy",
    "hidden_layers_in_list": "the layers stand in an nn.Sequential, which registers them",
    "leak_into_validation": "pictures and labels of the validation part are used for nothing but the accuracy",
    "no_zero_grad": "the gradients are emptied in every step",
    "overfitting": "the validation accuracy is as good as that of the healthy net: nothing is lost to learning by heart",
    "pictures_scrambled": "pictures and labels are sorted with the same rows, and a net that ends at such an accuracy sees "
    "pictures",
    "rate_too_high": "a rate that is too high makes noise without a rhythm; these teeth come back in every epoch at the same "
    "places",
    "rate_too_low": "the net ends where a healthy one ends, in the same time",
    "scheduler_per_batch": "there is no scheduler",
    "softmax_over_batch": "the only softmax is the one inside cross-entropy, which takes the right axis",
    "softmax_twice": "the net ends in a linear layer, and the loss gets far below 1.46",
    "stale_optimizer": "the loss falls: the optimizer moves this very net",
    "stuck_in_eval": "this net has neither dropout nor BatchNorm: its mode changes nothing",
    "too_little_data": "the data are those on which the same net reaches 0.97, and does so here",
    "validates_in_train_mode": "this net has neither dropout nor BatchNorm: its mode changes nothing",
    "zero_std": "the log holds no nan: pixels that never change are taken care of",
}.items():
    variants.wrong(f"q.c10.{code}", says=says, c10_diagnosis=f'"{code}"')


# C11

GUARD = "    spread = torch.where(spread > 0, spread, 1.0)\n"
LOG_SOFTMAX = "torch.log_softmax(logits, dim=1)"
BOTH = "return (X_train - mean) / spread, (X_val - mean) / spread"
LOG_OF_SOFTMAX = edit(LOG_SOFTMAX, "torch.log(torch.softmax(logits, dim=1))")

variants.right("c11.tiny", standardise_c11=edit(GUARD, "    spread = spread + 1e-8\n"))
variants.right("c11.clamped", standardise_c11=edit(GUARD, "    spread = spread.clamp(min=1e-6)\n"))
variants.right("c11.in_place", standardise_c11=edit(GUARD, "    spread[spread == 0] = 1.0\n"))
variants.right(
    "c11.cross_entropy",
    loss_c11=edit(
        "    log_probabilities = torch.log_softmax(logits, dim=1)\n",
        "",
        "-log_probabilities[torch.arange(len(y)), y].mean()",
        "F.cross_entropy(logits, y)",
    ),
)
variants.right("c11.logsumexp", loss_c11=edit(LOG_SOFTMAX, "logits - torch.logsumexp(logits, dim=1, keepdim=True)"))

variants.wrong(
    "c11.nan",
    says="pixels that never change are divided by their standard deviation, 0: and 0 / 0 is nan, which spreads to "
    "all that it meets",
    hint="torch.isnan(X_train).sum(dim=0) after standardising shows which columns; and then put logits of ±1000 into the loss",
    standardise_c11=edit(GUARD, ""),
    loss_c11=LOG_OF_SOFTMAX,
)
variants.wrong(
    "c11.only_the_pixels",
    says="the pixels are well, but there is a second illness behind the first: a softmax that is rounded to 0 has "
    "the logarithm -inf",
    hint="try loss_c11 with logits of ±1000, and look for the function of torch that takes both steps in one",
    loss_c11=LOG_OF_SOFTMAX,
)
variants.wrong(
    "c11.only_the_loss",
    says="the loss stands any logits now, but it never gets any: the pixels are nan before the net has seen them",
    hint="torch.isnan(X_train).sum(dim=0) after standardising: which pixels are these, and what is their standard deviation?",
    standardise_c11=edit(GUARD, ""),
)
variants.wrong(
    "c11.painted_over",
    says="nan_to_num turns nan into 0, but infinity into the largest number there is: a dead pixel that comes "
    "alive in use blows the net up",
    hint="give a column that never changes a standard deviation that one can divide by, before dividing",
    standardise_c11=edit(
        GUARD, "", BOTH, "return torch.nan_to_num((X_train - mean) / spread), torch.nan_to_num((X_val - mean) / spread)"
    ),
)
variants.wrong(
    "c11.training_part_only",
    says="the training part is clean, the validation part still has its nan: both go through the same division",
    hint="repair what is divided by, then both parts are well",
    standardise_c11=edit(GUARD, "", BOTH, "return torch.nan_to_num((X_train - mean) / spread), (X_val - mean) / spread"),
)
variants.wrong(
    "c11.one_for_all",
    says="you divide all pixels by one standard deviation: nothing is 0 now, and nothing is standardised either",
    hint="keep dim=0, and mend only the columns whose standard deviation is 0",
    standardise_c11=edit("X_train.std(dim=0)", "X_train.std()"),
)
variants.wrong(
    "c11.plus_one",
    says="adding 1 to every standard deviation saves the dead pixels and shrinks all the living ones",
    hint="change only the entries that are 0, or add something far smaller",
    standardise_c11=edit(GUARD, "    spread = spread + 1\n"),
)
variants.wrong(
    "c11.clamped_probability",
    says="a clamp makes the logarithm finite and its gradient 0: just the sample that is most wrong teaches nothing any more",
    hint="ask for the gradient at logits of ±1000; log_softmax never forms the small number in the first place",
    loss_c11=edit(LOG_SOFTMAX, "torch.log(torch.softmax(logits, dim=1).clamp(min=1e-12))"),
)
variants.wrong(
    "c11.tiny_in_the_log",
    says="a small number inside the logarithm caps the loss: for logits of ±1000 it should be 2000, and the "
    "gradient should not vanish",
    hint="log_softmax never forms the small number in the first place",
    loss_c11=edit(LOG_SOFTMAX, "torch.log(torch.softmax(logits, dim=1) + 1e-8)"),
)
variants.wrong(
    "c11.retuned",
    says="the nan is gone, but you changed settings on the way: now nobody can say which change did it",
    hint="put the constants back: one change at a time",
    train_c11=edit(RATE, "LEARNING_RATE, BATCH_SIZE, EPOCHS = 0.05, 32, 15"),
)


def standardise_c11_rebuilt(X_train, X_val):
    columns_train, columns_val = [], []
    for pixel in range(X_train.shape[1]):
        train, val = X_train[:, pixel], X_val[:, pixel]
        mean, spread = train.mean(), train.std()
        if spread > 0:
            columns_train.append((train - mean) / spread)
            columns_val.append((val - mean) / spread)
        else:
            columns_train.append(train - mean)
            columns_val.append(val - mean)
    return torch.stack(columns_train, dim=1), torch.stack(columns_val, dim=1)


variants.wrong(
    "c11.rebuilt",
    says="pixel by pixel it is right, but it is a new function: whoever reads the change cannot see what the illness was",
    hint="start from the patient again: one line for the pixels, one for the loss",
    standardise_c11=standardise_c11_rebuilt,
)

for code, says in {
    "bad_initialisation": "torch's own initial weights are in use, and they are finite; the first loss is not",
    "broadcast_loss": "the script picks one logarithm for each sample; nothing is spread out here",
    "class_imbalance": "the ten digits are about equally frequent; the accuracy is that of always saying 0",
    "dead_relu": "a dead unit gives 0 for every input; here it gives nan",
    "hidden_layers_in_list": "the layers stand in an nn.Sequential, which registers them",
    "leak_into_validation": "a leak makes the validation look too good; mean and standard deviation come from the training part",
    "no_zero_grad": "the gradients are emptied in every step; and the first loss is nan before there is any gradient",
    "not_shuffled": "a new order is drawn in every epoch",
    "overfitting": "nothing has been learned at all",
    "pictures_scrambled": "pictures and labels are picked with the same rows, and nothing is reshaped",
    "rate_too_high": "with a rate that is too high nan comes after some steps; here the very first loss is nan, before any step",
    "rate_too_low": "however short the steps: nan is not 2.30",
    "scheduler_per_batch": "there is no scheduler",
    "softmax_over_batch": "the softmax takes dim=1, the classes; ask rather what the logarithm does behind it",
    "softmax_twice": "there is one softmax, written out; ask what the logarithm does behind it, and first where nan comes from",
    "stale_optimizer": "the optimizer is made from the parameters of this very net",
    "stuck_in_eval": "this net has neither dropout nor BatchNorm: its mode changes nothing",
    "too_little_data": "too little data shows as a gap between training and validation, not as nan",
    "validates_in_train_mode": "this net has neither dropout nor BatchNorm: its mode changes nothing",
}.items():
    variants.wrong(f"q.c11.{code}", says=says, c11_diagnosis=f'"{code}"')


# C12

SQUEEZE = "net(X_train[rows]).squeeze(dim=1)"
SQUARES = "(predictions - y_train[rows]).square().mean()"
SETTINGS = "LEARNING_RATE, BATCH_SIZE, EPOCHS = 0.01, 32, 30"
UNSQUEEZED = (SQUEEZE, "net(X_train[rows])")

variants.right("c12.first_column", train_c12=edit(SQUEEZE, "net(X_train[rows])[:, 0]"))
variants.right(
    "c12.targets_as_a_column", train_c12=edit(*UNSQUEEZED, SQUARES, "(predictions - y_train[rows].unsqueeze(1)).square().mean()")
)
variants.right(
    "c12.mse_loss", train_c12=edit(SQUEEZE, "net(X_train[rows]).flatten()", SQUARES, "F.mse_loss(predictions, y_train[rows])")
)
variants.right("c12.transposed", train_c12=edit(*UNSQUEEZED, SQUARES, "(predictions.T - y_train[rows]).square().mean()"))
variants.right(
    "c12.reshaped_once",
    train_c12=edit(*UNSQUEEZED, "  # (331, 10), (331,), (111, 10), (111,)\n", "\n    y_train = y_train.reshape(-1, 1)\n"),
)

variants.wrong(
    "c12.broadcast",
    says="predictions (32, 1) minus targets (32,) make a table of (32, 32): every prediction is held against every target",
    hint="print(predictions.shape, y_train[rows].shape, (predictions - y_train[rows]).shape)",
    train_c12=edit(*UNSQUEEZED),
)
variants.wrong(
    "c12.higher_rate",
    says="with ten times the rate the predictions agree on the mean ten times sooner: that is what this loss asks for",
    hint="put the rate back, and ask where each single prediction is pulled to",
    train_c12=edit(*UNSQUEEZED, SETTINGS, "LEARNING_RATE, BATCH_SIZE, EPOCHS = 0.1, 32, 30"),
)
variants.wrong(
    "c12.first_patient",
    says="[0] is the first patient's prediction, not the first column: it is held against all targets, and the "
    "other predictions go unused",
    hint="[:, 0] keeps all patients",
    train_c12=edit(SQUEEZE, "net(X_train[rows])[0]"),
)
variants.wrong(
    "c12.mean_first",
    says="you take the mean before the square: errors of opposite sign cancel, and only the mean prediction is ever corrected",
    hint="square each error, then take the mean",
    train_c12=edit(SQUARES, "(predictions - y_train[rows]).mean().square()"),
)
variants.wrong(
    "c12.absolute",
    says="the shapes fit now, but the loss is another one: absolute errors instead of squared ones",
    hint="the formula was not ill: keep it, and mend what goes into it",
    train_c12=edit(SQUARES, "(predictions - y_train[rows]).abs().mean()"),
)
variants.wrong(
    "c12.sum",
    says="the shapes fit now, but a sum takes the place of the mean: every step is 32 times as long",
    hint="keep mean(), and mend what goes into it",
    train_c12=edit(SQUARES, "(predictions - y_train[rows]).square().sum()"),
)
variants.wrong(
    "c12.retuned",
    says="the shapes fit now, but you changed settings on the way: now nobody can say which change did it",
    hint="put the constants back: one change at a time",
    train_c12=edit(SETTINGS, "LEARNING_RATE, BATCH_SIZE, EPOCHS = 0.02, 32, 30"),
)


def train_c12_rebuilt(seed):
    LEARNING_RATE, BATCH_SIZE, EPOCHS = 0.01, 32, 30

    torch.manual_seed(seed)
    X_train, y_train, X_val, y_val = ward.diabetes_split(seed)
    net = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 1))
    optimizer = torch.optim.SGD(net.parameters(), lr=LEARNING_RATE)

    def one_step(X, y):
        optimizer.zero_grad()
        loss = F.mse_loss(net(X).view(-1), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    history = []
    for _ in range(EPOCHS):
        order = torch.randperm(len(X_train))
        losses = [one_step(X_train[rows], y_train[rows]) for rows in order.split(BATCH_SIZE)]
        with torch.no_grad():
            guesses = net(X_val).flatten()
        r2 = 1 - (guesses - y_val).square().sum() / (y_val - y_val.mean()).square().sum()
        history.append({"loss": sum(losses) / len(losses), "r2": r2.item(), "spread": guesses.std().item()})
    return net, history


variants.wrong(
    "c12.rebuilt",
    says="your script is well, but it is another script: one line was ill, and nobody can see which",
    hint="start from the patient again and change a line",
    train_c12=train_c12_rebuilt,
)

for code, says in {
    "bad_initialisation": "torch's own initial weights are in use; and the loss settles just where a constant answer would have it",
    "class_imbalance": "there are no classes: the target is a number. But you are right that one answer is given to all",
    "dead_relu": "with a dead hidden layer the predictions would not vary at all; here they vary a little, and are pulled together",
    "hidden_layers_in_list": "the layers stand in an nn.Sequential; and a last layer alone would explain a good part of the "
    "variance",
    "leak_into_validation": "a leak makes the validation look too good; here R² is about 0",
    "no_zero_grad": "the gradients are emptied in every step",
    "not_shuffled": "a new order is drawn in every epoch",
    "overfitting": "an overfitted net has a small training loss; this one is that of a constant",
    "pictures_scrambled": "measurements and targets are picked with the same rows, and nothing is reshaped",
    "rate_too_high": "the loss lies still, without a jump; and with a lower rate it lies still as well",
    "rate_too_low": "the loss has settled: ten times the rate only gets it to the same place sooner",
    "scheduler_per_batch": "there is no scheduler",
    "softmax_over_batch": "there is no softmax: the target is a number",
    "softmax_twice": "there is no softmax: the target is a number",
    "stale_optimizer": "the spread of the predictions changes from epoch to epoch: the optimizer moves this very net",
    "stuck_in_eval": "this net has neither dropout nor BatchNorm: its mode changes nothing",
    "too_little_data": "331 patients are few, but straight lines explain about 40 % of the variance with them",
    "validates_in_train_mode": "this net has neither dropout nor BatchNorm: its mode changes nothing",
    "zero_std": "the log holds no nan, and none of the ten measurements is constant",
}.items():
    variants.wrong(f"q.c12.{code}", says=says, c12_diagnosis=f'"{code}"')


# Q8.7

variants.wrong(
    "q.unharmed.A",
    says="both of these pay: two softmaxes cost accuracy, 0.83 instead of 0.97 in the case itself, and the "
    "broadcast explains no variance at all",
    unharmed_pair='"A"',
)
variants.wrong(
    "q.unharmed.C",
    says="the two are right, the reason is not: a score that is good by luck on easy data says nothing about the next data set",
    unharmed_pair='"C"',
)
variants.wrong(
    "q.unharmed.D",
    says="a scheduler per batch stops the learning itself; and validating in training mode costs what is measured, "
    "and writes into the running statistics",
    unharmed_pair='"D"',
)


# Q8.8

variants.wrong(
    "q.plans.A",
    says="three changes at once have one effect: if it is good you do not know whose, and one training to compare "
    "with may have been a lucky one",
    one_change='"A"',
)
variants.wrong(
    "q.plans.B",
    says="every idea comes with another seed, so idea and luck change together; the best of eight is above all the luckiest",
    one_change='"B"',
)
variants.wrong(
    "q.plans.C",
    says="a single training moves by more than most ideas do, as the table shows: whatever raises the score may have been the seed",
    one_change='"C"',
)


# Q8.9

variants.wrong(
    "q.nan.A",
    says="a lower rate moves the accident to a later iteration; and if it helps you still do not know what broke",
    nan_first_action='"A"',
)
variants.wrong(
    "q.nan.B",
    says="that hides the only witness: the weights may be nan by the next step, and a loss of 0 or 1e38 teaches nothing",
    nan_first_action='"B"',
)
variants.wrong(
    "q.nan.D",
    says="the batch is only where it came to light: here it is an ordinary batch that met logits grown too large; "
    "look before you throw data away",
    nan_first_action='"D"',
)


# Q8.10

variants.wrong(
    "q.company.A",
    says="an accuracy counts picture by picture: in evaluation mode overfitting makes no difference between a "
    "picture alone and the same in company",
    alone_and_in_company='"A"',
)
variants.wrong(
    "q.company.B",
    says="rounding changes the seventh digit of a logit and hardly ever a decision; it does not cost pictures in such numbers",
    alone_and_in_company='"B"',
)
variants.wrong(
    "q.company.D",
    says="both evaluations see the very same pictures, so both have the same luck with them",
    alone_and_in_company='"D"',
)


# Sp.01

MEAN = '            loss = F.cross_entropy(net(X_train[rows]), y_train[rows], reduction="mean")\n'
SUM = MEAN.replace('"mean"', '"sum"')
BACKWARD = "            loss.backward()\n"

variants.right("sp01.default", train_sp01=edit(', reduction="mean"', ""))
variants.right("sp01.divided", train_sp01=edit(MEAN, SUM.replace('"sum")', '"sum") / len(rows)')))
variants.right("sp01.one_by_one", train_sp01=edit(MEAN, MEAN.replace('"mean")', '"none").mean()')))

variants.wrong(
    "sp01.summed",
    says="the loss is a sum over the batch, so its gradient is as many times too long as the batch has pictures",
    hint="which reduction does not depend on the size of the batch?",
    train_sp01=edit(MEAN, SUM),
)
variants.wrong(
    "sp01.lower_rate",
    says="a rate of a thirty-second makes up for the sum, until somebody changes the size of the batch",
    hint="put the rate back, and let the loss be a mean",
    train_sp01=edit(MEAN, SUM, RATE, "LEARNING_RATE, BATCH_SIZE, EPOCHS = 0.1 / 32, 32, 15"),
)
variants.wrong(
    "sp01.clipped",
    says="clipping cuts the long gradient off, so it trains after a fashion; the loss is still a sum",
    hint="ask why the gradient is that long before you cut it",
    train_sp01=edit(MEAN, SUM, BACKWARD, BACKWARD + "            nn.utils.clip_grad_norm_(net.parameters(), 1.0)\n"),
)
variants.wrong(
    "sp01.over_the_classes",
    says="divided by the ten classes the sum is still three times too large: the mean is over the pictures",
    hint="by how many numbers must a sum over the batch be divided?",
    train_sp01=edit(MEAN, SUM.replace('"sum")', '"sum") / 10')),
)


# Sp.02

FEATURES = "        features = body(X)\n"

variants.right("sp02.in_one_line", train_sp02=edit(FEATURES, "", "head(features)", "head(body(X))"))
variants.right("sp02.the_whole_net", train_sp02=edit(FEATURES, "", "head(features)", "net(X)"))
variants.right("sp02.the_input", train_sp02=edit(FEATURES, "        features = body(X.detach())\n"))

variants.wrong(
    "sp02.detached",
    says="detach() still cuts the graph between body and head: the loss has no way back to the body",
    hint="which parameters have a gradient after backward()?",
    train_sp02=edit(FEATURES, "        features = body(X).detach()\n"),
)
variants.wrong(
    "sp02.detached_earlier",
    says="you moved the cut one layer down: the first layer still gets no gradient",
    hint="nothing between the input and the loss may be detached",
    train_sp02=edit(FEATURES, "        features = body[2:](body[:2](X).detach())\n"),
)
variants.wrong(
    "sp02.higher_rate",
    says="five times the rate for a body without a gradient is five times nothing",
    hint="put the rate back: is there a gradient at all?",
    train_sp02=edit(FEATURES, "        features = body(X).detach()\n", RATE, "LEARNING_RATE, BATCH_SIZE, EPOCHS = 0.5, 32, 15"),
)


# Sp.03

KAIMING = '            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")\n'
IS_LINEAR = "        if isinstance(layer, nn.Linear):\n"
BIAS = "            nn.init.zeros_(layer.bias)\n"
LAYERS = "    for layer in net:\n"

variants.right("sp03.of_torch", train_sp03=edit(LAYERS + IS_LINEAR + KAIMING + BIAS, ""))
variants.right("sp03.biases_alone", train_sp03=edit(KAIMING, ""))
variants.right("sp03.xavier", train_sp03=edit(KAIMING, "            nn.init.xavier_uniform_(layer.weight)\n"))

variants.wrong(
    "sp03.zeros",
    says="all weights still start at zero: every hidden unit gives 0, and no gradient gets past the head",
    hint="what is the gradient of a weight whose input is 0, and of one whose output is multiplied by 0?",
    train_sp03=edit(KAIMING, "            nn.init.zeros_(layer.weight)\n"),
)
variants.wrong(
    "sp03.constant",
    says="the weights are not zero any more, but alike: units that start alike get the same gradient and stay alike for ever",
    hint="only chance can tell them apart",
    train_sp03=edit(KAIMING, "            nn.init.constant_(layer.weight, 0.05)\n"),
)
variants.wrong(
    "sp03.tiny",
    says="the units differ now, but hardly any gradient gets through three layers of such small weights: most time is lost",
    hint="how large should they be, for a layer of 64 inputs?",
    train_sp03=edit(KAIMING, "            nn.init.normal_(layer.weight, std=1e-3)\n"),
)


# Sp.04

PICTURES = "    pictures = X.reshape(-1, 8, 8).clone()\n"
VIEW = PICTURES.replace(".clone()", "")
WIPED = "        pictures = augmented_sp04(X_train)\n"
SCORED = "            loss = F.cross_entropy(net(pictures[rows]), y_train[rows])\n"

variants.right("sp04.clone_first", augmented_sp04=edit(PICTURES, "    pictures = X.clone().reshape(-1, 8, 8)\n"))
variants.right(
    "sp04.where_it_is_called",
    augmented_sp04=edit(PICTURES, VIEW),
    train_sp04=edit(WIPED, WIPED.replace("(X_train)", "(X_train.clone())")),
)
variants.right(
    "sp04.batch_by_batch",
    augmented_sp04=edit(PICTURES, VIEW),
    train_sp04=edit(WIPED, "", SCORED, SCORED.replace("pictures[rows]", "augmented_sp04(X_train[rows])")),
)

variants.wrong(
    "sp04.in_place",
    says="the lines are still wiped out of the stored pictures: reshape gives a view, and in the next epoch "
    "another line goes where "
    "one is missing already",
    hint="write into a copy",
    augmented_sp04=edit(PICTURES, VIEW),
)
variants.wrong(
    "sp04.stopped_early",
    says="you stop before the damage is large; from epoch to epoch it grows all the same",
    hint="put the number of epochs back: why does a picture lack more lines in the second epoch than in the first?",
    augmented_sp04=edit(PICTURES, VIEW),
    train_sp04=edit(RATE, "LEARNING_RATE, BATCH_SIZE, EPOCHS = 0.1, 32, 3"),
)
variants.wrong(
    "sp04.once",
    says="the lines are wiped out once, before the first epoch: the damage does not grow any more, but every epoch "
    "shows the same pictures",
    hint="each epoch has to start from whole pictures, and to draw new lines",
    train_sp04=edit(WIPED, "", EPOCH, "    pictures = augmented_sp04(X_train)\n" + EPOCH),
)
variants.wrong(
    "sp04.no_medicine",
    says="you have taken the augmentation out; the damage went with it, and so did the medicine",
    hint="each picture should lack one line, in every epoch",
    train_sp04=edit(WIPED, "        pictures = X_train\n"),
)


# Sp.05

FITTED = "    fitted = X_train\n"
STATISTICS = "    mean, spread = fitted.mean(dim=0), fitted.std(dim=0, correction=0)\n"
BOTH = "    return (X_train - mean) / spread, (X_val - mean) / spread"
EVERYBODY = "    fitted = torch.cat([X_train, X_val])\n"

variants.right("sp05.by_name", scaled_sp05=edit(FITTED, "", STATISTICS, STATISTICS.replace("fitted", "X_train")))
variants.right("sp05.by_row_numbers", scaled_sp05=edit(FITTED, "    fitted = torch.cat([X_train, X_val])[: len(X_train)]\n"))

variants.wrong(
    "sp05.all_of_them",
    says="means and spreads are still those of all rows: every sample of the validation part has had a hand in how "
    "the net sees the others",
    hint="which rows may be measured before the validation?",
    scaled_sp05=edit(FITTED, EVERYBODY),
)
variants.wrong(
    "sp05.each_by_itself",
    says="you scale each part by its own statistics: the same tumour then looks different in the two parts, and one "
    "alone becomes all zeros",
    hint="one mean and one spread, for both parts",
    scaled_sp05=edit(BOTH, "    return (X_train - mean) / spread, (X_val - X_val.mean(dim=0)) / X_val.std(dim=0, correction=0)"),
)
variants.wrong(
    "sp05.of_the_validation",
    says="you measure the validation part, the one part that must not be looked at",
    hint="it is the other one",
    scaled_sp05=edit(FITTED, "    fitted = X_val\n"),
)
variants.wrong(
    "sp05.half",
    says="the mean is that of the training part now, but the spread is still that of all rows",
    hint="both are learned from data, and so both from the training part",
    scaled_sp05=edit(FITTED, EVERYBODY, STATISTICS, STATISTICS.replace("fitted.mean(dim=0)", "X_train.mean(dim=0)")),
)


# Sp.06

FIRST = "    first = torch.from_numpy(np.unique(X.numpy(), axis=0, return_index=True)[1])\n"
CUT = "    train, val = ward.split_rows(len(first), seed)\n"
PARTS = "    return first[train], first[val]"
WHOLE = CUT.replace("first", "X")

variants.right(
    "sp06.by_picture",
    split_sp06=edit(
        FIRST,
        "    different, kind = torch.unique(X, dim=0, return_inverse=True)\n",
        CUT,
        CUT.replace("first", "different"),
        PARTS,
        "    return torch.nonzero(torch.isin(kind, train)).flatten(), torch.nonzero(torch.isin(kind, val)).flatten()",
    ),
)
variants.right(
    "sp06.out_of_validation",
    split_sp06=edit(
        FIRST,
        "",
        CUT,
        WHOLE,
        PARTS,
        "    known = {tuple(row) for row in X[train].tolist()}\n"
        "    return train, torch.tensor([i for i in val.tolist() if tuple(X[i].tolist()) not in known])",
    ),
)

variants.wrong(
    "sp06.rows",
    says="you cut between rows, and a picture that stands in two rows may get one of them into each part: the net "
    "has seen the answer",
    hint="cut between pictures: first find out which rows are the same",
    split_sp06=edit(FIRST, "", CUT, WHOLE, PARTS, "    return train, val"),
)
variants.wrong(
    "sp06.each_part_for_itself",
    says="each part has no doubles in it now, but a picture may still stand once in each",
    hint="remove the doubles before the cut, not after it",
    split_sp06=edit(
        FIRST,
        "",
        CUT,
        WHOLE,
        PARTS,
        "    train, val = (part[np.unique(X[part].numpy(), axis=0, return_index=True)[1]] for part in (train, val))\n"
        "    return train, val",
    ),
)
variants.wrong(
    "sp06.neighbours",
    says="you find doubles only where they stand in neighbouring rows; this collection has been shuffled",
    hint="sort, or let np.unique compare all rows with all",
    split_sp06=edit(
        FIRST,
        "    new = torch.ones(len(X), dtype=torch.bool)\n"
        "    new[1:] = (X[1:] != X[:-1]).any(dim=1)\n"
        "    first = torch.nonzero(new).flatten()\n",
    ),
)
variants.wrong(
    "sp06.by_sum",
    says="you take pictures with the same sum for the same picture, and throw different ones away",
    hint="compare all pixels: np.unique with axis=0",
    split_sp06=edit(FIRST, "    first = torch.from_numpy(np.unique(X.sum(dim=1).round().numpy(), return_index=True)[1])\n"),
)


# Sp.07

SHARES = "    shares = [(guesses[y == kind] == kind).double().mean().item() for kind in (0, 1)]\n"
MEAN = "    return sum(shares) / 2"

variants.right(
    "sp07.two_rates",
    report_sp07=edit(
        SHARES,
        "    hits = ((guesses == 1) & (y == 1)).sum().item() / (y == 1).sum().item()\n"
        "    passes = ((guesses == 0) & (y == 0)).sum().item() / (y == 0).sum().item()\n",
        MEAN,
        "    return 0.5 * hits + 0.5 * passes",
    ),
)
variants.right(
    "sp07.weights",
    report_sp07=edit(
        SHARES,
        "    weights = 0.5 / torch.bincount(y).double()[y]\n",
        MEAN,
        "    return weights[guesses == y].sum().item()",
    ),
)

variants.wrong(
    "sp07.accuracy",
    says="accuracy counts every sample alike: with 95 noes in 100, never saying yes is worth 0.95",
    hint="how much should a detector get that says no to everybody?",
    report_sp07=edit(SHARES, "", MEAN, "    return (guesses == y).double().mean().item()"),
)
variants.wrong(
    "sp07.recall",
    says="you report only how many of the eights are found: who says yes to everybody gets 1",
    hint="both kinds of answers have to count",
    report_sp07=edit(MEAN, "    return shares[1]"),
)
variants.wrong(
    "sp07.precision",
    says="you report how many of its alarms are right: who never gives an alarm gets 0 / 0, and who gives one good one gets 1",
    hint="both kinds of answers have to count",
    report_sp07=edit(SHARES, "", MEAN, "    return (y[guesses == 1] == 1).double().mean().item()"),
)
variants.wrong(
    "sp07.f1",
    says="that is F1, a good report for rare things; but it gives 0 for always no and something else for always yes, not 0.5",
    hint="read what the docstring promises",
    report_sp07=edit(SHARES, "", MEAN, "    return 2 * (guesses * y).sum().item() / (guesses.sum() + y.sum()).item()"),
)


# Sp.08

AS_THEY_ARE = "        guesses = net(X_val).argmax(dim=1)\n"

variants.right(
    "sp08.log_softmax", validate_sp08=edit(AS_THEY_ARE, "        guesses = F.log_softmax(net(X_val), dim=1).argmax(dim=1)\n")
)
variants.right(
    "sp08.in_batches",
    validate_sp08=edit(AS_THEY_ARE, "        guesses = torch.cat([net(X).argmax(dim=1) for X in X_val.split(100)])\n"),
)

variants.wrong(
    "sp08.jostled",
    says="you move the validation pictures about as well: the score is that of harder pictures than anybody will "
    "show, and of other ones each time",
    hint="augmentation is for learning; validate with the pictures as they are",
    validate_sp08=edit(AS_THEY_ARE, AS_THEY_ARE.replace("X_val", "ward.jostled(X_val)")),
)
variants.wrong(
    "sp08.averaged",
    says="a mean over five moved copies is steadier, but it is still the score of moved pictures",
    hint="validate with the pictures as they are",
    validate_sp08=edit(AS_THEY_ARE, "        guesses = sum(net(ward.jostled(X_val)) for _ in range(5)).argmax(dim=1)\n"),
)
variants.wrong(
    "sp08.seeded",
    says="with a fixed seed the pictures are moved in the same way every time; they are still moved, and now the "
    "training gets the same numbers as well",
    hint="do not hide the noise, take its cause away",
    validate_sp08=edit(AS_THEY_ARE, "        torch.manual_seed(0)\n" + AS_THEY_ARE.replace("X_val", "ward.jostled(X_val)")),
)
variants.wrong(
    "sp08.no_medicine",
    says="you have taken the augmentation out of the training, where it belongs",
    hint="put it back there; it is the validation that should do without",
    train_sp08=edit("ward.jostled(X_train[rows])", "X_train[rows]"),
)


# Sp.09

DIFFERENCE = "    return (pictures.astype(np.float32) - slate) / 128"

variants.right("sp09.both", centred_sp09=edit(DIFFERENCE, DIFFERENCE.replace("slate", "slate.astype(np.float32)")))
variants.right("sp09.dtype", centred_sp09=edit(DIFFERENCE, "    return np.subtract(pictures, slate, dtype=np.float32) / 128"))
variants.right(
    "sp09.by_integers", centred_sp09=edit(DIFFERENCE, "    return (pictures.astype(np.int16) - slate).astype(np.float32) / 128")
)

variants.wrong(
    "sp09.wraps",
    says="you still subtract in uint8, which has nothing below 0: 40 - 43 is 253",
    hint="change the type before you subtract, not after",
    centred_sp09=edit(DIFFERENCE, "    return (pictures - slate).astype(np.float32) / 128"),
)
variants.wrong(
    "sp09.clipped",
    says="you cut off what is too bright, but 253 in place of -3 becomes 128 and not 0: the wrong number is only smaller",
    hint="after the subtraction nobody can tell a wrapped number from a bright one",
    centred_sp09=edit(DIFFERENCE, "    return np.clip(pictures - slate, 0, 128).astype(np.float32) / 128"),
)
variants.wrong(
    "sp09.signed_after",
    says="int8 turns 253 back into -3, and on the way 190 into -66: it ends at 127",
    hint="you need a type that holds everything from -255 to 255",
    centred_sp09=edit(DIFFERENCE, "    return (pictures - slate).astype(np.int8).astype(np.float32) / 128"),
)
variants.wrong(
    "sp09.wider",
    says="a wider type without a sign wraps around as well, only further up: now -3 is 65533",
    hint="what is missing is the sign, not the width",
    centred_sp09=edit(DIFFERENCE, "    return (pictures.astype(np.uint16) - slate).astype(np.float32) / 128"),
)
variants.wrong(
    "sp09.only_brighter",
    says="nothing wraps any more, because everything darker than the slate has become 0: half of the noise is gone, "
    "and so is every shadow",
    hint="the docstring wants negative numbers there",
    centred_sp09=edit(DIFFERENCE, "    return (np.maximum(pictures, slate) - slate).astype(np.float32) / 128"),
)
variants.wrong(
    "sp09.distance",
    says="that is how far a pixel is from the slate, whatever the direction: the sign is lost",
    hint="the docstring wants negative numbers where the picture is darker",
    centred_sp09=edit(
        DIFFERENCE, "    return np.where(pictures > slate, pictures - slate, slate - pictures).astype(np.float32) / 128"
    ),
)


# Sp.10

DECAYING = "    optimizer = torch.optim.SGD(net.parameters(), lr=LEARNING_RATE, weight_decay=2 * LAMBDA)\n"
PLAIN = DECAYING.replace(", weight_decay=2 * LAMBDA", "")
PENALTY = "            penalty = LAMBDA * sum(w.square().sum() for w in net.parameters())\n"
PENALISED = "            (loss + penalty).backward()\n"
IN_THE_LOSS = (BACKWARD, PENALTY + PENALISED)
SETTINGS = "LEARNING_RATE, BATCH_SIZE, EPOCHS, LAMBDA = 0.1, 32, 15, 0.03"

variants.right("sp10.in_the_loss", train_sp10=edit(DECAYING, PLAIN, *IN_THE_LOSS))
variants.right("sp10.none_in_the_optimizer", train_sp10=edit("weight_decay=2 * LAMBDA", "weight_decay=0.0", *IN_THE_LOSS))
variants.right("sp10.not_added", train_sp10=edit(BACKWARD, PENALTY + BACKWARD))

variants.wrong(
    "sp10.twice",
    says="the weights are still pulled in two places: by the penalty in the loss, and by weight_decay",
    hint="one of the two is enough",
    train_sp10=edit(*IN_THE_LOSS),
)
variants.wrong(
    "sp10.neither",
    says="now nothing pulls at the weights any more: you have taken out both",
    hint="one of the two has to stay",
    train_sp10=edit(DECAYING, PLAIN),
)
variants.wrong(
    "sp10.lost_factor",
    says="weight_decay is what the gradient gets, times w; the derivative of λ w² is 2 λ w, so this is half of the dose",
    hint="how does weight_decay follow from λ?",
    train_sp10=edit("weight_decay=2 * LAMBDA", "weight_decay=LAMBDA"),
)
variants.wrong(
    "sp10.half_of_one",
    says="you have halved the penalty in the loss and left the other one whole: that makes one dose and a half",
    hint="take one of the two out",
    train_sp10=edit(BACKWARD, PENALTY.replace("LAMBDA *", "LAMBDA / 2 *") + PENALISED),
)
variants.wrong(
    "sp10.lower_rate",
    says="with a lower rate the net has no time to get dull; the pull is still double, it only works more slowly",
    hint="put the rate back, and measure the dose",
    train_sp10=edit(*IN_THE_LOSS, SETTINGS, SETTINGS.replace("0.1, 32", "0.02, 32")),
)
variants.wrong(
    "sp10.half_the_number",
    says="half of λ, twice: the net is right now, but the number that the report will give is not what was used",
    hint="put λ back, and take one of the two places out",
    train_sp10=edit(*IN_THE_LOSS, SETTINGS, SETTINGS.replace("0.03", "0.015")),
)


# Sp.11

TOTAL = "            total += loss.item()\n"
KEPT = "            total += loss\n"
MEAN_LOSS = '        history.append({"loss": total / steps, "accuracy": accuracy})\n'

variants.right("sp11.detach", train_sp11=edit(TOTAL, "            total += loss.detach()\n"))
variants.right(
    "sp11.without_gradient", train_sp11=edit(TOTAL, "            with torch.no_grad():\n                total = total + loss\n")
)
variants.right(
    "sp11.list_of_numbers",
    train_sp11=edit(
        "        total, steps = 0.0, 0\n",
        "        losses = []\n",
        TOTAL + "            steps += 1\n",
        "            losses.append(loss.item())\n",
        "total / steps",
        "sum(losses) / len(losses)",
    ),
)

variants.wrong(
    "sp11.summed",
    says="total is still a tensor that remembers how it came about, and the log keeps it: every step of the "
    "training stays in memory",
    hint="for a log the number is enough",
    train_sp11=edit(TOTAL, KEPT),
)
variants.wrong(
    "sp11.item_at_the_end",
    says="you take the number at the end of the epoch: until then the sum still holds all graphs of the epoch",
    hint="take it in every step",
    train_sp11=edit(TOTAL, KEPT, MEAN_LOSS, MEAN_LOSS.replace("total / steps", "total.item() / steps")),
)
variants.wrong(
    "sp11.now_and_then",
    says="you cut the memory off every ten steps: what is kept is limited now, but nothing of it is needed at all",
    hint="take the number in every step",
    train_sp11=edit(TOTAL, KEPT + "            total = total.detach() if steps % 10 == 9 else total\n"),
)
variants.wrong(
    "sp11.last_batch",
    says="no graph is kept, but the log has only the last loss of the epoch left, divided by the number of steps",
    hint="they have to be added up, as numbers",
    train_sp11=edit(TOTAL, "            total = loss.item()\n"),
)
variants.wrong(
    "sp11.detached_too_early",
    says="you detach the loss before backward() has used it: there is no way back to the weights any more",
    hint="detach what goes into the sum, not what goes into backward()",
    train_sp11=edit("net(X_train[rows]), y_train[rows])\n", "net(X_train[rows]), y_train[rows]).detach()\n"),
)


# Sp.12

SCALED = "body((X - mean) / spread)"

variants.right(
    "sp12.two_steps",
    features_sp12=edit(
        "        features: torch.Tensor = body((X - mean) / spread)\n",
        "        X = X.sub(mean).div(spread)\n        features: torch.Tensor = body(X)\n",
    ),
)
variants.right("sp12.reciprocal", features_sp12=edit(SCALED, "body(X * spread.reciprocal() - mean / spread)"))

variants.wrong(
    "sp12.by_255",
    says="you divide by 255, as for photographs: these grey values end at 16, and the body was trained on standardised ones",
    hint="a pretrained net comes with the preparation of its inputs; here it is mean and spread",
    features_sp12=edit(SCALED, "body(X / 255)"),
)
variants.wrong(
    "sp12.by_16",
    says="from 0 to 1 is a good scale, only not the one that this body has learned with",
    hint="a pretrained net comes with the preparation of its inputs; here it is mean and spread",
    features_sp12=edit(SCALED, "body(X / 16)"),
)
variants.wrong(
    "sp12.own_statistics",
    says="you standardise with the mean and spread of the new pictures: the body knows those of its old ones, and "
    "a constant pixel gives nan",
    hint="use the mean and spread that came with the body",
    features_sp12=edit(SCALED, "body((X - X.mean(dim=0)) / X.std(dim=0))"),
)
variants.wrong(
    "sp12.no_mean",
    says="the spread is right, but the mean is not taken off",
    hint="both belong to the preparation",
    features_sp12=edit(SCALED, "body(X / spread)"),
)


# What speaks against the other codes of the short list

SPARE = {
    "sp04": {
        "augmented_validation": "nothing is wiped out of the validation pictures, or their accuracy would fall with the rest",
        "class_imbalance": "the ten digits are about equally frequent, in every epoch",
        "decay_twice": "there is no penalty in this script",
        "graph_kept": "the log holds plain numbers; and a kept graph costs memory, it does not raise a loss",
        "leak_into_validation": "a leak makes the validation look too good; here it is the training loss that looks bad",
        "overfitting": "who learns by heart has a training loss that falls; here it rises",
        "rate_too_low": "short steps make a loss that falls slowly, not one that turns round",
        "unsigned_wraps": "all numbers here are floats, and nothing is subtracted",
        "wrong_input_scale": "the grey values keep their scale; it is whole lines that go",
    },
    "sp05": {
        "augmented_in_place": "nothing is augmented here",
        "augmented_validation": "nothing is changed at random: ask twice in the same company, and you get the same answer twice",
        "class_imbalance": "malignant tumours are the rarer kind, but not rare; and that does not make an answer "
        "depend on the company",
        "decay_twice": "there is no penalty in this script",
        "graph_kept": "the log holds plain numbers, and the gradients are right",
        "overfitting": "twelve tumours are soon known by heart; but the same weights would then give a tumour the "
        "same answer each time",
        "rate_too_low": "the loss comes down, and a rate cannot make an answer depend on who else is asked",
        "unsigned_wraps": "the measurements are floats, which know negative numbers",
        "wrong_input_scale": "each tumour has about the right scale; the trouble is that it depends on the others",
    },
    "sp06": {
        "augmented_in_place": "no picture is changed in this script",
        "class_imbalance": "the ten digits are about equally frequent, also with their wrong labels",
        "decay_twice": "there is no penalty in this script",
        "graph_kept": "the log holds plain numbers, and memory does not make a score too good",
        "augmented_validation": "nothing is changed in any picture here",
        "unsigned_wraps": "the pictures are floats, which know negative numbers",
        "wrong_input_scale": "all pictures are standardised alike, and a wrong scale does not make a score too good",
        "overfitting": "it does learn the wrong labels by heart; but that lowers a validation accuracy, and here it is too high",
        "rate_too_low": "the loss comes down well, and a rate that is too low does not make a score too good",
    },
    "sp07": {
        "augmented_in_place": "no picture is changed in this script",
        "decay_twice": "there is no penalty in this script",
        "graph_kept": "the log holds plain numbers",
        "leak_into_validation": "a leak gives a score that is too good by learning; this one is too good without any",
        "augmented_validation": "nothing is changed in any picture here",
        "unsigned_wraps": "the pictures are floats, which know negative numbers",
        "wrong_input_scale": "the pixels are standardised as always, and the training loss falls",
        "overfitting": "who has overfitted says yes at least to the eights in the training part",
        "rate_too_low": "that may well be its next trouble; but what is wrong first is that the report does not tell",
    },
    "sp08": {
        "augmented_in_place": "the moved pictures are new ones: what is stored stays as it was, or the score would "
        "sink from epoch to epoch",
        "decay_twice": "there is no penalty in this script",
        "graph_kept": "the log holds plain numbers, and the validation runs without gradients",
        "leak_into_validation": "a leak makes the validation look too good; here it looks too bad, and different every time",
        "class_imbalance": "the ten digits are about equally frequent",
        "unsigned_wraps": "the pictures are floats, which know negative numbers",
        "wrong_input_scale": "the grey values are as they were in training; only their places are not",
        "overfitting": "who has overfitted validates badly, but always equally badly: here the same weights get another score "
        "each time",
        "rate_too_low": "the score jumps from epoch to epoch without a rhythm; short steps make smooth curves",
    },
    "sp09": {
        "augmented_in_place": "nothing is augmented here",
        "augmented_validation": "nothing is changed at random; the snow comes with the photographs, in both parts",
        "class_imbalance": "the ten digits are about equally frequent",
        "decay_twice": "there is no penalty in this script",
        "graph_kept": "the log holds plain numbers",
        "leak_into_validation": "a leak makes the validation look too good; this is far too bad",
        "overfitting": "the training loss is high as well: not even what it has seen does it know",
        "rate_too_low": "no rate makes a snowstorm out of a slate: look at what the net gets before it learns anything",
        "wrong_input_scale": "this net was trained on nothing else; and the scale would do, were the numbers right",
    },
    "sp10": {
        "augmented_in_place": "no picture is changed in this script",
        "augmented_validation": "nothing is changed in any picture here",
        "class_imbalance": "the ten digits are about equally frequent",
        "graph_kept": "the log holds plain numbers, and a kept graph does not pull at weights",
        "leak_into_validation": "a leak makes the validation look too good; here it looks too bad",
        "overfitting": "the training loss is as poor as the validation: this net is kept from learning, not from generalising",
        "rate_too_low": "with longer steps it would only be pulled to zero sooner: the pull in the caption is too "
        "strong, at any rate",
        "unsigned_wraps": "the pictures are floats, which know negative numbers",
        "wrong_input_scale": "the pixels are standardised as always",
    },
    "sp11": {
        "augmented_in_place": "no picture is changed in this script",
        "augmented_validation": "nothing is changed in any picture here",
        "class_imbalance": "the ten digits are about equally frequent, and the accuracy is fine",
        "decay_twice": "there is no penalty in this script, and a penalty costs no memory",
        "leak_into_validation": "the split is clean; what piles up here is memory",
        "overfitting": "the accuracy is that of the healthy net",
        "rate_too_low": "it learns as fast as the healthy net",
        "unsigned_wraps": "the pictures are floats, which know negative numbers",
        "wrong_input_scale": "the pixels are standardised as always, and the accuracy is fine",
    },
    "sp12": {
        "augmented_in_place": "nothing is augmented here",
        "decay_twice": "there is no penalty in this script",
        "graph_kept": "the log holds plain numbers, and the body gets no graph at all",
        "leak_into_validation": "a leak makes the validation look too good; this is near guessing",
        "class_imbalance": "the five digits are about equally frequent",
        "augmented_validation": "nothing is changed in a picture but its scale, and that in both parts",
        "unsigned_wraps": "nothing is subtracted here, and that is rather the trouble",
        "overfitting": "the training loss is that of guessing: nothing has been learned by heart",
        "rate_too_low": "the loss hardly moves, but look at what it is computed from: the features of all pictures are nearly the "
        "same",
    },
}
for case, reasons in SPARE.items():
    for code, says in reasons.items():
        variants.wrong(f"q.{case}.{code}", says=says, **{f"{case}_diagnosis": f'"{code}"'})
