"""SkillNet: one part for each field and one for all; of a window, only those of its own field work.

    y = (E_field(x) + E_general(x)) / 2

Which parts a window uses is told and not learnt, also when it is asked.

Departs from the paper: fields of text and code in place of text, sound, pictures, video and code; attention is shared,
and parts are of half the active units where there is no dense model to copy.

>>> import torch
>>> [part.tolist() for part in told(torch.tensor([1]), 2, 3)]
[[[0.0, 0.5, 0.0, 0.5], [0.0, 0.5, 0.0, 0.5]], [[0.5, 0.5], [0.5, 0.5]], [[1, 3], [1, 3]]]
"""

import torch
import torch.nn.functional as F

from methods.arenas.mixture_of_experts.arena import MixtureMethod
from methods.arenas.mixture_of_experts.stage.experts import Experts
from methods.arenas.mixture_of_experts.stage.task import averaged, feeds, nats
from methods.kit.method import Beats, Card, Matches, Paper


class SkillNet(MixtureMethod):
    card = Card(
        title="SkillNet",
        papers=(Paper("One Model, Multiple Modalities: A Sparsely Activated Approach for Text, Sound, Image, Video and "
                      "Code", 2022, arxiv="2205.06126"),),
        fidelity="core",
        claims=(Matches("separate-models", on="bits_per_byte", within=0.02), Beats("dense", on="bits_per_byte")),
        needs_scale=("Sparse pretraining makes modalities better at what they are used for afterwards.",),
    )
    told = True
    k = 2

    def build(self, task):
        net = averaged(task.specialists) if task.specialists else task.net()
        self.fields = len(task.vectors) + bool(task.specialists)
        for at, block in enumerate(net.blocks):
            layer = Experts(net.width, task.active if task.seed else task.active // 2, self.fields + 1, self.gate)
            layer = layer.to(net.embed.weight.device)
            if task.seed:
                given = [feeds(each)[at] for each in task.specialists] or [block.feed] * self.fields
                missing = [feeds(task.seed)[at]] * (self.fields + 1 - len(given))
                layer.take(given + missing)
            layer.router = torch.nn.Identity()
            block.feed = layer
        return net

    def gate(self, layer, x):
        return told(self.now, len(x) // len(self.now), self.fields)

    def loss(self, net, windows, fields, task):
        self.now = fields
        return nats(net(windows[:, :-1].long()), windows).mean()

    def grow(self, net, specialist, task):
        with torch.no_grad():
            for layer, feed in zip(feeds(net), feeds(specialist), strict=True):
                layer.rise[self.fields - 1], layer.rise_bias[self.fields - 1, 0] = feed.rise.weight.T, feed.rise.bias
                layer.out[self.fields - 1], layer.out_bias[self.fields - 1, 0] = feed.out.weight.T, feed.out.bias
        return net

    def logits(self, net, ids, fields, task):
        self.now = fields
        return net(ids)


def told(fields, length, many):
    """What a gate gives, of windows of so many pieces each: the field's part and the last."""
    own = fields.repeat_interleave(length)
    index = torch.stack([own, torch.full_like(own, many)], 1)
    return F.one_hot(index, many + 1).sum(1) / 2, torch.full(index.shape, 0.5, device=own.device), index
