"""Questions that are made: mixtures, and a generator that can be taught which kinds of question to write."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.teacher_queries.stage.clusters import centres

SHARES = (1.0, 0.75, 0.5)           # of the first picture in a mixture
HEATS = (0.5, 1.0, 2.0)             # temperatures at which an answer is told
CLUSTERS = 10


def mixed(a: Tensor, b: Tensor, lam: Tensor) -> Tensor:
    """Pictures (N, 1, H, W): `lam` (N,) of a and the rest of b."""
    lam = lam[:, None, None, None]
    return lam * a + (1 - lam) * b


class Generator(nn.Module):
    """Writes questions and says how they are answered: a cluster of the pool, its picture's share in a mixture with
    any other, and the temperature of the answer, each drawn by its own softmax. All are as likely at first."""

    def __init__(self, pool: Tensor, first: Tensor):
        super().__init__()
        self.pool = pool
        flat = F.avg_pool2d(pool, 2).flatten(1)
        self.of = torch.cdist(flat, centres(flat, first, 5)).argmin(1)
        self.tables = nn.ParameterList([torch.zeros(n, device=pool.device) for n in
                                        (len(first), len(SHARES), len(HEATS))])

    def log_p(self, actions: Tensor) -> Tensor:
        """(N,) of actions (N, 3)."""
        return torch.stack([table.log_softmax(0)[actions[:, i]] for i, table in enumerate(self.tables)]).sum(0)

    @torch.no_grad()
    def draw(self, many: int) -> Tensor:
        """Actions (many, 3)."""
        return torch.stack([torch.multinomial(table.softmax(0), many, replacement=True) for table in self.tables], 1)

    @torch.no_grad()
    def write(self, actions: Tensor) -> Tensor:
        """A picture for each action."""
        rows = torch.stack([torch.multinomial((self.of == c).float(), 1)[0] for c in actions[:, 0]])
        other = torch.randint(len(self.pool), (len(actions),)).to(rows.device)
        lam = torch.tensor(SHARES, device=rows.device)[actions[:, 1]]
        return mixed(self.pool[rows], self.pool[other], lam)

    @staticmethod
    def heat(actions: Tensor) -> Tensor:
        """(N, 1)"""
        return torch.tensor(HEATS, device=actions.device)[actions[:, 2]][:, None]
