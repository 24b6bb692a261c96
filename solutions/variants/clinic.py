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
    hint="training.entangled shows it: one softmax was wrong, so two are not right",
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
