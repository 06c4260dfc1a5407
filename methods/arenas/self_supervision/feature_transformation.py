"""Feature transformation: push the two positives apart and mix the negatives before they are compared.

Watching the scores of MoCo shows that positives that are too alike teach little. The features of the two views are
moved apart along the line through them, each output by its own random amount, so that they agree less; the queue's keys
are mixed with one another, so that there are more kinds of negatives. The loss then is MoCo's.

    q' = l q + (1 - l) k,   k' = l k + (1 - l) q,   l ~ 1 + Beta(2, 2) for each output
    n' = l n + (1 - l) n_shuffled,                  l ~ Beta(1.6, 1.6) for each output

Departs from the paper: encoder, projector, views, optimiser, queue and m are those of MoCo here, and so is its
temperature. As in the authors' code, mixed features are not put back on the sphere and a gradient reaches k' through q.

>>> import torch
>>> q, k = apart(torch.tensor([[1.0]]), torch.tensor([[0.5]]), torch.tensor([[1.5]]))
>>> q.item(), k.item()
(1.25, 0.25)
"""

import torch
import torch.nn.functional as F
from torch.distributions import Beta

from methods.arenas.self_supervision.arena import SelfSupervisionMethod
from methods.arenas.self_supervision.stage.queues import MovingKeys
from methods.arenas.self_supervision.stage.task import rate_factor
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def apart(q, k, share):
    """Both moved: towards each other where `share` is below 1, and away from each other above."""
    return share * q + (1 - share) * k, share * k + (1 - share) * q


class FeatureTransformation(SelfSupervisionMethod):
    card = Card(
        title="Feature transformation",
        papers=(Paper("Improving Contrastive Learning by Visualizing Feature Transformation", 2021,
                      arxiv="2108.02982"),),
        fidelity="faithful",
        claims=(Beats("moco", on="linear"),),
        reduces_to=("moco", {"positives": False, "negatives": False, "rate": 1.0}),
    )

    rate: float = rate_factor(0.3)
    tau: float = param(0.2, "temperature of the contrast", low=0.02, high=2.0)
    positives: bool = param(True, "move positives apart")
    negatives: bool = param(True, "mix negatives")
    alpha: float = param(2.0, "of the Beta that moves positives", low=0.1, high=10.0)
    beta: float = param(1.6, "of the Beta that mixes negatives", low=0.1, high=10.0)
    momentum: float = param(0.99, "what the slow copy keeps of itself in a step", low=0.0, high=0.999)
    queue: int = param(1024, "how many keys wait in the queue", low=64, high=4096)

    def network(self, task):
        net = task.network()
        self.keys = MovingKeys(net, task.projected, self.queue, self.momentum, task.generator)
        return net

    def step(self, net, task):
        x1, x2 = task.pair()
        key, queue = self.keys.of(x2), self.keys.queue.clone()
        q, k = F.normalize(net(x1), dim=1), key
        if self.positives:
            q, k = apart(q, k, 1 + Beta(self.alpha, self.alpha).sample(q.shape).to(q.device))
        if self.negatives:
            share = Beta(self.beta, self.beta).sample(queue.shape).to(q.device)
            queue = share * queue + (1 - share) * queue[torch.randperm(len(queue))]
        logits = torch.cat([(q * k).sum(1, keepdim=True), q @ queue.T], 1) / self.tau
        self.keys.push(key)
        return F.cross_entropy(logits, torch.zeros(len(q), dtype=torch.long, device=q.device))
