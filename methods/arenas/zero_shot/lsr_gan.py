"""LsrGAN: made-up kinds stand to seen kinds as their names do.

Whatever is made of a kind, seen or unseen, its mean shall have about the cosine to the mean drawing of a seen kind that
the two names have. That needs no drawing of unseen kinds, so that the generator learns about them too. All else is
f-CLSWGAN.

    SR(c) = 1/n sum_{j of the n seen kinds nearest by name} max(0, cos(m_c, mu_j) - (t_cj + eps))^2
            + max(0, (t_cj - eps) - cos(m_c, mu_j))^2,   t_cj = cos(s_c, s_j),   m_c = mean of what is made of c
    generator's loss: f-CLSWGAN's + lambda (mean SR of seen + mean SR of unseen kinds)

Departs from the paper: as f-CLSWGAN does; for the means, 16 seen and 16 unseen kinds are made eight times at every
step, as a batch of 64 has but one or two of a kind; the losses that classify what is made of unseen kinds and that draw
means to their own kind's are left out. In the authors' code the loss of relations is a number without gradients; here
it has them, as the formula says. n and eps are of that code (eps as for SUN); lambda is the best of three (1, 10, 100)
on seeds 100 to 102.

>>> import torch
>>> made, real = torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 0.0], [0.0, 1.0]])              # cosines 1 and 0
>>> round(outside(made, real, torch.tensor([[0.5, 0.0]]), torch.tensor([[0, 1]]), 0.1).item(), 4)     # 0.4^2 / 2
0.08
"""

import torch
import torch.nn.functional as F

from methods.arenas.zero_shot.stage.generating import GeneratingMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def outside(made, real, wanted, near, eps):
    """(K,) how far the cosines of made means (K, D) and real means (S, D) leave the band about `wanted` (K, n)."""
    found = (F.normalize(made, dim=1) @ F.normalize(real, dim=1).T).gather(1, near)
    return ((found - wanted - eps).relu().square() + (wanted - eps - found).relu().square()).mean(1)


class LsrGan(GeneratingMethod):
    card = Card(
        title="LsrGAN",
        papers=(Paper("Leveraging Seen and Unseen Semantic Relationships for Generative Zero-Shot Learning", 2020,
                      arxiv="2007.09549"),),
        fidelity="core",
        claims=(Beats("f-clswgan", on="harmonic"), Beats("f-clswgan", on="unseen_accuracy")),
        reduces_to=("f-clswgan", {"relations": 0.0}),
    )

    relations: float = param(10.0, "weight of the relations between kinds", low=0.0, high=1000.0)
    eps: float = param(0.1, "half the width of the band of cosines", low=0.0, high=1.0)
    near: int = param(20, "seen kinds that each kind is compared with", low=1, high=100)

    def fit(self, task):
        self.means = task.means(self.encode(task.x, task))
        seen = task.vectors[:task.seen]
        cosines = task.vectors @ seen.T
        cosines[:task.seen].fill_diagonal_(-2.0)                                     # not itself
        self.wanted, self.nearest = cosines.topk(min(self.near, task.seen - 1), 1)
        super().fit(task)

    def also(self, generator, task):
        if not self.relations:
            return None
        groups = [torch.randperm(many, device=task.x.device)[:16] + first
                  for first, many in ((0, task.seen), (task.seen, task.unseen))]
        kinds = torch.cat(groups)
        made = generator(self.parts[kinds.repeat_interleave(8)]).view(len(kinds), 8, -1).mean(1)
        away = outside(made, self.means, self.wanted[kinds], self.nearest[kinds], self.eps)
        return self.relations * sum(part.mean() for part in away.split([len(group) for group in groups]))
