"""DASK: attach to the source's telling words the target words they go with.

Pivots are words that are frequent in both domains and speak for one class. The unlabelled target says which other
words stand beside a pivot; some of these are put into source texts that hold the pivot, so that the classifier learns
them under the source's labels. How much a word speaks for a class is a moving average over source labels and sure
answers to target texts, and pivots are chosen anew as it moves.

    s_w <- (1 - a) s_w + a * polarity of w in the batch, for words in it; likewise t_w on sure target texts
    pivots: the largest max_c |s_w(c) + t_w(c)| / 2 among words frequent in both domains
    x' = max(x, weight * pivots(x) G),   G: the words most often beside a pivot in the target

Departs from the paper: texts are bags of words, so that neighbours are added to the bag instead of to the sentence of a
language model, and stand together in a text instead of in a dependency; inputs that are not words are treated alike.

>>> import torch
>>> polarity(torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.eye(2))[0].tolist()       # word 0 is of class 0 alone
[0.5, -0.5]
>>> moved(torch.zeros(2, 2), torch.tensor([[1.0, 0.0]]), torch.eye(2)[:1], 0.1)[0, 0].item()     # 0.1 * 0.5
0.05000000074505806
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from methods.arenas.domain_adaptation.arena import SOURCE_GONE, DomainAdaptationMethod
from methods.arenas.domain_adaptation.stage.nets import predict
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def polarity(words: Tensor, p: Tensor) -> Tensor:
    """(V, C): share of each class among texts p (N, C) that hold a word (N, V), minus the even share."""
    share = (words.T @ p) / words.sum(0)[:, None].clamp_min(1e-6)
    return torch.where(words.sum(0)[:, None] > 0, share - 1 / p.shape[1], torch.zeros_like(share))


def moved(old: Tensor, words: Tensor, p: Tensor, a: float) -> Tensor:
    """Polarities (V, C) of the words that these texts hold moved by a; the others stay."""
    return torch.where(words.sum(0)[:, None] > 0, (1 - a) * old + a * polarity(words, p), old)


class Dask(DomainAdaptationMethod):
    card = Card(
        title="DASK",
        papers=(Paper("Domain-Adaptive Text Classification with Structured Knowledge from Unlabeled Data", 2022,
                      arxiv="2206.09591"),),
        fidelity="core",
        claims=(Beats("source-only", on="target_accuracy", setting="sentiment"),
                Beats("dann", on="target_accuracy", setting="sentiment")),
        waivers=SOURCE_GONE,
    )

    pivots: int = param(50, "how many pivots there are", low=1, high=300)
    neighbours: int = param(5, "words attached to a pivot", low=1, high=30)
    weight: float = param(0.5, "how much an attached word counts", low=0.0, high=1.0)
    confidence: float = param(0.9, "probability from which an answer to a target text is believed", low=0.0, high=1.0)

    def begin(self, net, task):
        words = (task.unlabelled.flatten(1) > 0).float()                         # (N, V)
        usual = words.mean(0)
        self.beside = (words.T @ words / words.sum(0)[:, None].clamp_min(1) - usual).fill_diagonal_(-1.0)
        drawn = [task.source() for _ in range(10)]
        held = (torch.cat([x for x, _ in drawn]).flatten(1) > 0).float()
        self.common = (held.mean(0) >= 0.01) & (usual >= 0.01)
        self.in_source = polarity(held, F.one_hot(torch.cat([y for _, y in drawn]), task.classes).float())
        self.in_target = self.in_source.clone()
        task.optimise((net.parameters(), 1.0))

    def graph(self):
        """(V, V): for each pivot the target words attached to it, zero elsewhere."""
        score = ((self.in_source + self.in_target) / 2).abs().amax(1) * self.common
        pivots = score.topk(min(self.pivots, len(score))).indices
        near = self.beside[pivots].topk(min(self.neighbours, len(score)), dim=1)
        graph = torch.zeros_like(self.beside)
        graph[pivots[:, None], near.indices] = (near.values > 0).float()
        return graph

    def loss(self, net, task):
        (x, y), (_, u) = task.source(), task.target()
        flat = x.flatten(1)
        held = (flat > 0).float()
        self.in_source = moved(self.in_source, held, F.one_hot(y, task.classes).float(), 0.1)
        sure, labels = predict(net, u)[1].softmax(1).max(1)
        believed = sure > self.confidence
        if believed.any():
            self.in_target = moved(self.in_target, (u.flatten(1) > 0).float()[believed],
                                   F.one_hot(labels[believed], task.classes).float(), 0.1)
        if task.due(10):
            self.attached = self.graph()
        extra = (held @ self.attached).clamp(max=1) * flat.amax(1, keepdim=True) * self.weight
        return F.cross_entropy(net(torch.maximum(flat, extra).view_as(x)), y)
