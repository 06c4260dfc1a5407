"""MemSPM: a memory of several sub-prototypes per class, for classes that are not of one kind.

A learnable memory holds sub-prototypes. A feature is rebuilt from the few most similar of them, and only what was
rebuilt is classified, and decoded back to the picture, which keeps the memory grounded in what pictures look like.
Target features are clustered; a cluster and a sub-prototype that are each other's nearest are drawn together, and
pictures of clusters without a partner are unknown.

    w = normalise(shrink(softmax(z M^T / t))),   z^ = sum of the k largest w_j m_j
    loss = CE(head(z^), y) + |decode(z^) - x|^2 + weight * (1 - cos(z, partner))

Departs from the paper: a small convolutional network, trained throughout where the paper's encoder is fixed, with a
linear decoder; clusters meet sub-prototypes by z instead of z^; the shrinking threshold is one over the number of
sub-prototypes instead of adaptive; sub-prototypes that start from k-means on
source features, and as many target clusters as there are sub-prototypes.

>>> import torch
>>> m = torch.eye(2)
>>> recall(torch.tensor([[1.0, 0.0]]), m, 1, 0.1)[0].tolist()        # the nearest item alone
[1.0, 0.0]
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.domain_adaptation.arena import SOURCE_GONE, DomainAdaptationMethod
from methods.arenas.domain_adaptation.stage.nets import cluster, predict
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def recall(z: Tensor, memory: Tensor, k: int, t: float) -> Tensor:
    """(B, D) rebuilt from the k nearest items of memory (M, D)."""
    w = (F.normalize(z, dim=1) @ F.normalize(memory, dim=1).T / t).softmax(1)
    top = w.topk(min(k, len(memory)), dim=1)
    kept = (top.values - 1 / len(memory)).relu() + 1e-8
    kept = kept / kept.sum(1, keepdim=True)
    return (kept[:, :, None] * memory[top.indices]).sum(1)


class MemSpm(DomainAdaptationMethod):
    card = Card(
        title="MemSPM",
        papers=(Paper("Memory-Assisted Sub-Prototype Mining for Universal Domain Adaptation", 2023,
                      arxiv="2310.05453"),),
        fidelity="core",
        claims=(Beats("source-only", on="h_score", setting="universal"),
                Beats("ovanet", on="h_score", setting="universal")),
        waivers={**SOURCE_GONE, "knob:strictness": "no class is private in the default setting"},
    )

    per_class: int = param(4, "sub-prototypes for each class", low=1, high=10)
    k: int = param(5, "items a feature is rebuilt from", low=1, high=10)
    weight: float = param(0.5, "how much partners are drawn together", low=0.0, high=2.0)
    strictness: float = param(0.5, "how far a partner lowers the threshold of one half, and its lack raises it",
                              low=0.0, high=0.5)

    def begin(self, net, task):
        x = torch.cat([task.source()[0] for _ in range(8)])
        with torch.no_grad():
            centres, _ = cluster(net.eval().features(x), self.per_class * task.classes, task.random)
        self.memory = nn.Parameter(centres.clone())
        self.decode = nn.Linear(net.dim, x[0].numel()).to(x.device)
        self.centres, self.private = None, task.private
        task.optimise((net.parameters(), 1.0), ([self.memory], 2.0), (self.decode.parameters(), 2.0))

    def loss(self, net, task):
        (x, y), (_, u) = task.source(), task.target()
        if len(task.unlabelled) > 1 and task.due(6):
            self.match(predict(net, task.unlabelled)[0], task)
        z = net.features(x)
        rebuilt = recall(z, self.memory, self.k, 0.1)
        loss = F.cross_entropy(net.head(rebuilt), y) + (self.decode(rebuilt) - x.flatten(1)).square().mean()
        if self.centres is not None and len(u) > 1 and self.paired.any():
            v = net.features(u)
            member = torch.cdist(v.detach(), self.centres).argmin(1)
            drawn = 1 - F.cosine_similarity(v, self.memory[self.partner[member]])
            loss = loss + self.weight * (drawn * self.paired[member]).mean()
        return loss

    @torch.no_grad()
    def match(self, z, task):
        """Clusters of the target, and which are the mutual nearest of a sub-prototype."""
        self.centres, _ = cluster(z, len(self.memory), task.random)
        near = F.normalize(self.centres, dim=1) @ F.normalize(self.memory, dim=1).T
        self.partner = near.argmax(1)
        self.paired = near.argmax(0)[self.partner] == torch.arange(len(self.centres), device=z.device)

    def end(self, net, task):
        if len(task.unlabelled) > 1:
            self.match(predict(net, task.unlabelled)[0], task)

    def scores(self, net, x):
        z = net.features(x)
        p = net.head(recall(z, self.memory, self.k, 0.1)).softmax(1)
        if not self.private or self.centres is None:
            return p.clamp_min(1e-8).log()
        alone = ~self.paired[torch.cdist(z, self.centres).argmin(1)]
        refused = 0.5 + self.strictness * (2 * alone[:, None].to(p) - 1)
        return torch.cat([p, refused], 1).clamp_min(1e-8).log()
