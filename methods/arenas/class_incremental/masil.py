"""MASIL: express classes in concepts of the first session, and give them the most separable directions there are.

After the first session the network is frozen. The class means of that session are factorised into a few concepts,
and every picture is described by its coefficients in them. The classifier is fixed from the start: the vertices
of a simplex, equally far from each other, one for each class that will come. A linear map from coefficients to
the space of the simplex is fitted to noisy copies of the stored class means.

    M ~ H C with concepts C,   W = sqrt(K / (K - 1)) U (I - 1 1^T / K),   loss = (1 / 2)(w_y^T P h / |P h| - 1)^2

Departs from the paper: concepts are the leading singular vectors of the means, which may have negative entries.

>>> import torch
>>> w = simplex(3)                                                              # unit vectors at cosine -1/2
>>> [[round(v, 3) + 0.0 for v in row] for row in (w.T @ w).tolist()][0]
[1.0, -0.5, -0.5]
"""

import torch
import torch.nn.functional as F

from methods.arenas.class_incremental.arena import ClassIncrementalMethod
from methods.arenas.class_incremental.stage.nets import CosineHead, class_means, in_parts, only
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def simplex(k):
    """(k, k): columns are the vertices of a simplex equiangular tight frame."""
    return (k / (k - 1)) ** 0.5 * (torch.eye(k) - 1 / k)


class Masil(ClassIncrementalMethod):
    card = Card(
        title="MASIL",
        papers=(Paper("MASIL: Towards Maximum Separable Class Representation for Few Shot Class Incremental Learning",
                      2023),),
        fidelity="core",
        claims=(Beats("fine-tune", on="last_accuracy", setting="few-shot"),
                Beats("nearest-class-mean", on="last_accuracy", setting="few-shot"),
                Beats("decoupled-cosine", on="harmonic_accuracy", setting="few-shot")),
    )

    concepts: int = param(48, "concepts of the first session's means, at most its classes", low=1, high=64)
    noise: float = param(0.05, "spread of the noisy copies of a unit class mean", low=0.0, high=0.5)

    def begin_session(self, net, session):
        if session.number == 0:
            net.head = CosineHead(net.width, session.total)
            net.to(session.x.device)

    def loss(self, net, session):
        if session.number:
            return None
        x, y = session.draw()
        return F.cross_entropy(only(net(x), session.classes), y)

    def end_session(self, net, session):
        z, new = F.normalize(in_parts(net.features, session.x), dim=1), session.new
        means = class_means(z, session.y, new)
        if session.number == 0:
            self.centre = means.mean(0)
            self.bank = torch.linalg.svd(means - self.centre, full_matrices=False).Vh[:self.concepts]     # (k, D)
            self.vertices = simplex(session.total).to(z.device)
            self.means, self.labels = means[:0], new[:0]
            self.map = torch.zeros(session.total, len(self.bank), device=z.device)
        self.means, self.labels = torch.cat([self.means, means]), torch.cat([self.labels, new])
        with torch.enable_grad():
            self.fit()

    def fit(self):
        """Short training of the map from concept coefficients to the simplex on noisy class means."""
        if not self.map.any():
            self.map = 0.1 * torch.randn(self.map.shape).to(self.map.device)
        weight = self.map.clone().requires_grad_(True)
        optimizer = torch.optim.AdamW([weight], 1e-2)
        for _ in range(100):
            z = self.means + self.noise * torch.randn(self.means.shape).to(self.means.device)
            toward = (F.normalize(self.coefficients(z) @ weight.T, dim=1) @ self.vertices)
            loss = 0.5 * (toward.gather(1, self.labels[:, None]) - 1).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        self.map = weight.detach()

    def coefficients(self, z):
        return (z - self.centre) @ self.bank.T

    def scores(self, net, x):
        z = F.normalize(net.features(x), dim=1)
        return F.normalize(self.coefficients(z) @ self.map.T, dim=1) @ self.vertices
