"""ptt5-v2: go on in the new language by filling in spans that were taken out.

    x = a s1 b s2 c   ->   a <1> b <2> c <1> s1 <2> s2,   about 15 % of the pieces in spans of three;
    L = mean -log p(y_i | y_<i),   the rate is constant

Departs from the paper: a decoder reads text and spans in one row and learns from both, where the paper's decoder says
the spans alone; the pieces stay as they were.

>>> import torch
>>> taken_out(torch.arange(10, 20), [(1, 2), (5, 2)]).tolist()
[10, 1, 13, 14, 2, 17, 18, 19, 1, 11, 12, 2, 15, 16]
"""

import torch

from methods.arenas.continual_pretraining.arena import ContinualPretrainingMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def taken_out(window, spans):
    """A window (T,) with spans (first, many) replaced by reserved pieces 1, 2, ... and said after it."""
    text, said, end = [], [], 0
    for i, (first, many) in enumerate(spans, 1):
        mark = window.new_tensor([i])
        text += [window[end:first], mark]
        end = first + many
        said += [mark, window[first:end]]
    return torch.cat([*text, window[end:], *said])


class Ptt5(ContinualPretrainingMethod):
    card = Card(
        title="ptt5-v2",
        papers=(Paper("ptt5-v2: A Closer Look at Continued Pretraining of T5 Models for the Portuguese Language", 2024,
                      arxiv="2406.10806"),),
        fidelity="proxy",
        claims=(Beats("no-training", on="new_bpb", by=0.05), Beats("from-scratch", on="new_bpb", by=0.05)),
    )
    rate_factor = 1 / 3

    hidden: float = param(0.15, "of the pieces, in spans", low=0.05, high=0.3)
    span: int = param(3, "pieces in a span", low=1, high=5)

    def rate(self, task):
        return 1.0

    def batch(self, task):
        windows = task.draw()
        many = min(7, max(1, round(self.hidden * windows.shape[1] / self.span)))       # the reserved pieces are few
        part = windows.shape[1] // many
        at = torch.randint(1, part - self.span + 1, (len(windows), many), generator=task.generator)
        return torch.stack([taken_out(window, [(i * part + first, self.span) for i, first in enumerate(row)])
                            for window, row in zip(windows, at.tolist(), strict=True)])
