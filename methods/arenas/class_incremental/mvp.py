"""MVP: a mask over the classes, chosen per picture, and a loss that listens to the classes that are ignored.

When classes of different frequency mix in one pass, the classifier is pulled about by whichever are present. The
frozen network's features of a picture choose a prompt by its key, rarely chosen ones first, and with it a learned
mask that scales the logits, so that only classes relevant to such pictures compete hard. Chosen keys are drawn to
their queries and away from other keys, the less the more often they were chosen. Pictures whose gradient is unlike
their class's mean gradient in the batch count more, and features far from their class's weights are scaled up.

    logits = f(x) * 2 sigmoid(mask),   key loss = -log(E_k / (E_q + E_k)),   E = mean e^(distance / times chosen)
    loss_i = (1 - a + a (1 - cos(g_i, mean g of class y_i))^gamma) CE(W z_i / (1 - cos(w_y, z_i) + m)) + key loss

This is the paper's variant with pictures kept (MVP-R) where the setting allows it; without them the arena's rule lets
only the session's classes compete, where the paper's lets all.

Departs from the paper: the network is a small one, and kept pictures are renewed after a session, not after a batch.

>>> import torch
>>> round(key_loss(torch.zeros(2, 1), torch.zeros(2, 1, 3), torch.ones(2, 1)).item(), 4)          # log 2
0.6931
>>> unlike(torch.eye(2), torch.tensor([[0.5, 0.5], [0.0, 1.0]]), torch.tensor([0, 0]))   # g (-.5, 0), (0, -1)
tensor([0.5528, 0.1056])
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.class_incremental.arena import ClassIncrementalMethod
from methods.arenas.class_incremental.stage.nets import only, with_memory
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def key_loss(pull, push, often):
    """From distances of queries to chosen keys (B, n), of these to all keys (B, n, M), and times chosen (B, n)."""
    near, far = (pull / often).exp().mean(), (push / often[:, :, None]).exp().mean()
    return -(far / (near + far)).log()


def unlike(z, p, y, mask=1.0):
    """(B,) one minus the cosine of each sample's gradient of its class's weights and the batch's."""
    error = (p - F.one_hot(y, p.shape[1])) * mask
    return 1 - F.cosine_similarity(error.gather(1, y[:, None]) * z, (error.T @ z)[y])


class Mvp(ClassIncrementalMethod):
    card = Card(
        title="MVP (mask and visual prompt tuning)",
        papers=(Paper("Online Class Incremental Learning on Stochastic Blurry Task Boundary via Mask and Visual Prompt "
                      "Tuning", 2023, arxiv="2308.09303"),),
        fidelity="faithful",
        claims=(Beats("experience-replay", on="average_accuracy", setting="blurry"),
                Beats("l2p", on="average_accuracy", setting="blurry"),
                Beats("l2p", on="last_accuracy", setting="blurry"),
                Beats("fine-tune", on="average_accuracy", setting="blurry")),
    )

    pool: int = param(10, "prompts and masks in the pool", low=4, high=50)
    length: int = param(3, "tokens of a prompt in front of a layer", low=1, high=8)
    a: float = param(0.5, "share of the loss that depends on how unlike gradients are", low=0.0, high=1.0)
    gamma: float = param(2.0, "power of that unlikeness", low=0.5, high=4.0)
    margin: float = param(0.5, "added to the distance that features are divided by", low=0.1, high=1.0)
    masked: bool = param(True, "scale the logits by the chosen masks")
    replay: bool = param(True, "fill half of a batch with kept pictures where some may be kept")

    def begin_session(self, net, session):
        if session.number == 0:
            net.requires_grad_(False)
            bound, later = net.width**-0.5, len(net.blocks) - 1
            net.shared = nn.Parameter(torch.empty(self.length, net.width).uniform_(-bound, bound))
            net.prompts = nn.Parameter(torch.empty(self.pool, later, self.length, net.width).uniform_(-bound, bound))
            net.keys = nn.Parameter(torch.randn(self.pool, net.width))
            net.masks = nn.Parameter(torch.full((self.pool, session.total), -1.0))
            net.to(session.x.device)
            self.often = session.names.new_ones(self.pool)
        parts = [net.shared, net.prompts, net.keys, net.masks, *net.head.parameters()]
        session.optimise((parts, session.head_rate))

    def read(self, net, x):
        """Features (B, D), mask (B, C), distances to all keys (B, M) and the chosen ones (B, 1)."""
        with torch.no_grad():
            query = net.features(x)
        distance = 1 - F.normalize(query, dim=1) @ F.normalize(net.keys, dim=1).T
        which = (distance * self.often).argmin(1, keepdim=True)
        h, own = net.embed(x), net.prompts[which[:, 0]]                                # (B, L - 1, length, D)
        prompts = (net.shared.expand(len(x), -1, -1), *own.unbind(1))
        for block, prompt in zip(net.blocks, prompts, strict=True):
            h = block(torch.cat([prompt, h], 1))[:, -net.tokens:]
        mask = 2 * net.masks[which[:, 0]].sigmoid() if self.masked else torch.ones_like(net.masks[which[:, 0]])
        return net.pool(h), mask, distance, which

    def loss(self, net, session):
        x, y = with_memory(session, 0.5) if self.replay else session.draw()
        z, mask, distance, which = self.read(net, x)
        with torch.no_grad():
            p = only(net.head(z) * mask, session.competing).softmax(1)
            ignored = unlike(z, p, y, mask)
            scale = 1 - F.cosine_similarity(net.head.weight[y], z) + self.margin
        each = F.cross_entropy(only(net.head(z / scale[:, None]) * mask, session.competing), y, reduction="none")
        keys = F.normalize(net.keys, dim=1)
        told = key_loss(distance.gather(1, which), (1 - keys @ keys.T)[which], self.often[which])
        self.often += torch.bincount(which[:, 0], minlength=self.pool)
        return ((1 - self.a + self.a * ignored**self.gamma) * each).mean() + told

    def end_session(self, net, session):
        if self.replay:
            session.memory.offer(session.x, session.y)

    def scores(self, net, x):
        if not hasattr(net, "keys"):
            return net(x)
        z, mask = self.read(net, x)[:2]
        return net.head(z) * mask
