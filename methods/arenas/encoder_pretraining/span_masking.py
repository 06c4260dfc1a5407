"""Span masking: hide words in runs, seen from both sides, against reading to the right alone.

Runs of l ~ Geometric(0.2), at most 10, are hidden until 15 % of the words are; a whole run is masked, exchanged or
left, at 80/10/10.

    L = - mean over hidden t of log p(x_t | x~)

The survey compares what sees both sides with what sees one. It begins from random weights, as its rival does.

Departs from the paper: it is a survey; this is one of the two-sided tasks that it lists, without SpanBERT's loss at
the borders of runs.

>>> spans([0.5, 0.0], [3, 2], 6, 3).tolist()          # the run of three begins at 3, all of 15 % is used up
[False, False, False, True, True, True]
"""

import torch

from methods.arenas.encoder_pretraining.arena import EncoderPretrainingMethod
from methods.arenas.encoder_pretraining.stage.task import guessed
from methods.arenas.encoder_pretraining.stage.words import MASK
from methods.kit.method import Beats, Card, Paper


def spans(starts, lengths, size, many):
    """(size,) which words are hidden: runs at `starts` (as shares of the window) until there are `many`."""
    hidden = torch.zeros(size, dtype=torch.bool)
    for start, length in zip(starts, lengths, strict=True):
        at = int(start * size)
        left = many - int(hidden.sum())
        hidden[at:at + min(length, left)] = True
    return hidden


class SpanMasking(EncoderPretrainingMethod):
    card = Card(
        title="Span masking",
        papers=(Paper("Can bidirectional encoder become the ultimate winner for downstream applications of "
                      "foundation models?", 2024, arxiv="2411.18021"),),
        fidelity="proxy",
        claims=(Beats("causal-language-model", on="probe_bits", by=0.02),),
    )

    def prepare(self, task):
        return task.blank()

    def loss(self, net, task):
        ids = task.draw()
        many, tries = max(1, round(0.15 * task.length)), 8
        starts = task.lots(len(ids), tries).tolist()
        lengths = (1 + (task.lots(len(ids), tries).clamp(min=1e-9).log() / torch.tensor(0.8).log()).long()).clamp(
            max=10).tolist()
        chosen = torch.stack([spans(*drawn, task.length, many) for drawn in zip(starts, lengths, strict=True)]).to(
            ids.device)
        kind = task.lots(*ids.shape)
        first = chosen & ~torch.cat([torch.zeros_like(chosen[:, :1]), chosen[:, :-1]], 1)
        kind = kind.gather(1, torch.where(first, torch.arange(task.length, device=ids.device), 0).cummax(1).values)
        shown = torch.where(kind < 0.8, MASK, torch.where(kind < 0.9, task.any_words(*ids.shape), ids))
        return guessed(net, net(torch.where(chosen, shown, ids)), ids, chosen)
