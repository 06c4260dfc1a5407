"""InvariantSelectPR: compare by features in which styles are gone and classes are left.

A linear map of the features is trained with a contrast within each class: demonstrations of one topic are drawn
together whatever their style, those of other topics are pushed away, of the same style too. The nearest in the new
features are shown.

    L = mean over z, over p of the topic of z and another style, of -log exp(z'p / tau) / sum_a exp(z'a / tau)

Departs from the paper: classes are topics, domains are styles of invented features and not of pictures, and what is
trained is one linear map on the features of all demonstrations of the run. tau, rate and steps are ours.

>>> import torch
>>> z, topics, styles = torch.eye(2)[[0, 0, 1]], torch.tensor([0, 0, 1]), torch.tensor([0, 1, 0])
>>> round(contrast(z, topics, styles, 1.0).item(), 4)                                     # log((e + 1) / e)
0.3133
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.in_context.arena import InContextMethod
from methods.arenas.in_context.stage.selection import best_last, cosines
from methods.arenas.in_context.stage.task import Prompts
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def contrast(z, topics, styles, tau):
    """The loss of unit rows z (N, D); rows without a partner of their topic in another style do not count."""
    self = torch.eye(len(z), dtype=torch.bool, device=z.device)
    log_p = (z @ z.T / tau).masked_fill(self, -1e9).log_softmax(1)
    with_it = (topics[:, None] == topics[None]) & (styles[:, None] != styles[None])
    many = with_it.sum(1)
    return -((log_p * with_it).sum(1) / many.clamp(min=1))[many > 0].mean()


class InvariantSelect(InContextMethod):
    card = Card(
        title="InvariantSelectPR",
        papers=(Paper("Adapting Large Multimodal Models to Distribution Shifts: The Role of In-Context Learning", 2024,
                      arxiv="2405.12217"),),
        fidelity="core",
        claims=(Beats("cosine-top-k", on="word_accuracy", setting="shift"),
                Beats("random-demonstrations", on="word_accuracy", setting="shift")),
    )

    tau: float = param(0.2, "temperature of the contrast", low=0.01, high=2.0)
    rate: float = param(0.01, "learning rate", low=1e-4, high=0.1)
    steps: int = param(150, "steps of training", low=0, high=1000)

    def prepare(self, task):
        features = task.pool.features.flatten(0, 1)
        topics, styles = task.pool.topics.flatten(), task.pool.styles.flatten()
        width = features.shape[1]
        self.map = nn.Linear(width, width // 2, bias=False).to(features.device)
        optimizer = torch.optim.AdamW(self.map.parameters(), self.rate)
        for step in range(self.steps):
            rows = torch.randint(len(features), (192,))
            loss = contrast(F.normalize(self.map(features[rows]), dim=1), topics[rows], styles[rows], self.tau)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            if step % 50 == 0:
                task.trial.record(step, self.steps, contrast=loss.item())
        task.trial.count(gradients=self.steps)

    def choose(self, asked, task):
        with torch.no_grad():
            scores = cosines(self.map(asked.features), self.map(task.pool.features))
        return Prompts(best_last(scores, task.shots))
