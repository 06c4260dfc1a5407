"""Agreement filter: learn from those pictures alone of which a teacher of the few clean labels says what a tag says.

Pictures whose tags do not name the teacher's choice are left out. Where tags are no kinds, all are kept if none agrees.

    L = -log softmax(W z)_p over pictures with tag p, p the teacher's choice

Follows the textbook.

>>> import torch
>>> agreed(torch.tensor([[1.0, 0.0], [1.0, 0.0]]), torch.tensor([0, 1])).tolist()
[True, False]
"""

import torch.nn.functional as F

from methods.arenas.weak_pretraining.arena import WeakPretrainingMethod
from methods.kit.method import Card


def agreed(tags, said):
    """(N,) whether the choices (N,) are among the tags (N, C)."""
    inside = said < tags.shape[1]
    return inside & (tags.gather(1, said.clamp(max=tags.shape[1] - 1)[:, None])[:, 0] > 0)


class AgreementFilter(WeakPretrainingMethod):
    card = Card(title="Agreement filter")

    def weights(self, task):
        self.said = task.teacher()
        kept = agreed(task.tags, self.said).float()
        return kept if kept.any() else None

    def head(self, task):
        return task.layer(task.kinds)

    def loss(self, net, head, x, rows, task):
        return F.cross_entropy(head(net(task.view(x))), self.said[rows])
