"""P(True): the model is shown its own answer, and asked whether it is true.

An answer is drawn from the model's own distribution; with the question and some more answers that were drawn, a network
says how likely it is right. When asked, the answer is the model's likeliest.

    P(True)(x, a) = sigmoid(net(x, a, shares of drawn answers)),   loss = CE(P(True), whether a is right)
    s(x) = P(True)(x, likeliest answer)

Departs from the paper: a classifier of drawings in place of a language model that reads its answer; the network that
judges is trained, where the paper shows a few examples. As the classifier has learnt all drawings, answers to learn
from are those of two others, each trained on every second drawing and asked about the rest. For shares of drawn
answers it is shown what they tend to, the probabilities.

>>> import torch
>>> shown(torch.tensor([[5.0]]), torch.tensor([1]), torch.tensor([[0.2, 0.8]])).tolist()
[[5.0, 0.0, 1.0, 0.20000000298023224, 0.800000011920929]]
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.ood_detection.arena import OodDetectionMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def shown(x, answers, shares):
    """What is judged: features (N, W), the answer (N,) as one of c, and shares (N, c)."""
    return torch.cat([x, F.one_hot(answers, shares.shape[1]).float(), shares], 1)


def network(inputs, outputs, x):
    return nn.Sequential(nn.Linear(inputs, 128), nn.ReLU(), nn.Linear(128, outputs)).to(x.device)


class PTrue(OodDetectionMethod):
    card = Card(
        title="P(True), asked about the answer",
        papers=(Paper("Language Models (Mostly) Know What They Know", 2022, arxiv="2207.05221", covers="P(True)"),),
        fidelity="core",
        claims=(Beats("random-score", on="auroc", setting="misclassified"),),
        needs_scale=("The larger the model, the better it judges its own answers.",),
    )

    brainstorm: bool = param(True, "whether more drawn answers are shown beside the one to be judged")

    def fit(self, task):
        half, shares = torch.arange(len(task.x), device=task.x.device) % 2, task.x.new_zeros(len(task.x), task.kinds)
        for part in (0, 1):
            other = network(task.x.shape[1], task.kinds, task.x)
            rows = (half == part).nonzero().squeeze(1)
            task.fit(other.parameters(), lambda batch, other=other, rows=rows: F.cross_entropy(
                other(task.x[rows[batch % len(rows)]]), task.y[rows[batch % len(rows)]]), 300, 2e-3)
            shares[half != part] = other(task.x[half != part]).softmax(1)
        answers = torch.multinomial(shares.cpu(), 5, True, generator=task.generator).to(task.x.device)
        self.judge = network(task.x.shape[1] + 2 * task.kinds, 1, task.x)

        def loss(rows):
            drawn = answers[rows, torch.randint(5, (len(rows),), generator=task.generator).to(rows.device)]
            said = self.judge(self.seen(task.x[rows], drawn, shares[rows])).squeeze(1)
            return F.binary_cross_entropy_with_logits(said, (drawn == task.y[rows]).float())

        task.fit(self.judge.parameters(), loss, 300, 2e-3)

    def seen(self, x, answers, shares):
        return shown(x, answers, shares if self.brainstorm else torch.zeros_like(shares))

    def score(self, x, task):
        logits = task.logits(x)
        return self.judge(self.seen(x, logits.argmax(1), logits.softmax(1))).squeeze(1).sigmoid()
