"""BudgetLongformer: replaced-token detection for an encoder whose words look at near words alone.

    L = L_MLM(G) + 50 mean over all t of BCE(w . h_t, x~_t is not x_t),

A word attends to those within 8 places and to the first, which attends everywhere.

Departs from the paper: windows of 32 or 64 words, which full attention could read as well; it goes on from an encoder
that has read with it; general English; the paper's summaries are out of reach. Detection hardly learns at this size.

>>> BudgetLongformer().window
16
"""

import torch

from methods.arenas.encoder_pretraining.stage.replaced import Replaced
from methods.arenas.encoder_pretraining.stage.windows import local
from methods.kit.method import Card, Paper
from methods.kit.params import param


class BudgetLongformer(Replaced):
    card = Card(
        title="BudgetLongformer",
        papers=(Paper("BudgetLongformer: Can we Cheaply Pretrain a SotA Legal Language Model From Scratch?", 2022,
                      arxiv="2211.17135"),),
        fidelity="core",
        needs_scale=("Detection reaches the quality of masked words with much less computing on long documents.",),
    )

    window: int = param(16, "words that are seen, half to each side", low=2, high=32)

    def loss(self, net, task):
        made = self.corrupt(net, task, task.draw())
        return made.loss + 50 * self.detection(net, task, self.states(net, made.ids)[-1], made.changed)

    def states(self, net, ids):
        first = torch.zeros_like(ids[:1], dtype=torch.bool)
        first[:, 0] = True
        return net.states(ids, mask=local(ids.shape[1], first, self.window))
