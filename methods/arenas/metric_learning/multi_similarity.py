"""Multi-similarity: weight pairs by their own similarity and by how it stands among the others.

Pairs are kept that are informative beside the hardest of the other sort; among them softly hard ones count most.

    kept:  negatives with s > min_p s_p - eps,  positives with s < max_n s_n + eps,   eps = 0.1
    loss = mean_i  1/2 log(1 + sum_p exp(-2 (s_ip - 0.5))) + 1/50 log(1 + sum_n exp(50 (s_in - 0.5)))

Departs from the paper: drawings, network and batches are the arena's; the similarity 0.5 from which pairs count is that
of the authors' code, the paper has 1; 50 is the paper's, the code has 40.

>>> import torch
>>> weighed = soft(torch.tensor([[0.5, 0.5]]), torch.tensor([[True, False]]), torch.tensor([[False, True]]), 2, 50, 0.5)
>>> round(weighed.item(), 4)                                                            # log 2 / 2 + log 2 / 50
0.3604
"""

import torch
import torch.nn.functional as F

from methods.arenas.metric_learning.arena import MetricMethod
from methods.arenas.metric_learning.stage.losses import same_and_other
from methods.arenas.metric_learning.stage.task import rate_factor
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def soft(s, same, other, alpha, beta, base):
    """The mean over anchors of the two weighed sums over similarities (B, N)."""
    pulled = torch.where(same, -alpha * (s - base), -torch.inf)
    pushed = torch.where(other, beta * (s - base), -torch.inf)
    zero = s.new_zeros(len(s), 1)
    return (torch.cat([zero, pulled], 1).logsumexp(1) / alpha + torch.cat([zero, pushed], 1).logsumexp(1) / beta).mean()


class MultiSimilarity(MetricMethod):
    card = Card(
        title="Multi-similarity",
        papers=(Paper("Multi-Similarity Loss with General Pair Weighting for Deep Metric Learning", 2019,
                      arxiv="1904.06627"),),
        fidelity="core",
        claims=(Beats("contrastive", on="r1"), Beats("triplet-semi-hard", on="r1")),
    )

    rate: float = rate_factor(0.3)
    alpha: float = param(2.0, "how sharply near positives are left alone", low=0.5, high=10.0)
    beta: float = param(50.0, "how sharply near negatives are pushed", low=5.0, high=100.0)
    base: float = param(0.5, "similarity from which pairs count", low=0.0, high=1.0)
    eps: float = param(0.1, "slack of what is kept", low=0.0, high=0.5)

    def loss(self, z, y, task):
        z = F.normalize(z, dim=1)
        s = z @ z.T
        same, other = same_and_other(y)
        near = torch.where(other, s, -torch.inf).amax(1, keepdim=True)
        far = torch.where(same, s, torch.inf).amin(1, keepdim=True)
        return soft(s, same & (s < near + self.eps), other & (s > far - self.eps), self.alpha, self.beta, self.base)
