"""GPT4Image: features that can tell which description is a picture's own learn more from few labels.

A large model describes every training picture in words, a frozen text encoder makes a vector of it, and the network's
projected features are to be nearer to the vector of their own picture than to those of others. When it is asked, words
and projection are gone.

    L = CE(y, p_S) - lam/B sum_i log softmax_j(cos(P f(x_i), t_j) / temperature)[i]

Departs from the paper: descriptions are made from measurements of the picture (ink, height, width, weight of the upper
half, evenness, outline; four words each, none names a class), the text encoder is a fixed random vector for each word,
and pictures without labels are described too; lam and temperature are ours.

>>> import torch
>>> words(torch.tensor([[0.1], [0.2], [0.3], [0.4]]), torch.tensor([[0.15], [0.25], [0.35]])).flatten().tolist()
[0, 1, 2, 3]
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.distillation.arena import DistillationMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def measured(x):
    """(N, 6) of pictures (N, 1, H, W): ink, height, width, top-heaviness, unevenness, outline."""
    x = x[:, 0]
    inked = (x > 0.2).float()
    edges = (x[:, 1:] - x[:, :-1]).abs().mean((1, 2)) + (x[:, :, 1:] - x[:, :, :-1]).abs().mean((1, 2))
    upper = x[:, :x.shape[1] // 2].sum((1, 2)) / x.sum((1, 2)).clamp(min=1e-6)
    return torch.stack([x.mean((1, 2)), inked.amax(2).mean(1), inked.amax(1).mean(1), upper, x.std((1, 2)), edges], 1)


def words(values, bounds):
    """Which of four words (N, A) each of A measurements gets, by three bounds of each (3, A)."""
    return (values[:, None] > bounds).sum(1)


class Gpt4image(DistillationMethod):
    card = Card(
        title="GPT4Image",
        papers=(Paper("GPT4Image: Can Large Pre-trained Models Help Vision Models on Perception Tasks?", 2023,
                      arxiv="2306.00693"),),
        fidelity="proxy",
        claims=(Beats("label-training", on="accuracy"),),
        needs_scale=("Descriptions by a large multimodal model and vectors of a pretrained text encoder",),
    )
    labelled = 0.5

    lam: float = param(1.0, "weight of the contrast with descriptions", low=0.0, high=10.0)
    temperature: float = param(0.1, "temperature of the contrast", low=0.01, high=1.0)

    def prepare(self, student, task):
        values = measured(task.x)
        bounds = values.quantile(torch.tensor([0.25, 0.5, 0.75], device=task.device), 0)
        said = words(values, bounds)                                                     # (P, 6)
        vectors = torch.randn(said.shape[1], 4, 64, device=task.device)
        self.told = torch.stack([vectors[a][said[:, a]] for a in range(said.shape[1])]).sum(0)
        self.projector = nn.Linear(student.wide, 64).to(task.device)
        return self.projector

    def loss(self, student, batch, task):
        said = student(batch.x)
        mine, texts = F.normalize(self.projector(said.features), dim=1), F.normalize(self.told[batch.rows], dim=1)
        right = torch.arange(len(mine), device=mine.device)
        return (F.cross_entropy(said.logits[:len(batch.y)], batch.y)
                + self.lam * F.cross_entropy(mine @ texts.T / self.temperature, right))
