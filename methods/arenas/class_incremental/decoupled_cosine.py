"""Decoupled cosine: train on the first session, freeze, and add a prototype for every later class.

The network and a cosine classifier learn the first session with cross-entropy. Afterwards nothing is trained: each
class, first or later, is represented by the mean of its features and pictures are named by cosine. With a large
first session and few pictures later this is the plain way to keep what was learned.
"""

import torch
import torch.nn.functional as F

from methods.arenas.class_incremental.arena import ClassIncrementalMethod
from methods.arenas.class_incremental.stage.nets import CosineHead, class_means, in_parts, only
from methods.kit.method import Card


class DecoupledCosine(ClassIncrementalMethod):
    card = Card(title="Decoupled cosine prototypes")

    def begin_session(self, net, session):
        if session.number == 0:
            net.head = CosineHead(net.width, session.total)
            net.to(session.x.device)

    def loss(self, net, session):
        if session.number:
            return None
        x, y = session.draw()
        return F.cross_entropy(only(net(x), session.classes), y)

    def end_session(self, net, session):
        new = session.new
        z = in_parts(net.features, session.x)
        with torch.no_grad():
            net.head.weight[new] = class_means(z, session.y, new)
