"""UniPT: read all layers of the frozen model with a small network beside it.

Nothing is trained inside the model, so nothing has to be sent back through it. The states of all layers are projected
down; the last layer's tokens attend to every layer's on their own, and what they found is averaged with a confidence
per layer, projected up and added to the last state.

    a_i = l1norm(relu(h'_N h'_i^T)),   z_i = a_i h'_i + mean(h'_i)
    z = sum_i c_i z_i,   c = softmax_i(w^T (anchor * mean h'_i)),   out = h_N + W_up relu(z)

Departs from the paper: the tokens' mean takes the place of a class token. It does not suit language models, whose
tokens must not see later ones.

>>> import torch
>>> guide, layer = torch.tensor([[[1.0, 0.0]]]), torch.tensor([[[3.0, 0.0], [1.0, 9.0], [-1.0, 0.0]]])
>>> attended(guide, layer).tolist()                                           # weights 3/4, 1/4 and 0
[[[2.5, 2.25]]]
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.peft.arena import PeftMethod
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.params import param


def attended(guide, layer):
    """(B, T, d) what the guide's tokens (B, T, d) find in a layer's (B, S, d), by normalised positive products."""
    weights = F.relu(guide @ layer.transpose(1, 2))
    return weights / weights.sum(2, keepdim=True).clamp(min=1e-6) @ layer


class ParallelReader(nn.Module):
    def __init__(self, layers, width, small):
        super().__init__()
        self.downs = nn.ModuleList(nn.Linear(width, small) for _ in range(layers))
        self.guide_down, self.up, self.gate = nn.Linear(width, small), nn.Linear(small, width), nn.Linear(small, 1)

    def forward(self, states):
        """(B, T, D) from the (B, T, D) states of every layer."""
        last = states[-1]
        guide = self.guide_down(F.relu(last))
        merged, trust = [], []
        for state, down in zip(states, self.downs, strict=True):
            small = down(F.relu(state))
            mean = small.mean(1, keepdim=True)
            merged.append(attended(guide, small) + mean)
            trust.append(self.gate(guide.mean(1) * mean[:, 0]))
        trust = torch.softmax(torch.cat(trust, 1), 1)                          # (B, layers)
        mixed = torch.einsum("bl,lbtd->btd", trust, torch.stack(merged))
        return last + self.up(F.relu(mixed))


class UniversalParallelTuning(PeftMethod):
    card = Card(
        title="Universal parallel tuning",
        papers=(Paper("UniPT: Universal Parallel Tuning for Transfer Learning with Efficient Parameter and Memory",
                      2023, arxiv="2308.14316"),),
        fidelity="faithful",
        claims=(Beats("linear-probe", on="target_accuracy"), Beats("ladder-side-tuning", on="target_accuracy"),
                Matches("lora", on="target_accuracy", within=2.0, cost="memory")),
        waivers={"setting:text": "its network beside the model lets tokens see later ones: it needs pictures",
                 "starts-from-the-pretrained-model": "the classifier reads the network beside the model as well"},
    )

    small: int = param(16, "width of the network beside the model", low=2, high=32)

    def adapt(self, net, task):
        if net.per_token:
            raise ValueError("universal parallel tuning lets tokens see later ones: it needs pictures, not text")
        net.reader = ParallelReader(len(net.blocks) + 1, net.width, self.small)

    def features(self, net, batch):
        with torch.no_grad():
            h = net.embed(batch.x)
            states = [h, *net.trace(h)]
            states[-1] = net.norm(states[-1])
        if net.per_token:                                                      # the old task, which is text
            return net.pool(states[-1])
        return net.pool(net.reader(states))
