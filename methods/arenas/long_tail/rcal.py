"""RCAL: learn features without labels, repair the classes' distributions in them, and sample what is missing.

Wrong labels and rare classes spoil features learned from labels, so the features come from contrasting views, which
no label touches. In them each class is taken for a Gaussian: local outliers, probably mislabelled, are left out of
the estimate, and a rare class borrows mean and covariance from the frequent classes nearest to it. The classifier
then learns from blended pictures and from points sampled out of those Gaussians, mostly of rare classes, while the
features of each picture are held near the ones found without labels.

    mu_k <- g mu_k + (1 - g) sum_j w_j mu_j,   S_k <- g S_k + (1 - g) sum_j w_j S_j + a I,
    w = softmax over the q nearest frequent classes of -||mu_k - mu_j||
    loss = mixup(CE) + CE(W s, k) + lam * ||f(x) - f_0(x)||^2 / D,   s ~ N(mu_k, S_k), k ~ max_j n_j - n_k

Departs from the paper: views of one batch are contrasted instead of a momentum queue, and for far fewer steps; the
constant a goes on the diagonal of a covariance alone.

>>> import torch
>>> means = torch.tensor([[1.0], [0.0], [10.0]])
>>> mu, _ = borrowed(0, means, torch.ones(3, 1, 1), torch.tensor([False, True, True]), q=1, trust=0.5, extra=0.1)
>>> mu.tolist()                                                      # halfway to the nearest frequent class
[0.5]
"""

import torch
import torch.nn.functional as F
from sklearn.neighbors import LocalOutlierFactor
from torch import nn

from methods.arenas.long_tail.arena import LongTailMethod
from methods.arenas.long_tail.stage.task import contrast
from methods.kit.method import Beats, Card, Paper, Withstands
from methods.kit.params import param


def borrowed(k, means, covariances, frequent, q, trust, extra):
    """Mean (D,) and covariance (D, D) of rare class k after borrowing from its q nearest frequent classes."""
    distance = (means - means[k]).norm(dim=1).masked_fill(~frequent, torch.inf)
    near, which = distance.topk(min(q, int(frequent.sum())), largest=False)
    weights = (-near).softmax(0)
    mean = trust * means[k] + (1 - trust) * (weights[:, None] * means[which]).sum(0)
    covariance = trust * covariances[k] + (1 - trust) * (weights[:, None, None] * covariances[which]).sum(0)
    return mean, covariance + extra * torch.eye(len(mean), device=mean.device)


class Rcal(LongTailMethod):
    card = Card(
        title="Representation calibration (RCAL)",
        papers=(Paper("When Noisy Labels Meet Long Tail Dilemmas: A Representation Calibration Method", 2022,
                      arxiv="2211.10955"),),
        fidelity="core",
        claims=(Beats("cross-entropy", on="balanced_accuracy", setting="noisy-labels"),
                Beats("mixup", on="balanced_accuracy", setting="noisy-labels"),
                Beats("ldam", on="balanced_accuracy", setting="noisy-labels"),
                Withstands("cross-entropy", on="balanced_accuracy", from_="mild", to="noisy-labels")),
    )

    first: float = param(0.4, "share of the budget for learning without labels", low=0.0, high=1.0)
    trust: float = param(0.8, "how much a rare class keeps of its own estimate", low=0.0, high=1.0)
    near: int = param(2, "how many frequent classes a rare one borrows from", low=1, high=10)
    lam: float = param(1.0, "how firmly the features are held", low=0.0, high=10.0)
    alpha: float = param(1.0, "how even the blends of pictures are", low=0.1, high=8.0)

    def prepare(self, net, task):
        width = task.features
        self.project = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width)).to(task.x.device)
        task.begin_stage([*net.backbone.parameters(), *self.project.parameters()], end=self.first)

    def step(self, net, task):
        if task.progress < self.first:
            return self.contrast_views(net, task)
        if task.enters(self.first):
            self.calibrate(net, task)
            task.begin_stage(net.parameters())
        batch = task.draw()
        lam = torch.distributions.Beta(self.alpha, self.alpha).sample().item()
        partner = torch.randperm(len(batch.y), device=batch.y.device)
        features = net.backbone(lam * batch.x + (1 - lam) * batch.x[partner])
        logits, held = net.classifier(features), self.held[batch.index]
        classes = torch.multinomial(self.missing, len(batch.y), replacement=True)
        noise = torch.randn(len(classes), features.shape[1], 1, device=features.device)
        points = self.means[classes] + (self.roots[classes] @ noise)[:, :, 0]
        loss = lam * self.loss(logits, batch.y) + (1 - lam) * self.loss(logits, batch.y[partner])
        loss = loss + self.loss(net.classifier(points), classes)
        loss = loss + self.lam * F.mse_loss(features, lam * held + (1 - lam) * held[partner])
        loss.backward()
        return loss

    def contrast_views(self, net, task):
        batch = task.draw()
        pictures = task.x[batch.index]
        z = F.normalize(self.project(net.backbone(torch.cat([task.distort(pictures), task.distort(pictures)]))))
        twin = torch.eye(len(pictures), dtype=torch.bool, device=z.device).repeat(2, 2)
        loss = contrast(z, twin, 0.2)
        loss.backward()
        return loss

    @torch.no_grad()
    def calibrate(self, net, task):
        """Held features (N, D), and per class the mean (C, D) and the root (C, D, D) of the covariance."""
        self.held = torch.cat([net.backbone(part) for part in task.x.split(1024)])
        means, covariances = [], []
        for c in range(task.classes):
            kept = inliers(self.held[task.y == c])
            means.append(kept.mean(0) if len(kept) else self.held.mean(0))
            centred = kept - means[-1]
            covariances.append(centred.T @ centred / max(len(kept) - 1, 1))
        means, covariances = torch.stack(means), torch.stack(covariances)
        frequent = task.counts >= task.counts.mean()
        extra = 0.01 * self.held.var(0).mean()
        pairs = [(m, s + extra * torch.eye(len(m), device=m.device)) if head else
                 borrowed(k, means, covariances, frequent, self.near, self.trust, extra)
                 for k, (m, s, head) in enumerate(zip(means, covariances, frequent, strict=True))]
        self.means = torch.stack([m for m, _ in pairs])
        self.roots = torch.linalg.cholesky(torch.stack([s for _, s in pairs]) +
                                           1e-5 * torch.eye(means.shape[1], device=means.device))
        self.missing = task.counts.max() - task.counts + 1


def inliers(z):
    """The rows of z (n, D) that the local outlier factor does not reject; all of them when there are few."""
    if len(z) < 10:
        return z
    verdict = LocalOutlierFactor(n_neighbors=min(20, len(z) - 1)).fit_predict(z.double().cpu().numpy())
    return z[torch.from_numpy(verdict == 1).to(z.device)]
