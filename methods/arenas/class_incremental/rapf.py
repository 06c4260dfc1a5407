"""RAPF: separate new classes from old ones with similar names, and fuse what the adapter learned by parts.

A linear adapter sits on frozen image features that are compared with name embeddings. Beside the session's pictures
it is trained on features of old classes, drawn from their remembered Gaussians. For every new class whose name is
close to an old one's, drawn features of the old class must also stay closer to their own name than to the new one by
a margin. After the session the new adapter is written in the left singular basis of the old one; entries that changed
most are taken over, the others are mixed with the old ones.

    loss = CE(s cos(W f, t), y) + mean max(0, cos(W f_old, t_new) - cos(W f_old, t_old) + m)
    W = U (R_old + g (R_new - R_old)),   R = U^T W,   g = min(1, |R_new - R_old| / max |R_new - R_old| + b)

Departs from the paper: the network is a small one trained on pictures and names, the adapter starts as the identity
instead of at random, neighbours are told by a cosine instead of the distance of unit vectors, and covariances are
shrunk to the pooled one.

>>> import torch
>>> fused(torch.zeros(2, 2), torch.tensor([[4.0, 0.0], [0.0, 1.0]]), torch.eye(2), 0.5).tolist()    # 1 and 1/4 + 1/2
[[4.0, 0.0], [0.0, 0.75]]
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.class_incremental.arena import ClassIncrementalMethod
from methods.arenas.class_incremental.stage.nets import Gaussians, in_parts, only
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def fused(old, new, basis, b):
    """The old adapter (D, D) moved towards the new one, most where it changed most in the orthogonal basis."""
    change = basis.T @ (new - old)
    gate = (change.abs() / change.abs().max().clamp(min=1e-12) + b).clamp(max=1)
    return old + basis @ (gate * change)


class Rapf(ClassIncrementalMethod):
    card = Card(
        title="RAPF",
        papers=(Paper("Class-Incremental Learning with CLIP: Adaptive Representation Adjustment and Parameter Fusion",
                      2024, arxiv="2407.14143"),),
        fidelity="faithful",
        claims=(Beats("zero-shot", on="average_accuracy", setting="zero-shot"),
                Beats("fine-tune", on="average_accuracy", setting="zero-shot"),
                Beats("simple-cil", on="average_accuracy", setting="zero-shot"),
                Beats("l2p", on="average_accuracy", setting="zero-shot")),
    )

    near: float = param(0.6, "cosine of names above which an old class is a neighbour", low=-1.0, high=0.99)
    margin: float = param(0.1, "lead that old features must keep", low=0.0, high=0.5)
    lam: float = param(1.0, "weight of keeping neighbours apart", low=0.0, high=10.0)
    b: float = param(0.6, "share of any change of the adapter that is taken over", low=0.0, high=1.0)

    def begin_session(self, net, session):
        self.names = session.names
        if session.number == 0:
            net.requires_grad_(False)
            net.adapter = nn.Parameter(torch.eye(net.width, device=session.x.device))
            self.gaussians = Gaussians()
        self.before = net.adapter.detach().clone()
        close = self.names[session.new] @ self.names[session.old].T > self.near
        self.pairs = torch.nonzero(close)                                              # (P, 2): new, old
        session.optimise(([net.adapter], session.part_rate))

    def loss(self, net, session):
        x, y = session.draw()
        with torch.no_grad():
            z = net.features(x)
        if len(session.old):                                     # two old classes a batch, two fifths of its size
            drawn = session.old[torch.randperm(len(session.old))[:2].to(y.device)]
            drawn = drawn.repeat_interleave(max(session.batch_size // 5, 1))
            z, y = torch.cat([z, self.drawn(drawn)]), torch.cat([y, drawn])
        loss = F.cross_entropy(only(16 * self.agreement(net, z), session.seen), y)
        if not len(self.pairs):
            return loss
        pair = self.pairs[torch.randint(len(self.pairs), (session.batch_size,)).to(y.device)]
        new, old = session.new[pair[:, 0]], session.old[pair[:, 1]]
        agree = self.agreement(net, self.drawn(old))
        lead = agree.gather(1, old[:, None]) - agree.gather(1, new[:, None])
        return loss + self.lam * (self.margin - lead).clamp(min=0).mean()

    def drawn(self, classes):
        """A feature (K, D) from the Gaussian of each class (K,)."""
        noise = torch.randn(len(classes), self.names.shape[1]).to(classes.device)
        shape = torch.stack([self.factors[c] for c in classes.tolist()])
        return self.gaussians.matrix(classes) + (shape @ noise[:, :, None])[:, :, 0]

    def agreement(self, net, z):
        """(B, C) cosines of adapted features with the names."""
        return F.normalize(z @ net.adapter.T, dim=1) @ self.names.T

    def end_session(self, net, session):
        if session.number:
            basis = torch.linalg.svd(self.before).U
            net.adapter.data = fused(self.before, net.adapter.data, basis, self.b)
        self.gaussians.add(in_parts(net.features, session.x), session.y)
        self.factors = {c: torch.linalg.cholesky(s) for c, s in self.gaussians.covariances.items()}

    def scores(self, net, x):
        return self.agreement(net, net.features(x)) if hasattr(net, "adapter") else net(x)
