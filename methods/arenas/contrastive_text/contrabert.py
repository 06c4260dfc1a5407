"""ContraBERT: guess hidden tokens, and find a program by its rewritten copy among those of a queue.

The copy is read by a slow average of the network; what it read before stays in a queue as that with which copies are
confused.

    L = MLM(x) - log exp(q k+ / tau) / sum over k+ and the queue exp(q k / tau),   slow <- m slow + (1 - m) network

Departs from the paper: code alone, without its comments; names exchanged, idle lines and conditions rewritten are all
the ways of rewriting; q is of the function as it is, and so are the tokens guessed; the queue holds 512 and m = 0.99,
as there are 60 steps; in the first step the batch stands for the queue, with k+ among it.

>>> import torch
>>> round(queued(torch.eye(2), torch.eye(2), torch.zeros(1, 2), 1.0).item(), 4)            # log(1 + e^0 / e^1)
0.3133
"""

import copy

import torch
import torch.nn.functional as F

from methods.arenas.contrastive_text.arena import ContrastiveTextMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param

SAME = ("names", "padding", "law")


def queued(q, k, queue, tau):
    """Mean nats of each q's own k (B, D) against the queue (M, D)."""
    logits = torch.cat([(q * k).sum(1, keepdim=True), q @ queue.T], 1) / tau
    return F.cross_entropy(logits, torch.zeros(len(q), dtype=torch.long, device=q.device))


class Contrabert(ContrastiveTextMethod):
    card = Card(
        title="ContraBERT",
        papers=(Paper("ContraBERT: Enhancing Code Pre-trained Models via Contrastive Learning", 2023,
                      arxiv="2301.09072"),),
        fidelity="core",
        claims=(Beats("mlm-only", on="attacked_mrr"), Beats("simcse", on="attacked_mrr")),
        needs_scale=("Search, clone detection, translation and summarising of code become better.",),
    )

    tau: float = param(0.07, "temperature of the softmax", low=0.01, high=1.0)
    momentum: float = param(0.99, "what the slow network keeps of itself in a step", low=0.0, high=0.9999)
    many: int = param(512, "copies in the queue", low=1, high=4096)

    def fit(self, task):
        encoder = task.encoder()
        slow, self.queue = copy.deepcopy(encoder).requires_grad_(False), None

        def loss(ids, rows):
            with torch.no_grad():
                k = slow(task.rewritten(SAME, rows))
            earlier = k.roll(1, 0) if self.queue is None else self.queue
            value = task.guess(encoder, ids) + queued(encoder(ids), k, earlier, self.tau)
            self.queue = (k if self.queue is None else torch.cat([k, self.queue]))[:self.many]
            return value

        def after():
            with torch.no_grad():
                for kept, fresh in zip(slow.parameters(), encoder.parameters(), strict=True):
                    kept.lerp_(fresh, 1 - self.momentum)

        task.train([encoder], loss, after)
        return encoder
