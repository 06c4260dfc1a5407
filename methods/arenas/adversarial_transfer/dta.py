"""DTA: turn the tokens of the layer from which a disturbance spreads best.

Fine-tuning changes the layers of an encoder unequally, so an attack on its last features may not survive it. A short
warm-up attacks each layer in turn and keeps the one from which most of the network is disturbed; then every picture is
moved so that the tokens of that layer point elsewhere.

    maximise over |x' - x| <= radius   1 - mean_t cos(f_l(x')_t, f_l(x)_t)
    l = the block whose attack on the encoder's own pictures, two steps long, leaves the lowest mean cosine over blocks

Departs from the paper: how the layer is chosen is ours in length and pictures, from the paper's description alone; one
layer is attacked, where several may be; the encoder is small and learnt from labels.

>>> import torch
>>> a, b = torch.tensor([[[1.0, 0.0], [0.0, 1.0]]]), torch.tensor([[[1.0, 0.0], [0.0, -1.0]]])
>>> alike(a, b).tolist()                                                     # one token as it was, one turned round
[0.0]
"""

import torch
import torch.nn.functional as F

from methods.arenas.adversarial_transfer.arena import AttackMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def alike(tokens, before):
    """The mean cosine (N,) of tokens (N, T, D) with what they were."""
    return F.cosine_similarity(tokens, before, dim=-1).mean(1)


class Dta(AttackMethod):
    card = Card(
        title="DTA",
        papers=(Paper("Downstream Transfer Attack: Adversarial Attacks on Downstream Models with Pre-trained Vision "
                      "Transformers", 2024, arxiv="2408.01705"),),
        fidelity="core",
        claims=(Beats("last-layer-pgd", on="fooled", by=1), Beats("source-head-pgd", on="fooled", by=1),
                Beats("nrdm", on="fooled"), Beats("fda", on="fooled")),
        needs_scale=("Trains models of ViT size to withstand such attacks, by learning from them.",),
    )

    warm: int = param(2, "steps of the attack that tries a layer", low=1, high=4)

    def prepare(self, task):
        many = max(1, int(task.spare / (task.blocks * self.warm)))
        x = task.surrogate[:many]
        with torch.no_grad():
            clean = task.look(x)
        reached = []
        for self.layer in range(task.blocks):
            moved = task.climb(x, lambda moved: self.objective(moved, clean, task), steps=self.warm)
            with torch.no_grad():
                said = task.look(moved).layers
            reached.append(sum(alike(a, b).mean() for a, b in zip(said, clean.layers, strict=True)))
        self.layer = int(torch.stack(reached).argmin())
        task.trial.count(layer=self.layer + 1)

    def objective(self, moved, clean, task):
        return 1 - alike(task.look(moved).layers[self.layer], clean.layers[self.layer])
