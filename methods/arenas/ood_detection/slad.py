"""SLAD: parts of a drawing's features, brought to one length, shall tell how many they were.

Ten parts of the features are drawn, of lengths drawn; each is taken to 128 numbers by a fixed random matrix of its
length. A network scores them; over the ten, its scores shall be distributed as lengths are. Where they are not, the
drawing is not like those that were learnt.

    l_j = r d_j / h,   r = 200, h = 128, d_j the length;   x_j = P_{d_j} x[part j]
    loss = JS(softmax_j f(x_j), softmax_j l_j),   s(x) = -mean loss over 20 draws of parts

Departs from the paper: 400 steps (there 100 epochs, here that were some 9,000), each on one draw of parts (there all
are mixed in a batch), a cosine on the rate and no decay of weights (there 1e-5). Other constants are those of the
authors' code; the loss is the divergence itself, where that code applies the softmax twice, has the middle first in
both KL terms, and leaves out the half.

>>> import torch
>>> round(divergence(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])).item(), 4)                  # log 2
0.6931
"""

import torch
from torch import nn

from methods.arenas.ood_detection.arena import OodDetectionMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param

PARTS, LENGTH, DRAWS, POOL = 10, 128, 20, 50


def divergence(p, q):
    """(N,) Jensen-Shannon, in nats, of distributions (N, c)."""
    middle = (p + q) / 2

    def apart(a):
        return (a * ((a + 1e-12) / (middle + 1e-12)).log()).sum(1)

    return (apart(p) + apart(q)) / 2


class Slad(OodDetectionMethod):
    card = Card(
        title="SLAD",
        papers=(Paper("Fascinating Supervisory Signals and Where to Find Them: Deep Anomaly Detection with Scale "
                      "Learning", 2023, arxiv="2305.16114"),),
        fidelity="core",
        claims=(Beats("autoencoder", on="auroc", setting="few-kinds", by=0.5),
                Beats("isolation-forest", on="auroc", setting="few-kinds", by=0.5),
                Beats("autoencoder", on="auroc", by=0.5)),
    )

    sharpness: float = param(200.0, "factor on lengths before the softmax", low=0.1, high=1000.0)

    def fit(self, task):
        width = task.x.shape[1]
        lengths = (torch.randperm(width, generator=task.generator)[:POOL] + 1).tolist()
        self.draws = []
        for _ in range(DRAWS):
            drawn = []
            for _ in range(PARTS):
                length = lengths[int(torch.randint(len(lengths), (1,), generator=task.generator))]
                drawn.append(torch.randperm(width, generator=task.generator)[:length].to(task.x.device))
            self.draws.append(drawn)
        self.maps = {length: ((2 * torch.rand(length, LENGTH, generator=task.generator) - 1) / length**0.5).to(
            task.x.device) for length in lengths}
        self.net = nn.Sequential(nn.Linear(LENGTH, 100, bias=False), nn.LeakyReLU(), nn.Linear(100, 1, bias=False)).to(
            task.x.device)
        self.step = 0

        def loss(rows):
            self.step += 1
            return self.away(task.x[rows], self.draws[self.step % DRAWS]).mean()

        task.fit(self.net.parameters(), loss, 400, 1e-3)

    def away(self, x, drawn):
        """(N,) the divergence of drawings x under one draw of parts."""
        moved = torch.stack([x[:, part] @ self.maps[len(part)] for part in drawn], 1)                    # (N, c, h)
        wanted = torch.tensor([self.sharpness * len(part) / LENGTH for part in drawn], device=x.device).softmax(0)
        return divergence(self.net(moved).squeeze(2).softmax(1), wanted.expand(len(x), -1))

    def score(self, x, task):
        return -torch.stack([self.away(x, drawn) for drawn in self.draws]).mean(0)
