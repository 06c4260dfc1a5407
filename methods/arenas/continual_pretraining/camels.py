"""CaMeLS: learn which pieces of a text are worth learning.

A small network weighs the loss of every piece. It is trained so that one step on a passage, so weighed, helps the model
with what is asked afterwards and changes little else; then the model reads the whole text with these weights.

    w_i = softplus(f(h_i)),  h from the frozen start;   theta' = theta - a grad sum_i w_i l_i(theta) / n
    min over f of L_theta'(asked) + c KL(p_theta(old) || p_theta'(old)) + 0.1 ||w - 1|| / sqrt(n)

Departs from the paper: what is asked are other passages of the new text, in place of questions about the passage; a
quarter as many meta-steps as steps, on eight passages each, before training begins; the model was not tuned to answer
questions; f, of two layers, reads a network that stays as it is, and learns on the first text of a stream only. c, the
last term and the softplus (of three times its argument, over three) are those of the authors' code; a = 0.1 is ours.

>>> import torch
>>> round(float(torch.nn.functional.softplus(torch.zeros(()), beta=3)), 4)                # log(2) / 3, at first
0.231
"""

import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call
from torch.nn.attention import SDPBackend, sdpa_kernel

from methods.arenas.continual_pretraining.arena import ContinualPretrainingMethod
from methods.arenas.continual_pretraining.stage.task import divergence, mean_nats, nats
from methods.kit.method import Card, Paper
from methods.kit.params import param


class Camels(ContinualPretrainingMethod):
    card = Card(
        title="CaMeLS",
        papers=(Paper("Meta-Learning Online Adaptation of Language Models", 2023, arxiv="2305.15076"),),
        fidelity="core",
        needs_scale=("After one pass over documents, more questions about them are answered rightly than after plain "
                     "training.",),
    )
    rate_factor = 1 / 3

    alpha: float = param(0.1, "step of the inner update", low=0.01, high=2.0)
    c: float = param(0.1, "weight of what is to stay", low=0.0, high=10.0)

    def prepare(self, net, task):
        if not task.stage:
            self.scorer = nn.Sequential(nn.Linear(net.width, 128), nn.GELU(), nn.Linear(128, 1)).to(task.device)
            nn.init.zeros_(self.scorer[2].weight)
            nn.init.zeros_(self.scorer[2].bias)
            optimizer = torch.optim.Adam(self.scorer.parameters(), 0.005)
            with sdpa_kernel(SDPBackend.MATH):             # the only one that is differentiated twice
                for _ in range(max(1, task.steps // 4)):
                    optimizer.zero_grad()
                    self.outer(net, task).backward()
                    optimizer.step()
            net.zero_grad(set_to_none=True)
        return net

    def weights(self, windows, task):
        """(B, T) of the predicted pieces."""
        with torch.no_grad():
            states = task.start.states(windows.long())[-1][:, 1:]
        return F.softplus(self.scorer(task.start.norm(states)), beta=3).squeeze(-1)

    def outer(self, net, task):
        read, asked, kept = task.draw(8), task.draw(8), task.recall(8)
        start = dict(net.named_parameters())
        weights = self.weights(read, task)
        inner = (weights * nats(net, read)).mean()
        grads = torch.autograd.grad(inner, list(start.values()), create_graph=True)
        moved = {name: p.detach() - self.alpha * g for (name, p), g in zip(start.items(), grads, strict=True)}
        after = functional_call(net, moved, (kept[:, :-1].long(),))
        with torch.no_grad():
            before = net(kept[:, :-1].long())
        asked_loss = mean_nats(lambda ids: functional_call(net, moved, (ids,)), asked)
        apart = (weights - 1).square().mean(1).sqrt().mean()
        return asked_loss + self.c * divergence(after, before) + 0.1 * apart

    def loss(self, net, batch, task):
        return (self.weights(batch, task).detach() * nats(net, batch)).mean()
