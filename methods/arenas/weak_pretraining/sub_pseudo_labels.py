"""SPL: the class to learn is the pair of what was searched for and what a teacher sees.

A teacher of the few clean labels names each picture. Pairs of tag and name that are met often are classes of their own,
as are those where both agree; of any other pair the tag's own class is taken.

    class = (q, p) if q = p or the pair is among the K most frequent others, else (q, q);   L = -log softmax(W z)_class

K is as many as there are tags.

Departs from the paper: drawings for videos and tags for queries; the first tag stands for the query; the fine-tuning on
clean labels is left out, as the arena asks about unseen kinds. In `coarse-labels` tags are no kinds, so that q = p says
nothing.

>>> import torch
>>> classes(torch.tensor([0, 0, 1, 1]), torch.tensor([1, 1, 0, 1]), 2, 1).tolist()              # (0, 1), twice, is kept
[2, 2, 1, 1]
"""

import torch
import torch.nn.functional as F

from methods.arenas.weak_pretraining.arena import WeakPretrainingMethod
from methods.kit.method import Beats, Card, Paper


def classes(q, p, tags, most):
    """(N,) classes of tags and names: below `tags` the tag's own, then one for each of the `most` frequent pairs."""
    pair = q * (int(p.max()) + tags + 1) + p
    found, of, count = pair[q != p].unique(return_inverse=True, return_counts=True)
    kept = count.argsort(descending=True, stable=True)[:most]
    place = torch.full((len(found),), -1, dtype=torch.long, device=q.device)
    place[kept] = tags + torch.arange(len(kept), device=q.device)
    out = q.clone()
    out[q != p] = torch.where(place[of] >= 0, place[of], q[q != p])
    return out


class SubPseudoLabels(WeakPretrainingMethod):
    card = Card(
        title="SPL",
        papers=(Paper("Learning from Weakly-labeled Web Videos via Exploring Sub-Concepts", 2021, arxiv="2101.03713"),),
        fidelity="core",
        claims=tuple(Beats(rival, on="map_r", setting="noisy-tags") for rival in
                     ("tag-softmax", "teacher-pseudo-labels", "agreement-filter")),
    )

    def head(self, task):
        tags = task.tags.shape[1]
        self.of = classes(task.first, task.teacher(), tags, tags)
        return task.layer(2 * tags)

    def loss(self, net, head, x, rows, task):
        return F.cross_entropy(head(net(task.view(x))), self.of[rows])
