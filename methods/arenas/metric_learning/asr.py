"""ASR: a policy over distances draws the negatives, and is paid by what validation drawings find.

Which negatives help changes while the network learns, so no rule fits. A softmax over eight bins of distance is asked
for each pair; now and then the gain in recall on validation kinds is the reward of all draws since.

    bin ~ softmax(phi),   negative drawn evenly from the anchor's others in that bin
    phi <- phi + eta (R - b) sum grad log softmax(phi)_bin / draws,   R = change of recall at 1, b its running mean
    loss: the margin loss, beta learnt from 1.2

Departs from the paper: from its abstract; the policy has no input, twenty rewards are paid, each on 400 validation
drawings, and eta is ours.

>>> import torch
>>> paid(torch.zeros(2), torch.tensor([3.0, 1.0]), 1.0, 1.0).tolist()                     # (share - 1/2) of each bin
[0.25, -0.25]
"""

import torch
from torch import nn

from methods.arenas.metric_learning.arena import MetricMethod
from methods.arenas.metric_learning.stage.losses import distances, margin_loss, positives, same_and_other
from methods.arenas.metric_learning.stage.task import rate_factor
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param

BINS, REWARDS = 8, 20


def paid(phi, draws, gain, eta):
    """The scores of bins (K,) after a gain for so many draws of each."""
    return phi + eta * gain * (draws / draws.sum().clamp(min=1) - phi.softmax(0))


class Asr(MetricMethod):
    card = Card(
        title="ASR",
        papers=(Paper("Sampling Through the Lens of Sequential Decision Making", 2022, arxiv="2208.08056"),),
        fidelity="core",
        claims=(Beats("margin-random", on="r1", by=0.5), Beats("margin-distance-weighted", on="r1", by=0.5),
                Beats("triplet-semi-hard", on="r1", by=0.5)),
    )

    rate: float = rate_factor(3.0)
    eta: float = param(1.0, "how far a reward of one point moves the policy", low=0.0, high=10.0)

    def head(self, task):
        self.phi, self.draws = torch.zeros(BINS), torch.zeros(BINS)
        self.before, self.usual = None, 0.0
        head = nn.Module()
        head.beta = nn.Parameter(torch.tensor(1.2))
        return head

    def loss(self, z, y, task):
        d = distances(z)
        anchor, positive = positives(y)
        other = same_and_other(y)[1][anchor].cpu()
        edges = torch.linspace(0.4, 1.6, BINS - 1)
        bins = torch.bucketize(d.detach().cpu()[anchor], edges)
        wanted = torch.multinomial(self.phi.softmax(0), len(anchor), replacement=True, generator=task.generator)
        inside = other & (bins == wanted[:, None])
        chances = torch.where(inside.any(1, keepdim=True), inside, other).float()
        negative = torch.multinomial(chances, 1, generator=task.generator)[:, 0]
        self.draws += bins.gather(1, negative[:, None])[:, 0].bincount(minlength=BINS)
        return margin_loss(d, anchor, positive, negative.to(z.device), self.trained_head.beta, 0.2)

    def after_step(self, net, task):
        if (task.step + 1) % max(1, task.steps // REWARDS):
            return
        net.eval()
        now = task.validated(net, 400)
        net.train()
        if self.before is not None:
            gain = now - self.before
            self.phi = paid(self.phi, self.draws, gain - self.usual, self.eta)
            self.usual = 0.8 * self.usual + 0.2 * gain
        self.before, self.draws = now, torch.zeros(BINS)
