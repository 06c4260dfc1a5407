"""FDA: strengthen what the clean picture leaves weak in every layer, and weaken what it makes strong.

Activations above the mean of their place support what the network says of a picture, those below do not. The attack
raises the norm of the second and lowers that of the first, in all layers at once.

    maximise over |x' - x| <= radius   sum_l log ||{f_l(x')_td : f_l(x)_td < m_lt}||_2
                                           - log ||{f_l(x')_td : f_l(x)_td > m_lt}||_2,   m_lt = mean_d f_l(x)_td

Departs from the paper: layers are a transformer's blocks and places its tokens, whose states have either sign, where
the paper's activations are rectified; steps and radius are the arena's.

>>> import torch
>>> round(disrupted(torch.tensor([[[3.0, 1.0]]]), torch.tensor([[[1.0, 2.0]]])).item(), 4)          # log 3 - log 1
1.0986
"""

from methods.arenas.adversarial_transfer.arena import AttackMethod
from methods.kit.method import Beats, Card, Paper


def disrupted(tokens, before):
    """Log norm (N,) of what was weak in tokens (N, T, D) less that of what was strong."""
    weak = before < before.mean(-1, keepdim=True)
    norms = [(tokens * part).flatten(1).square().sum(1).clamp_min(1e-12).sqrt() for part in (weak, ~weak)]
    return norms[0].log() - norms[1].log()


class Fda(AttackMethod):
    card = Card(
        title="FDA",
        papers=(Paper("FDA: Feature Disruptive Attack", 2019, arxiv="1909.04385"),),
        fidelity="core",
        claims=(Beats("source-head-pgd", on="fooled"),),
    )

    def objective(self, moved, clean, task):
        said = task.look(moved).layers
        return sum(disrupted(tokens, before) for tokens, before in zip(said, clean.layers, strict=True))
