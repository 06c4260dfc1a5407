"""OnePrompt: a single set of prompts in front of every layer, trained on every session in turn.

The network is frozen. There is no pool and no key: the same few learned tokens are put in front of the tokens of
every layer for all pictures, and are trained on with the classifier in each session. Only the session's own classes
compete in the loss. It is OVOR without its outliers.
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.class_incremental.arena import ClassIncrementalMethod
from methods.arenas.class_incremental.stage.nets import only
from methods.kit.method import Card
from methods.kit.params import param


class OnePrompt(ClassIncrementalMethod):
    card = Card(title="OnePrompt")

    length: int = param(4, "tokens in front of every layer", low=1, high=16)

    def begin_session(self, net, session):
        if session.number == 0:
            net.requires_grad_(False)
            net.prompts = nn.Parameter(0.1 * torch.randn(len(net.blocks), self.length, net.width))
            net.to(session.x.device)
        session.optimise(([net.prompts, *net.head.parameters()], session.head_rate))

    def features(self, net, x):
        h = net.embed(x)
        for block, prompt in zip(net.blocks, net.prompts, strict=True):
            h = block(torch.cat([prompt.expand(len(h), -1, -1), h], 1))[:, prompt.shape[0]:]
        return net.pool(h)

    def loss(self, net, session):
        x, y = session.draw()
        return F.cross_entropy(only(net.head(self.features(net, x)), session.classes), y)
