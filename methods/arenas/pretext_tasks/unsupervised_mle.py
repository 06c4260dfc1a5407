"""Unsupervised MLE: fit a model of the unlabelled data by maximum likelihood, and learn from what it says is hidden.

First a latent-variable model is fitted to unlabelled data by maximum likelihood; then, with it fixed, a small head is
fitted to the hidden variables of the labelled data. The first error falls with the number of unlabelled pictures, the
second with the number of labels and the head's size, not with that of the whole model. The model with hidden variables
is factor analysis here.

    x1 = B z + mean + noise,   z normal,   noise of its own variance psi_d in each pixel;   B, psi by EM
    f(x1) = E[z | x1] = (I + B' psi^-1 B)^-1 B' psi^-1 (x1 - mean)

Departs from the paper: every pixel has its own variance of noise, where the paper's factor model has one for all; it is
held above a hundredth of the mean variance, since some pixels never vary; and the head is the arena's.

>>> import torch
>>> x = torch.tensor([[1.0, 1.0], [-1.0, -1.0], [2.0, 2.0], [-2.0, -2.0]])
>>> loadings, noise = factor_analysis(x, 1, 50)
>>> bool((loadings[0] - loadings[1]).abs() < 1e-3)                               # both pixels show one factor
True
"""

import torch

from methods.arenas.pretext_tasks.arena import PretextMethod
from methods.kit.method import Beats, Card, GainGrows, Paper
from methods.kit.params import param


def factor_analysis(x, k, turns):
    """Loadings (D, k) and noise variances (D,) by `turns` of EM on centred rows (N, D), from principal directions."""
    covariance = x.T @ x / len(x)
    least = 0.01 * covariance.diagonal().mean()
    values, vectors = torch.linalg.eigh(covariance)
    loadings = vectors[:, -k:] * values[-k:].clamp(min=1e-9).sqrt()
    noise = (covariance.diagonal() - loadings.square().sum(1)).clamp(min=least)
    for _ in range(turns):
        to_factors = posterior(loadings, noise)                                                        # (k, D)
        crossed = covariance @ to_factors.T                                                            # (D, k)
        second = torch.eye(k) - to_factors @ loadings + to_factors @ crossed                           # E[z z']
        loadings = torch.linalg.solve(second, crossed.T).T
        noise = (covariance.diagonal() - (loadings * crossed).sum(1)).clamp(min=least)
    return loadings, noise


def posterior(loadings, noise):
    """(k, D) that takes a centred row to the mean of its factors."""
    scaled = loadings.T / noise
    return torch.linalg.solve(torch.eye(loadings.shape[1]) + scaled @ loadings, scaled)


class UnsupervisedMle(PretextMethod):
    card = Card(
        title="Unsupervised MLE",
        papers=(Paper("On the Provable Advantage of Unsupervised Pretraining", 2023, arxiv="2303.01566",
                      covers="factor analysis as the latent-variable model"),),
        fidelity="core",
        claims=(Beats("raw-half", on="accuracy_50"),
                GainGrows("raw-half", on="accuracy_50", from_="fewer-unlabelled", to="default")),
    )

    k: int = param(16, "hidden variables of the model", low=1, high=128)
    turns: int = param(50, "turns of EM", low=1, high=200)

    def fit(self, x1, x2, task):
        mean = x1.mean(0)
        to_factors = posterior(*factor_analysis(x1 - mean, min(self.k, x1.shape[1] - 1), self.turns))
        return lambda x: (x - mean) @ to_factors.T
