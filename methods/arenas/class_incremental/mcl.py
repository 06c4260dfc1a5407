"""MCL: answer with slow weights that follow the learning ones, step by step.

Fast weights are trained on each session with the fixed embeddings of the names as classifier. After every step
the slow weights, which start as the zero-shot network, take a small step towards them, and only the slow ones
are used to answer. At the start of a session the fast weights may begin again from the slow ones.

    theta_slow <- tau theta_slow + (1 - tau) theta_fast   after every step

Follows the paper.

>>> import torch
>>> slow = [torch.tensor([1.0])]
>>> follow(slow, [torch.tensor([3.0])], 0.75)
>>> slow[0].item()
1.5
"""

import torch
import torch.nn.functional as F

from methods.arenas.class_incremental.arena import ClassIncrementalMethod
from methods.arenas.class_incremental.stage.nets import only, swapped, with_memory
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def follow(slow, fast, tau):
    """Move the slow tensors towards the fast ones, in place."""
    with torch.no_grad():
        for s, f in zip(slow, fast, strict=True):
            s.mul_(tau).add_(f, alpha=1 - tau)


class Mcl(ClassIncrementalMethod):
    card = Card(
        title="Momentum-based weight interpolation",
        papers=(Paper("Momentum-based Weight Interpolation of Strong Zero-Shot Models for Continual Learning", 2022,
                      arxiv="2211.03186"),),
        fidelity="faithful",
        claims=(Beats("name-fine-tune", on="last_accuracy", setting="zero-shot"),
                Beats("zero-shot", on="last_accuracy", setting="zero-shot")),
        reduces_to=("name-fine-tune", {"tau": 0.0}),
    )

    tau: float = param(0.99, "how slowly the answering weights follow", low=0.0, high=0.9999)
    reset: bool = param(False, "start each session's fast weights from the slow ones")

    def begin_session(self, net, session):
        self.names, self.fast = session.names, net.backbone()
        if session.number == 0:
            self.slow = [p.detach().clone() for p in self.fast] if self.tau else []
        elif self.reset and self.tau:
            for p, slow in zip(self.fast, self.slow, strict=True):
                p.data = slow.clone()
        session.optimise((self.fast, session.rate))
        self.stepped = False

    def loss(self, net, session):
        if self.stepped and self.tau:
            follow(self.slow, self.fast, self.tau)
        self.stepped = True
        x, y = with_memory(session)
        return F.cross_entropy(only(16 * self.agreement(net, x), session.competing), y)

    def end_session(self, net, session):
        if self.tau:
            follow(self.slow, self.fast, self.tau)
        session.memory.share(session.x, session.y)

    def agreement(self, net, x):
        return F.normalize(net.features(x), dim=1) @ self.names.T

    def scores(self, net, x):
        if not self.tau:
            return self.agreement(net, x)
        with swapped(self.fast, self.slow):
            return self.agreement(net, x)
