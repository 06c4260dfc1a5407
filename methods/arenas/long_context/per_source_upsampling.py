"""Per-source upsampling: more of each source's long documents, the sources' shares as they were.

The base of rotary positions is raised, and the model goes on learning at eight times its length, with all attention.
Every source keeps its share; within each, long documents come more often.

    weight of a document = 5 if it fills a training text, else 1;   share of a source unchanged;   base 500,000

Departs from the paper: a document is long when it fills a training text of 520 pieces (4,096 in the paper); 40 batches
in place of billions of pieces.

>>> import torch
>>> from methods.arenas.long_context.stage.mixing import upsampled
>>> upsampled(torch.tensor([True, False, False]), 5.0).tolist()
[5.0, 1.0, 1.0]
"""

import torch

from methods.arenas.long_context.arena import LongContextMethod
from methods.arenas.long_context.stage.mixing import upsampled
from methods.kit.method import Beats, Card, Paper


class PerSourceUpsampling(LongContextMethod):
    card = Card(
        title="Per-source upsampling",
        papers=(Paper("Data Engineering for Scaling Language Models to 128K Context", 2024, arxiv="2402.10171"),),
        fidelity="faithful",
        claims=(Beats("global-upsampling", on="worst_bpb", setting="trained"),
                Beats("short-cuts", on="needle_bits", setting="trained", by=0.05),
                Beats("original-mix", on="tail_bpb", setting="trained"),
                Beats("vanilla", on="tail_bpb", setting="trained")),
    )
    trains = True
    factor = 5.0            # brings long documents from a third to two thirds of a source, as in the paper

    def batch(self, mix, many):
        return torch.stack([mix.text(at, upsampled(mix.is_long(at), self.factor))
                            for at in mix.drawn(mix.shares, many)])
