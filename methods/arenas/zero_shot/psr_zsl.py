"""PSR-ZSL: kinds stand to each other, where drawings are, as their meanings do.

A network takes vectors of kinds to features, near the drawings of the kind. Pairs of kinds are alike when the cosine
of their vectors reaches a threshold; what becomes of two alike ones shall have at least that cosine, and what becomes
of two others at most the threshold. A second network reads the vector back.

    loss = |phi(s_y) - x|^2 + r (mean over alike pairs of max(0, t_ij - cos_ij)
           + mean over other pairs of max(0, cos_ij - tau)) + d |psi(phi(s_c)) - s_c|^2,
    t_ij = cos(s_i, s_j),   cos_ij = cos(phi(s_i), phi(s_j));   the first square is a mean over features, the last a sum

Departs from the paper: its weights, its thresholds and which pairs a step looks at are not known to us (here all seen
kinds); vectors are those of names, centred. r (0.1, 1), tau (0.2, 0.4) and d (0.01, 0.1) are the best of two each on
seeds 100 to 102: the smallest weights.

>>> import torch
>>> t = torch.tensor([[1.0, 0.6], [0.6, 1.0]])
>>> round(broken(torch.eye(2), t, 0.5).item(), 4), round(broken(torch.ones(2, 2), 0 * t, 0.5).item(), 4)  # 0.6; 1 - 0.5
(0.6, 0.5)
"""

import torch
import torch.nn.functional as F

from methods.arenas.zero_shot.stage.nets import MappedMeanings, layers
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def broken(mapped, wanted, tau):
    """Mean hinge of alike pairs and of others, of mapped vectors (S, D) and the cosines (S, S) of the vectors."""
    unit = F.normalize(mapped, dim=1)
    found, pairs = unit @ unit.T, ~torch.eye(len(mapped), dtype=torch.bool, device=mapped.device)
    alike = (wanted >= tau) & pairs
    short, long = (wanted - found).relu(), (found - tau).relu()
    return sum(away[part].sum() / part.sum().clamp(min=1) for away, part in ((short, alike), (long, pairs & ~alike)))


class PsrZsl(MappedMeanings):
    card = Card(
        title="PSR-ZSL",
        papers=(Paper("Preserving Semantic Relations for Zero-Shot Learning", 2018, arxiv="1803.03049"),),
        fidelity="core",
        claims=(Beats("semantic-to-visual-net", on="unseen_accuracy"), Beats("semantic-to-visual-net", on="harmonic"),
                Beats("eszsl", on="unseen_accuracy")),
        reduces_to=("semantic-to-visual-net", {"relations": 0.0, "decoded": 0.0}),
    )

    relations: float = param(0.1, "weight of the relations between kinds", low=0.0, high=100.0)
    tau: float = param(0.4, "cosine from which two kinds are alike", low=-1.0, high=1.0)
    decoded: float = param(0.01, "weight of reading the vector back", low=0.0, high=100.0)

    def extra(self, task):
        if not self.decoded:
            return []
        self.back = layers(task.width, 2 * task.trial.options.hidden, task.vectors.shape[1]).to(task.x.device)
        return list(self.back.parameters())

    def also(self, mapped, task):
        seen = task.vectors[:task.seen]
        found = self.relations * broken(mapped, seen @ seen.T, self.tau)
        return found + self.decoded * (self.back(mapped) - seen).square().sum(1).mean() if self.decoded else found
