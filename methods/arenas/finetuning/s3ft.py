"""S3FT: where the model is already right, train on its own answer instead of the given one.

Given answers are often one of many right ones, in a style that is not the model's. Learning the foreign style costs
what the model knew. So an answer of the model's own that a judge accepts becomes the target; where the model is
wrong, its rewording of the given answer does.

    q = p_0(x) if argmax p_0(x) = y, else p_0(x) with the probabilities of y and of the wrong winner exchanged
    loss = CE(f(x), q)

Departs from the paper: with one right class there is no choice among right answers, which is the paper's point: what
runs is training on one's own distribution, mended where it is wrong; an answer is the whole distribution over classes
instead of a sampled text, the judge compares the most likely class, and exchanging two probabilities stands for the
rewording, which so never has to be given up for the plain label.

>>> import torch
>>> own_words(torch.tensor([[0.7, 0.2, 0.1], [0.7, 0.2, 0.1]]), torch.tensor([0, 1])).tolist() == [
...     torch.tensor([0.7, 0.2, 0.1]).tolist(), torch.tensor([0.2, 0.7, 0.1]).tolist()]
True
"""

import torch
import torch.nn.functional as F

from methods.arenas.finetuning.arena import FinetuningMethod
from methods.kit.method import Beats, Card, Paper


def own_words(p, y):
    """Targets (N, C) from the model's probabilities (N, C) and the right classes (N,)."""
    q, rows, winner = p.clone(), torch.arange(len(y), device=y.device), p.argmax(1)
    q[rows, y], q[rows, winner] = p[rows, winner], p[rows, y]
    return q


class S3ft(FinetuningMethod):
    card = Card(
        title="Selective self-to-supervised fine-tuning (S3FT)",
        papers=(Paper("Selective Self-to-Supervised Fine-Tuning for Generalization in Large Language Models", 2025,
                      arxiv="2502.08130"),),
        fidelity="proxy",
        claims=(Beats("full-fine-tuning", on="target_accuracy"),
                Beats("full-fine-tuning", on="source_accuracy"),
                Beats("full-fine-tuning", on="shifted_accuracy")),
    )

    @torch.no_grad()
    def prepare(self, net, task):
        self.targets = own_words(net(task.x).softmax(1), task.y)

    def loss(self, net, task):
        batch = task.draw()
        return F.cross_entropy(net(batch.x), self.targets[batch.index])
