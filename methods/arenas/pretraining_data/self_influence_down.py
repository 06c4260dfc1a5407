"""Self-influence, down only: passages weigh less the more they move what the first block reads.

    w = softmax(-SI / mean SI),   SI(x) = |d l(x) / d embeddings of x|^2

Follows the paper of PRESENCE, of which it is one half.

>>> import torch
>>> [round(float(w), 3) for w in (-torch.tensor([0.5, 1.5])).softmax(0)]
[0.731, 0.269]
"""

import torch

from methods.arenas.pretraining_data.arena import PretrainingDataMethod
from methods.kit.method import Card


class SelfInfluenceDown(PretrainingDataMethod):
    card = Card(title="Self-influence, down only")

    def weigh(self, losses, batch, net, task):
        entered = net.enter(batch[:, :-1]).detach().requires_grad_(True)
        x = entered
        for block in net.blocks:
            x = block(x)
        loss = torch.nn.functional.cross_entropy(net.logits(x).transpose(1, 2), batch[:, 1:], reduction="sum")
        found = torch.autograd.grad(loss / (batch.shape[1] - 1), entered)[0].square().sum((1, 2))
        return (-found / found.mean()).softmax(0)
