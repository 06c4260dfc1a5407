"""Source Prompt: every text has a piece before it that tells its source, in training and when the model is asked.

    L = - mean over t of log p(x_t | s, x_<t),   no loss on s

The piece s is learnt, one for each source.

Departs from the paper: the model has read text without such pieces before, as all here; it is asked for bits of the
sources' own text, where the paper tunes on other tasks with a source before them.

>>> import torch
>>> before(torch.tensor([[3]]), torch.tensor([[20, 21]])).first
1
"""

from methods.arenas.causal_pretraining.arena import CausalPretrainingMethod
from methods.arenas.causal_pretraining.stage.task import before
from methods.kit.method import Beats, Card, Paper


class SourcePrompt(CausalPretrainingMethod):
    card = Card(
        title="Source Prompt",
        papers=(Paper("Source Prompt: Coordinated Pre-training of Language Models on Diverse Corpora from Multiple "
                      "Sources", 2023, arxiv="2311.09732"),),
        fidelity="core",
        claims=(Beats("plain-text", on="tagged_bpb", by=0.005), Beats("plain-text", on="worst_bpb", by=0.005)),
    )

    def batch(self, task):
        if task.specialising:
            return super().batch(task)
        windows = task.draw()
        return before(task.source[task.rows, None], windows)

    def prefix(self, sources, task):
        return sources[:, None]
