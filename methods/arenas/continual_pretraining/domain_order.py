"""Random order: a stream of texts is read in an order drawn by chance.

The order of fields matters: neighbours that are alike let the model specialise in the present one, while a random order
is said to keep more of what came before.

    D_pi(1), ..., D_pi(T),   pi drawn for every run

Departs from the paper: four texts in place of some hundred fields.

>>> import torch
>>> sorted(torch.randperm(4, generator=torch.Generator().manual_seed(0)).tolist())
[0, 1, 2, 3]
"""

import torch

from methods.arenas.continual_pretraining.arena import ContinualPretrainingMethod
from methods.kit.method import Beats, Card, Paper


class DomainOrder(ContinualPretrainingMethod):
    card = Card(
        title="Random order",
        papers=(Paper("Investigating Continual Pretraining in Large Language Models: Insights and Implications", 2024,
                      arxiv="2402.17400", covers="texts in random order"),),
        fidelity="faithful",
        claims=(Beats("similar-order", on="forgetting", setting="stream"),),
        needs_scale=("Small models both learn and forget most.",),
    )
    rate_factor = 1 / 3

    def order(self, new, task):
        return torch.randperm(len(new), generator=task.generator).tolist()
