"""A language model that learns pictures: training goes on from text, on names and pieces of pictures.

    L = mean -log p(x_i | x_<i) over [words; pieces of the picture],   from the language model's weights

Pieces of pictures have embeddings of their own, drawn anew. Where the target has another shape, the source is padded.

Departs from the paper: pictures are 49 greys of eight, not codes of a learnt tokenizer; the loss counts all pieces
alike.

>>> 7 * 7 + 5
54
"""

import torch

from methods.arenas.warm_start.arena import WarmStartMethod
from methods.arenas.warm_start.stage.growing import overlap
from methods.kit.method import Card, Matches, Paper


class PlmImageTokens(WarmStartMethod):
    card = Card(
        title="Text model for pictures",
        papers=(Paper("Pre-trained Language Models Do Not Help Auto-regressive Text-to-Image Generation", 2023,
                      arxiv="2311.16201"),),
        fidelity="core",
        claims=(Matches("scratch", on="end_bits", within=0.01, setting="other-modality"),),
    )

    def initialise(self, target, task):
        drawn = target.embed.weight[:task.greys].detach().clone()                # pieces that no text has
        overlap(target, task.source)
        with torch.no_grad():
            target.embed.weight[:task.greys] = drawn
