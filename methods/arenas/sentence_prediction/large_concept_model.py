"""Large Concept Model: the next sentence's vector is drawn by taking noise away with the context in view.

    x^t = alpha_t x_n + sigma_t e,   alpha_t = cos(pi t / 2), sigma_t = sin(pi t / 2)
    L = mean |d(x^t, t, h(x_<n)) - x_n|^2,   the context hidden 15 % of the time
    drawn: x_0 = (1 + g) d(x^t, t, h) - g d(x^t, t, 0), then on to the next smaller t without new noise; 20 steps

h are the states of a causal network over the sentences (the contextualizer), d three layers that are told t and h.

1 + g is the paper's scale of guidance, 3; the first noise is 0.6 as there.

Departs from the paper: its denoiser is a transformer that attends to all of h, here three layers that are told the last
state alone; 20 steps, where it takes 40 of its 100; what is guided is not brought back to its spread (by 0.7 there),
and the very first step is guided as well; vectors of words' weights, no decoder, so no texts are scored.

>>> [round(float(each), 3) for each in level(torch.tensor(1 / 3))]
[0.866, 0.5]
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.sentence_prediction.arena import SentencePredictionMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param

HIDE, DRAWS, NOISE = 0.15, 40, 0.6


def level(t):
    """How much of the vector and how much noise there is at time t in [0, 1]."""
    return (t * math.pi / 2).cos(), (t * math.pi / 2).sin()


class Denoiser(nn.Module):
    def __init__(self, reader, size, width):
        super().__init__()
        self.reader = reader
        self.layers = nn.ModuleList([nn.Linear(size + 2, 2 * width), nn.Linear(2 * width, 2 * width),
                                     nn.Linear(2 * width, size)])
        self.told = nn.ModuleList(nn.Linear(width, 2 * width) for _ in range(2))

    def forward(self, x, t, h):
        """x (…, D) noisy vectors, t (…, 1), h (…, H) states, or 0 where hidden."""
        x = torch.cat([x, *level(t)], -1)
        for layer, told in zip(self.layers[:2], self.told, strict=True):
            x = F.gelu(layer(x) + told(h))
        return self.layers[2](x)


class LargeConceptModel(SentencePredictionMethod):
    card = Card(
        title="Large Concept Model",
        papers=(Paper("Large Concept Models: Language Modeling in a Sentence Representation Space", 2024,
                      arxiv="2412.08821", covers="diffusion with two towers"),),
        fidelity="core",
        claims=(Beats("mse-regression", on="contrastive_accuracy", by=1.0),),
    )

    guidance: float = param(2.0, "how far the context's pull is exaggerated", low=0.0, high=5.0)

    def prepare(self, task):
        return Denoiser(task.reader(), task.size, task.options.width).to(task.device)

    def loss(self, net, x, task):
        h, wanted = net.reader.states(x[:, :-1]), x[:, 1:]
        h = h * (task.lots(len(x), 1, 1) >= HIDE)
        t = task.lots(*wanted.shape[:2], 1)
        alpha, sigma = level(t)
        return (net(alpha * wanted + sigma * task.noise(*wanted.shape), t, h) - wanted).square().mean()

    def predict(self, net, context, beyond, task):
        h = net.reader.states(context)[:, -1]
        x = NOISE * task.noise(len(h), task.size)
        times = torch.linspace(1, 0, DRAWS + 1, device=x.device)
        for now, then in zip(times[:-1], times[1:], strict=True):
            t = now.expand(len(x), 1)
            clean = (1 + self.guidance) * net(x, t, h) - self.guidance * net(x, t, torch.zeros_like(h))
            alpha, sigma = level(now)
            next_alpha, next_sigma = level(then)
            x = next_alpha * clean + next_sigma * (x - alpha * clean) / sigma.clamp(min=1e-4)
        return x
