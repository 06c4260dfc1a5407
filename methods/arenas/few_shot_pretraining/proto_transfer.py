"""ProtoTransfer: each unlabelled drawing is a kind of its own, then a linear layer starts from the means.

ProtoCLR draws N drawings without labels; each stands for itself, and Q distorted views of it are the queries of an
episode of N kinds. ProtoTune takes, in a test episode, the linear layer that does what the nearest mean does, and
trains it, the network fixed, for 15 epochs on the given drawings.

    loss = CE(-|f(view x_i) - f(x_j)|^2, i) over j = 1..N
    W_c = 2 m_c,   b_c = -|m_c|^2,   then 15 epochs of Adam at 0.001 on the given drawings

Departs from the paper: N is as many as fit into the arena's batch (paper: 50); network, views and optimiser are the
arena's. Each tuning step takes one drawing of every kind, in place of as many at random.

>>> import torch
>>> w, b = linear_of(torch.tensor([[[1.0, 2.0], [3.0, 0.0]]]))
>>> w.tolist(), b.tolist()
([[[2.0, 4.0], [6.0, 0.0]]], [[-5.0, -9.0]])
"""

import torch
import torch.nn.functional as F

from methods.arenas.few_shot_pretraining.arena import PretrainingMethod
from methods.arenas.few_shot_pretraining.stage.task import episode_loss, rate_factor, squared_distances
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.params import param


def linear_of(means):
    """Weights (E, W, D) and offsets (E, W) that rank kinds as squared distances to `means` (E, W, D) do."""
    return 2 * means, -means.square().sum(2)


class ProtoTransfer(PretrainingMethod):
    card = Card(
        title="ProtoTransfer",
        papers=(Paper("Self-Supervised Prototypical Transfer Learning for Few-Shot Classification", 2020,
                      arxiv="2006.11325"),),
        fidelity="faithful",
        claims=(Beats("umtra-proto-net", on="accuracy"), Beats("umtra-proto-net", on="accuracy", setting="one-shot"),
                Beats("untrained", on="accuracy"),
                Matches("proto-net", on="accuracy", within=3.0, setting="other-domain")),
        reduces_to=("umtra-proto-net", {"queries": 1, "ways": 10, "epochs": 0}),
    )
    uses_labels = False

    rate: float = rate_factor(3.0)
    queries: int = param(3, "distorted views of each drawing", low=1, high=5)
    ways: int = param(50, "drawings an episode has at most", low=5, high=50)
    epochs: int = param(15, "passes of the linear layer over the given drawings", low=0, high=100)

    def step(self, net, task):
        many = min(self.ways, task.batch // (1 + self.queries))
        x = task.pictures[task.draw(many)]
        seen = torch.cat([x, task.view(x.repeat_interleave(self.queries, 0), 1.0)])
        z = net(seen)
        return episode_loss(-squared_distances(z[many:], z[:many]).unflatten(0, (many, self.queries)))

    def classify(self, asked, task):
        w, b = (each.clone().requires_grad_() for each in linear_of(asked.support.mean(2)))
        episodes, ways, shots, _ = asked.support.shape
        y = torch.arange(ways, device=w.device).repeat(episodes)
        optimizer = torch.optim.Adam([w, b], 0.001)
        for _ in range(self.epochs):
            for s in range(shots):
                logits = asked.support[:, :, s] @ w.transpose(1, 2) + b[:, None]
                loss = F.cross_entropy(logits.flatten(0, 1), y, reduction="sum") / ways
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        return (asked.query @ w.transpose(1, 2) + b[:, None]).detach()
