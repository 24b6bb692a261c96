"""Unit 3: what a fair grader accepts, and the misconceptions that it names."""

import torch
from torch import nn

from solutions.variants import Variants, edit

variants = Variants()

# E3.9 MyBatchNorm1d


class BatchNormReassigned(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.register_parameter("bias", nn.Parameter(torch.zeros(num_features)))
        self.register_parameter("weight", nn.Parameter(torch.ones(num_features)))
        self.register_buffer("num_batches_tracked", torch.zeros((), dtype=torch.long))
        self.register_buffer("running_var", torch.ones(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))

    def forward(self, x):
        if not self.training:
            scale = self.weight * torch.rsqrt(self.running_var + self.eps)
            return x * scale + (self.bias - self.running_mean * scale)
        if x.shape[0] == 1:
            raise ValueError("one sample has no variance")
        mean = x.sum(0) / x.shape[0]
        centred = x - mean
        var = (centred**2).sum(0) / x.shape[0]
        old, new = 1 - self.momentum, self.momentum
        self.running_mean = old * self.running_mean + new * mean.detach()
        self.running_var = old * self.running_var + new * x.detach().var(0)
        self.num_batches_tracked = self.num_batches_tracked + 1
        return self.weight * centred * (var + self.eps) ** -0.5 + self.bias


class BatchNormFunctional(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))
        self.register_buffer("num_batches_tracked", torch.tensor(0))

    def forward(self, x):
        if self.training:
            self.num_batches_tracked.add_(1)
        return nn.functional.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, self.training, self.momentum, self.eps
        )


variants.right("mb.reassigned", MyBatchNorm1d=BatchNormReassigned)
variants.right("mb.functional", MyBatchNorm1d=BatchNormFunctional)

MEAN = 'self.register_buffer("running_mean", torch.zeros(num_features))'
VAR = 'self.register_buffer("running_var", torch.ones(num_features))'

variants.wrong(
    "mb.param_buffers",
    says="your running statistics are parameters: the optimizer will train them, and weight decay will shrink them",
    hint="what the layer keeps but nobody learns is a buffer: self.register_buffer(name, tensor)",
    MyBatchNorm1d=edit(
        MEAN,
        "self.running_mean = nn.Parameter(torch.zeros(num_features))",
        VAR,
        "self.running_var = nn.Parameter(torch.ones(num_features))",
    ),
)
variants.wrong(
    "mb.plain_attr",
    says="your running statistics are plain attributes: state_dict() loses them, and .double() or .to(device) leave them behind",
    hint="what the layer keeps but nobody learns is a buffer: self.register_buffer(name, tensor)",
    MyBatchNorm1d=edit(MEAN, "self.running_mean = torch.zeros(num_features)", VAR, "self.running_var = torch.ones(num_features)"),
)
variants.wrong(
    "mb.graph_leak",
    says="your running statistics drag the graph of every batch along: memory grows, and a backward pass through them fails",
    hint="update them inside `with torch.no_grad():`, or from mean.detach()",
    MyBatchNorm1d=edit("with torch.no_grad():", "if True:"),
)
variants.wrong(
    "mb.self_train_flag",
    says="you keep a training flag of your own: .eval() on the net sets self.training in every layer, and knows nothing of yours",
    hint="nn.Module brings self.training along; read that",
    MyBatchNorm1d=edit(
        "self.eps, self.momentum = eps, momentum",
        "self.eps, self.momentum = eps, momentum\n        self.is_training = True",
        "if self.training:",
        "if self.is_training:",
    ),
)
variants.wrong(
    "mb.biased",
    says="your running variance averages biased variances, 1/N: that one normalises the batch, the average wants 1/(N-1)",
    hint="for a batch of 2 the two differ by a factor of 2: look at layer.running_var after one",
    MyBatchNorm1d=edit("unbiased = var * len(x) / (len(x) - 1)", "unbiased = var"),
)
variants.wrong(
    "mb.unbiased_norm",
    says="you normalise with the unbiased variance: 1/(N-1) belongs into the running average only",
    hint="normalise a batch of 2 with eps = 0: the outputs must be -1 and 1",
    MyBatchNorm1d=edit(
        "x.var(dim=0, correction=0)", "x.var(dim=0, correction=1)", "unbiased = var * len(x) / (len(x) - 1)", "unbiased = var"
    ),
)
variants.wrong(
    "mb.swapped",
    says="you give the old value the weight momentum; here (as in torch) momentum is the weight of the new one",
    hint="with momentum = 0.1, one batch moves the running mean by a tenth of the way",
    MyBatchNorm1d=edit(
        "lerp_(mean, self.momentum)",
        "lerp_(mean, 1 - self.momentum)",
        "lerp_(unbiased, self.momentum)",
        "lerp_(unbiased, 1 - self.momentum)",
    ),
)
variants.wrong(
    "mb.overwrite",
    says="your running statistics are those of the last batch: they should move only a little with every batch",
    hint="new running mean = (1 - momentum) * old + momentum * batch mean",
    MyBatchNorm1d=edit("lerp_(mean, self.momentum)", "copy_(mean)", "lerp_(unbiased, self.momentum)", "copy_(unbiased)"),
)
variants.wrong(
    "mb.eps_out",
    says="you add eps to the standard deviation; here it is added to the variance, inside the root",
    hint="compare torch.sqrt(var + eps) with torch.sqrt(var) + eps for eps = 0.1",
    MyBatchNorm1d=edit("torch.sqrt(var + self.eps)", "(torch.sqrt(var) + self.eps)"),
)
variants.wrong(
    "mb.var_not_std",
    says="you divide by the variance: a feature that is 10 times as large would come out 10 times as small",
    hint="divide by the root",
    MyBatchNorm1d=edit("torch.sqrt(var + self.eps)", "(var + self.eps)"),
)
variants.wrong(
    "mb.no_affine",
    says="your scale and shift are there, but the output does not use them",
    hint="set layer.weight to 3: the outputs must be three times as large",
    MyBatchNorm1d=edit("normalised * self.weight + self.bias", "normalised + 0 * (self.weight + self.bias)"),
)
variants.wrong(
    "mb.order",
    says="you shift first and scale then: the shift comes last",
    hint="with weight = 0 the output must be the bias",
    MyBatchNorm1d=edit("normalised * self.weight + self.bias", "(normalised + self.bias) * self.weight"),
)
variants.wrong(
    "mb.batch_in_eval",
    says="you normalise with the batch in evaluation mode as well: a prediction must not depend on who else is in the batch",
    hint="in evaluation mode, feed one sample alone and then among others: the same output",
    MyBatchNorm1d=edit("mean, var = self.running_mean, self.running_var", "mean, var = x.mean(dim=0), x.var(dim=0, correction=0)"),
)
variants.wrong(
    "mb.update_in_eval",
    says="you update the running statistics in evaluation mode as well: looking at the validation data then changes the model",
    hint="print(layer.running_mean) before and after a batch in evaluation mode",
    MyBatchNorm1d=edit(
        "mean, var = self.running_mean, self.running_var",
        "self.running_mean.lerp_(x.detach().mean(dim=0), self.momentum)\n"
        "            mean, var = self.running_mean, self.running_var",
    ),
)
variants.wrong(
    "mb.detach",
    says="the values are right, the gradients are not: you treat the batch's statistics as constants, but every x moves them",
    hint="no detach() and no no_grad() around the mean and variance that you normalise with",
    MyBatchNorm1d=edit("x.mean(dim=0), x.var(dim=0, correction=0)", "x.detach().mean(dim=0), x.detach().var(dim=0, correction=0)"),
)
variants.wrong(
    "mb.no_count",
    says="num_batches_tracked stays 0: it counts the batches seen in training mode",
    hint="raise it by 1 where you update the running statistics",
    MyBatchNorm1d=edit("                self.num_batches_tracked += 1\n", ""),
)

# Q3.1

variants.wrong(
    "q.keras.same",
    says="that number would mean the opposite: Keras's 0.99 is the weight of the old value, torch's is that of the new one",
    keras_momentum_in_torch="0.99",
)
variants.wrong(
    "q.keras.default",
    says="that is torch's default, which forgets ten times as fast: Keras's new value weighs 1 - 0.99",
    keras_momentum_in_torch="0.1",
)
variants.wrong(
    "q.keras.inverse", says="that is 1 / 0.99; the two weights of an average sum to 1", keras_momentum_in_torch="1.0101010101010102"
)
