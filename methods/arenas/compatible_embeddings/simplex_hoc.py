"""Simplex with a higher-order contrast: fixed directions, and embeddings that keep to those of the old model.

    loss = share CE(softmax(W z), y) + (1 - share) mean_i [ -m <o_i, z_i> + log sum_{j: y_j != y_i} exp(m <o_i, z_j>) ]

W are the vertices of a simplex as in CoReS, o the frozen old model's embeddings; o and z have length 1 in the contrast.
share 0.1 and m 10 are those of the authors' code, which weights the cross-entropy by 0.1, not the contrast.

Departs from the paper: drawings of old kinds are all shown again, where it keeps a memory of few; and pairs of one kind
are left out of the sum, where the authors' code keeps them as exp(0). Each model goes on
from the last, as theirs does, and anew where the network is replaced. Without an old model the loss is cross-entropy.

>>> import torch
>>> old, new = torch.eye(2), torch.eye(2)
>>> higher_order(old, new, torch.tensor([0, 1]), 10.0).item()                                # -10 + log exp(0)
-10.0
"""

import torch
import torch.nn.functional as F

from methods.arenas.compatible_embeddings.arena import CompatibleMethod
from methods.arenas.compatible_embeddings.stage.simplex import SimplexClassifier
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def higher_order(old, new, y, m):
    """The mean in brackets above, of embeddings (B, D) of length 1."""
    alike = m * old @ new.T
    others = alike.masked_fill(y[:, None] == y[None], -torch.inf).logsumexp(1)
    return (others - alike.diagonal())[others.isfinite()].mean() if others.isfinite().any() else alike.sum() * 0


class SimplexHoc(CompatibleMethod):
    card = Card(
        title="Simplex with higher-order contrast",
        papers=(Paper("Stationary Representations: Optimally Approximating Compatibility and Implications for "
                      "Improved Model Replacements", 2024, arxiv="2405.02581"),),
        fidelity="core",
        claims=(Beats("simplex-fine-tuned", on="cross_map"), Beats("learned-softmax", on="cross_map"),
                Beats("learned-softmax", on="cross_map", setting="replaced-backbone")),
        reduces_to=("cores", {"share": 1.0, "goes_on": False}),
    )

    share: float = param(0.1, "of the cross-entropy in the loss", low=0.0, high=1.0)
    m: float = param(10.0, "factor on cosines in the contrast", low=1.0, high=100.0)

    goes_on: bool = param(True, "start from the previous weights")

    def network(self, task):
        return task.last_network() if self.goes_on else task.network()

    def classifier(self, task):
        return SimplexClassifier(task.features)

    def loss(self, z, logits, x, y, task):
        named = F.cross_entropy(logits, y)
        if task.old is None or self.share == 1:
            return named
        with torch.no_grad():
            old = F.normalize(task.old(x), dim=1)
        return self.share * named + (1 - self.share) * higher_order(old, F.normalize(z, dim=1), y, self.m)
