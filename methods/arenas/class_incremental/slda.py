"""Deep SLDA: a running mean per class and one running covariance, on a frozen network.

Linear discriminant analysis needs no more than the means of the classes and the covariance that they share, and both
can be kept up to date picture by picture. The first session's pictures give a first covariance by oracle approximating
shrinkage; from then on every picture is seen once and nothing is trained.

    Sigma <- (t Sigma + d) / (t + 1),   d = t / (t + 1) * (z - mu_y) (z - mu_y)^T                              (eq. 2)
    mu_y <- (c_y mu_y + z) / (c_y + 1)                                                                         (eq. 1)
    scores = Lambda mu z - 1/2 mu Lambda mu,   Lambda = ((1 - eps) Sigma + eps I)^-1                         (eq. 3-5)

Departs from the paper: the network is the arena's and is not trained on the first session's classes before.

>>> import torch
>>> covariance, mean, count = streamed(torch.zeros(1, 1), torch.zeros(1), 1, 1, torch.tensor([2.0]))
>>> covariance.tolist(), mean.tolist(), count                                        # (0 + 1/2 * 2^2) / 2; (0 + 2) / 2
([[1.0]], [1.0], 2)
"""

import torch
from sklearn.covariance import OAS

from methods.arenas.class_incremental.arena import ClassIncrementalMethod
from methods.arenas.class_incremental.stage.nets import class_means, in_parts
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def streamed(covariance, mean, count, t, z):
    """Covariance (D, D) after t pictures, and mean (D,) and count of z's class, once z (D,) is taken in."""
    away = z - mean
    covariance = (t * covariance + t / (t + 1) * torch.outer(away, away)) / (t + 1)
    return covariance, mean + away / (count + 1), count + 1


class Slda(ClassIncrementalMethod):
    card = Card(
        title="Deep streaming LDA",
        papers=(Paper("Lifelong Machine Learning with Deep Streaming Linear Discriminant Analysis", 2019,
                      arxiv="1909.01520"),),
        fidelity="faithful",
        claims=(Beats("fine-tune", on="average_accuracy"),
                Beats("icarl", on="average_accuracy", setting="rehearsal")),
    )

    shrinkage: float = param(1e-4, "how much of the identity the covariance is mixed with", low=1e-6, high=1.0)

    def loss(self, net, session):
        return None

    def end_session(self, net, session):
        z, y = in_parts(net.features, session.x), session.y
        if session.number == 0:
            self.means = z.new_zeros(session.total, z.shape[1])
            self.means[session.classes] = class_means(z, y, session.classes)
            self.counts = torch.bincount(y, minlength=session.total)
            away = (z - self.means[y]).cpu().numpy()
            self.covariance = torch.from_numpy(OAS(assume_centered=True).fit(away).covariance_).to(z)
        else:
            for row, c in zip(z, y, strict=True):
                self.covariance, self.means[c], self.counts[c] = streamed(
                    self.covariance, self.means[c], self.counts[c], int(self.counts.sum()), row)
        eye = torch.eye(z.shape[1], device=z.device)
        precision = torch.linalg.inv((1 - self.shrinkage) * self.covariance + self.shrinkage * eye)
        self.weight = self.means @ precision                                                        # (C, D)
        self.offset = -0.5 * (self.means * self.weight).sum(1)

    def scores(self, net, x):
        return net.features(x) @ self.weight.T + self.offset
