"""ERNIE 3.0 Titan: half of the texts have their attributes before them, and the model tells them from its own.

    L = - mean log p(x_t | a, x_<t) + BCE(real | w . h_T + b),   a before the text with probability 1/2

a is the source and, half of these times, two of the text's rarest pieces. Every ten steps the model writes the second
half of eight windows itself; the last state of these, and of as many that were written by people, is judged.

Departs from the paper: its losses of understanding and of knowledge, and the distillation into smaller models while it
trains, are left out; of five attributes two are used; the judged state is the last, as the model reads to the left.
What is judged it has just written itself, where the paper has it written beforehand by the model that came before.

>>> import torch
>>> rarest(torch.tensor([[5, 9, 7]]), torch.tensor([0, 0, 0, 0, 0, 9, 0, 4, 0, 1]), 2).tolist()
[[9, 7]]
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.causal_pretraining.arena import CausalPretrainingMethod
from methods.arenas.causal_pretraining.stage.task import before, nats
from methods.kit.method import Beats, Card, Matches, Paper

EVERY, WRITTEN, WORDS = 10, 8, 2


def rarest(windows, counts, many):
    """(B, many) the pieces of each window that are rarest in the text."""
    at = counts[windows].topk(many, largest=False).indices
    return windows.gather(1, at)


@torch.no_grad()
def written(net, windows, uniform):
    """Windows whose second half the model wrote, one piece after another, by chance."""
    ids = windows[:, :windows.shape[1] // 2]
    for lots in uniform.T:
        sums = net(ids)[:, -1].softmax(-1).cumsum(-1)
        said = torch.searchsorted(sums, lots[:, None].contiguous()).clamp(max=sums.shape[1] - 1)
        ids = torch.cat([ids, said], 1)
    return ids


class ErnieTitan(CausalPretrainingMethod):
    card = Card(
        title="ERNIE 3.0 Titan",
        papers=(Paper("ERNIE 3.0 Titan: Exploring Larger-scale Knowledge Enhanced Pre-training for Language "
                      "Understanding and Generation", 2021, arxiv="2112.12731"),),
        fidelity="core",
        claims=(Matches("plain-text", on="bits_per_byte", within=0.01),
                Beats("plain-text", on="steering", by=0.02)),
    )

    def prepare(self, task):
        net = task.start()
        net.judge = nn.Linear(net.width, 1).to(task.device)
        nn.init.zeros_(net.judge.bias)
        self.counts = torch.bincount(task.text.flatten(), minlength=task.pieces)
        return net

    def batch(self, task):
        lot = float(task.lots(1))
        if task.specialising or lot < 0.5:
            return super().batch(task)
        windows = task.draw()
        told = task.source[task.rows, None]
        if lot < 0.75:
            told = torch.cat([told, rarest(windows, self.counts, WORDS)], 1)
        return before(told, windows)

    def loss(self, net, batch, task):
        value = nats(net, batch).mean()
        if task.step % EVERY:
            return value
        windows = task.draw()[:WRITTEN]
        half = windows.shape[1] - windows.shape[1] // 2
        both = torch.cat([windows, written(net, windows, task.lots(len(windows), half))])
        real = torch.arange(len(both), device=both.device) < len(windows)
        said = net.judge(net.norm(net.states(both)[-1][:, -1]))[:, 0]
        return value + F.binary_cross_entropy_with_logits(said, real.float())

    def prefix(self, sources, task):
        return sources[:, None]
