"""Experience replay: mix a few kept pictures into every batch.

A small memory is filled by reservoir sampling, so that every picture met so far is in it with equal probability.
Half of each batch comes from the session and half from the memory, and one loss is taken of both. Where no
pictures may be kept this is sequential fine-tuning.

Departs from the paper: the memory is offered a session's pictures at its end, as the arena passes over them several
times; the paper passes once and offers each batch after its step.

>>> import torch
>>> from methods.arenas.class_incremental.stage.nets import Memory
>>> kept = Memory(2, torch.zeros(1, 1)); kept.offer(torch.arange(50.0)[:, None], torch.arange(50))
>>> len(kept), kept.offered                                                  # the limit holds, all were offered
(2, 50)
"""

import torch.nn.functional as F

from methods.arenas.class_incremental.arena import ClassIncrementalMethod
from methods.arenas.class_incremental.stage.nets import only, with_memory
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class ExperienceReplay(ClassIncrementalMethod):
    card = Card(
        title="Experience replay",
        papers=(Paper("On Tiny Episodic Memories in Continual Learning", 2019, arxiv="1902.10486"),),
        fidelity="faithful",
        claims=(Beats("fine-tune", on="average_accuracy", setting="rehearsal"),
                Beats("fine-tune", on="average_accuracy", setting="exemplars"),
                Beats("ewc", on="average_accuracy", setting="exemplars")),
    )

    share: float = param(0.5, "share of a batch that comes from the memory", low=0.1, high=0.9)

    def loss(self, net, session):
        x, y = with_memory(session, self.share)
        return F.cross_entropy(only(net(x), session.competing), y)

    def end_session(self, net, session):
        session.memory.offer(session.x, session.y)
