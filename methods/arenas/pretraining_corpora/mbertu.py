"""mBERTu: a multilingual model gets new units, learnt on the target, and goes on with the target's text.

    e_new = mean of the embeddings of the old units that it is cut into;   units that both have keep theirs

As in the paper, what the multilingual model cost is not counted: it makes twice the steps.

Departs from the paper: the new units replace the old ones instead of joining them, so that all have 512; a dialect
respelled by rules for Maltese; new embeddings begin as means instead of at random.

>>> import torch
>>> mean_rows(torch.tensor([[0.0], [2.0], [4.0]]), [[1, 2], [0]]).tolist()
[[3.0], [0.0]]
"""

import torch

from methods.arenas.pretraining_corpora.arena import PretrainingCorporaMethod
from methods.kit.method import Beats, Card, Paper


def mean_rows(rows, cut):
    """The mean of the rows (V, D) that each new one is cut into."""
    return torch.stack([rows[each].mean(0) for each in cut])


class Mbertu(PretrainingCorporaMethod):
    card = Card(
        title="mBERTu",
        papers=(Paper("Pre-training Data Quality and Quantity for a Low-Resource Language: New Corpus "
                      "and BERT Models for Maltese", 2022,
                      arxiv="2205.10517"),),
        fidelity="core",
        claims=(Beats("multilingual-text", on="probe_bits", setting="scarce", by=0.02),),
    )
    phases = ((("multi",), 1.0), (("target",), 1.0))

    def turn(self, net, task):
        old, new = task.units, task.learn_units(task.text(("target",)), self)
        made = task.blank(new.pieces)
        kept = {name: value for name, value in net.state_dict().items() if name != "embed.weight"}
        made.load_state_dict(kept, strict=False)
        with torch.no_grad():
            made.embed.weight.copy_(mean_rows(net.embed.weight, new.told_by(old)))
        return made, new
