"""GeneCIS combiner: learn to join picture and word from pairs that captions say differ in one word alone.

Pairs are mined from captions: two pictures whose captions share all words but one. The target's word of the two is the
condition, and a network of picture and word is to point at the target among the batch.

    F(image, text) = normalised(g(both) + s(both) text + (1 - s(both)) image),   s in 0..1
    L = -log softmax_j(s' F(image_i, text_i) . target_j)_i over a batch, s' = 10

Departs from the paper: captions of four words need no parsing, and share three words instead of a subject; the backbone
is small and stands still, where the paper tunes it as well; nothing is dropped out in the
network that joins; s' is that of the arena's backbone.

>>> import torch
>>> codes = torch.tensor([[0, 5], [1, 5], [2, 6]])                          # the first two share their second word
>>> partners(codes, 0).tolist()
[[0, 1], [1, 0]]
"""

import torch

from methods.arenas.conditional_retrieval.arena import ConditionalRetrievalMethod
from methods.arenas.conditional_retrieval.stage.combiner import Combiner
from methods.arenas.conditional_retrieval.stage.task import WIDTH, info_nce
from methods.kit.method import Beats, Card, Paper


def partners(captions, slot):
    """Pairs (M, 2) of rows whose captions (N, n) share all words but that at a slot, one partner each."""
    rest = captions.clone()
    rest[:, slot] = 0
    group = rest.unique(dim=0, return_inverse=True)[1]
    order = (group * (int(captions.max()) + 2) + captions[:, slot]).argsort(stable=True)
    first = torch.searchsorted(group[order].contiguous(), group[order].contiguous())
    size = torch.bincount(group)[group[order]]
    place = torch.arange(len(order), device=order.device) - first
    other = order[first + (place + (size // 2).clamp(min=1)) % size]
    kept = captions[order, slot] != captions[other, slot]
    return torch.stack([order, other], 1)[kept]


class GenecisCombiner(ConditionalRetrievalMethod):
    card = Card(
        title="GeneCIS combiner",
        papers=(Paper("GeneCIS: A Benchmark for General Conditional Image Similarity", 2023, arxiv="2306.07969"),),
        fidelity="core",
        claims=tuple(Beats(rival, on="r1") for rival in ("image-only", "text-only", "sum")),
    )

    def fit(self, task):
        self.net = Combiner(WIDTH, task.options.hidden).to(task.device)
        mined = [partners(task.captions, slot) for slot in range(task.captions.shape[1])]
        pairs = torch.cat(mined)
        slots = torch.cat([torch.full((len(each),), i, device=task.device) for i, each in enumerate(mined)])

        def loss(many):
            at = torch.randint(len(pairs), (many,)).to(task.device)
            source, target = pairs[at].T
            word = task.captions[target].gather(1, slots[at][:, None])
            return info_nce(self.net(task.image[source], task.text(word)), task.image[target], task.options.scale)

        task.train(self.net, loss)

    def combine(self, image, text):
        return self.net(image, text)
