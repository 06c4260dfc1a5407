"""Syntax trees: code as its tree written in brackets; hidden words and hidden subtrees of it are guessed.

    (kind leaf (kind ...)) in the order of opening; half of the windows hide 15 % of all signs, half one whole subtree

Labels are learnt and asked on trees too. Only `code` has trees; elsewhere a run of words takes the subtree's place.

Departs from the paper: abstract trees; an encoder alone, so spans are guessed in place; 64 signs of a tree, which cover
less code than 64 signs of plain text; a subtree is cut after twelve signs.

>>> SyntaxTrees().reads
'trees'
"""

import torch

from methods.arenas.masked_adaptation.arena import MaskedAdaptationMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class SyntaxTrees(MaskedAdaptationMethod):
    card = Card(
        title="Syntax trees",
        papers=(Paper("Structured Code Representations Enable Data-Efficient Adaptation of Code Language Models", 2024,
                      arxiv="2401.10716"),),
        fidelity="core",
        claims=(Beats("dapt", on="log_loss", setting="code", by=0.02),),
    )
    reads = "trees"

    longest: int = param(12, "signs of a subtree that are hidden at most", low=1, high=32)

    def hide(self, ids, task):
        chosen = task.choose(ids, self.share)
        depth = task.marks[ids].cumsum(1)
        at = (task.lots(*ids.shape) + (task.marks[ids] > 0)).argmax(1, keepdim=True)
        places = torch.arange(ids.shape[1], device=ids.device)
        inside = (places >= at) & (places < at + self.longest)
        shut = ((depth < depth.gather(1, at)) & (places > at)).cumsum(1).cumsum(1) > 1
        return torch.where((task.lots(len(ids)) < 0.5)[:, None], chosen, inside & ~shut)
