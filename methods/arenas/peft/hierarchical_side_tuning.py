"""HST: a side network with a finer and a coarser map of the picture beside the frozen model.

A frozen transformer has one resolution. Meta tokens stand in front of every frozen layer and come out of it knowing
the whole picture. A side network starts from the pixels with convolutions, coarsens once on its way, and in each of
its blocks asks the layer's meta tokens and the mean of its patches what is there globally, and adds what the layer
knows at every place; a bridge of the stage brings both to its width.

    [G_k, F_k] = L_k([M_k, F_{k-1}]),   R_k = [LN(T G_k), mean T F_k]
    s <- s + attend(LN(s), R_k);   s <- s + T resize(F_k);   s <- s + MLP(LN(s))

Departs from the paper: two resolutions instead of four, pictures are classified and not searched or segmented, and
the side network's answer is added to the frozen model's, since the classifier reads as many numbers as that has. The
normalisations of the frozen model, which the authors' code trains, stay frozen.

>>> import torch
>>> place(torch.tensor([[[1.0], [3.0]] * 2]), 4)[0, 0, 0].tolist()                    # 2 x 2 tokens on a 4 x 4 map
[1.0, 1.5, 2.5, 3.0]
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.peft.arena import PeftMethod
from methods.kit.adapters import in_front
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.params import param


def place(tokens, side):
    """Tokens (B, T, C) of a square grid as a map (B, C, side, side), interpolated."""
    grid = round(tokens.shape[1]**0.5)
    return F.interpolate(tokens.transpose(1, 2).unflatten(2, (grid, grid)), (side, side), mode="bilinear")


class Coarsen(nn.Module):
    """Convolutions (B, C, H, W) -> (B, c, H', W'), and a normalisation of the channels."""

    def __init__(self, convolutions, small):
        super().__init__()
        self.convolutions, self.norm = convolutions, nn.LayerNorm(small)

    def forward(self, s):
        return self.norm(self.convolutions(s).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class SideBlock(nn.Module):
    def __init__(self, small, heads):
        super().__init__()
        self.norm1, self.norm2, self.meta_norm = (nn.LayerNorm(small) for _ in range(3))
        self.attend = nn.MultiheadAttention(small, heads, batch_first=True)
        self.feed = nn.Sequential(nn.Linear(small, 2 * small), nn.GELU(), nn.Linear(2 * small, small))

    def forward(self, s, metas, state, bridge):
        """The map s (B, c, H, H) with a layer's meta tokens (B, M, D) and patches (B, T, D)."""
        known = bridge(place(state, s.shape[2]).flatten(2).transpose(1, 2))                     # (B, H * H, c)
        register = torch.cat([self.meta_norm(bridge(metas)), known.mean(1, keepdim=True)], 1)
        tokens = s.flatten(2).transpose(1, 2)
        tokens = tokens + self.attend(self.norm1(tokens), register, register, need_weights=False)[0] + known
        return (tokens + self.feed(self.norm2(tokens))).transpose(1, 2).view(s.shape)


class SideNetwork(nn.Module):
    def __init__(self, layers, width, small, heads, metas):
        super().__init__()
        bound = (6 / (metas + width))**0.5
        self.metas = nn.Parameter(torch.empty(layers, metas, width).uniform_(-bound, bound))
        stem = nn.Sequential(nn.Conv2d(1, small, 3, 2, 1, bias=False), nn.BatchNorm2d(small), nn.ReLU(),
                             nn.Conv2d(small, small, 2, 2))
        self.coarsen = nn.ModuleList([Coarsen(stem, small), Coarsen(nn.Conv2d(small, small, 3, 2, 1), small)])
        self.bridges = nn.ModuleList(nn.Linear(width, small) for _ in range(2))
        self.blocks = nn.ModuleList(SideBlock(small, heads) for _ in range(layers))
        self.norm, self.up = nn.LayerNorm(small), nn.Linear(small, width)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, x, metas, states):
        """(B, D) from the picture and, of every layer, its meta tokens and its patches."""
        s = self.coarsen[0](x)
        for i, block in enumerate(self.blocks):
            stage = i // (len(self.blocks) // 2)
            if i == len(self.blocks) // 2:
                s = self.coarsen[1](s)
            s = block(s, metas[i], states[i], self.bridges[stage])
        return self.up(self.norm(s.flatten(2).transpose(1, 2)).mean(1))


class HierarchicalSideTuning(PeftMethod):
    card = Card(
        title="Hierarchical side-tuning",
        papers=(Paper("Hierarchical Side-Tuning for Vision Transformers", 2023, arxiv="2310.05393"),),
        fidelity="core",
        claims=(Beats("ladder-side-tuning", on="target_accuracy"), Beats("visual-prompt-tuning", on="target_accuracy"),
                Matches("full-fine-tuning", on="target_accuracy", within=1.0, cost="trained parameters")),
        waivers={"setting:sentences": "its side network is made of feature maps: it needs pictures",
                 "setting:text": "its side network is made of feature maps: it needs pictures",
                 "starts-from-the-pretrained-model": "the classifier reads the new side network"},
    )

    small: int = param(12, "channels of the side network", choices=(4, 8, 12))
    heads: int = param(2, "heads with which it asks the meta tokens", choices=(1, 2, 4))
    metas: int = param(1, "meta tokens in front of a layer", low=1, high=4)

    def adapt(self, net, task):
        if net.per_token or task.train.x.ndim < 4:
            raise ValueError("hierarchical side-tuning needs pictures, not text")
        net.side = SideNetwork(len(net.blocks), net.width, self.small, self.heads, self.metas)

    def features(self, net, batch):
        h, metas, states = net.embed(batch.x), [], []
        for block, front in zip(net.blocks, net.side.metas, strict=True):
            h = block(in_front(front, h))
            metas.append(h[:, :self.metas])
            h = h[:, self.metas:]
            states.append(h)
        answer = net.pool(net.norm(h))
        return answer if net.per_token else answer + net.side(batch.x, metas, states)     # the old task may be text
