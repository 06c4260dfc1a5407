"""GDumb: keep a balanced set of pictures, and train from the start on nothing else.

The sampler is greedy: a picture is kept while its class has less than an equal share of the memory, and pushes out one
of the largest class when the memory is full. The learner is dumb: whenever it is asked, it starts over and learns from
the memory alone. Nothing is done for the stream or against forgetting, which is the paper's point.

    k_c = k / |classes so far|;  keep (x, y) if there are fewer than k_c of y;  if full, drop one of the largest class

It starts over at every session, from the weights everybody starts from: at random in `exemplars`, as in the paper, and
pretrained elsewhere. Where no pictures may be kept, it starts over with each session's own.

Departs from the paper: the budget of a session takes the place of 256 passes over the memory, without CutMix, and the
optimiser is everybody's.

>>> import random
>>> chosen = greedy([], [5, 5, 5, 9], 2, random.Random(0).randrange)      # two of class 5, then 9 takes one's place
>>> [[5, 5, 5, 9][i] for i in chosen]
[5, 9]
"""

from collections import Counter

import torch
import torch.nn.functional as F

from methods.arenas.class_incremental.arena import ClassIncrementalMethod
from methods.arenas.class_incremental.stage.nets import only
from methods.kit.method import Beats, Card, Paper


def greedy(kept, labels, limit, draw):
    """Indices kept of `labels` in turn, those before being `kept`; draw(n) gives a number below n."""
    kept, seen = list(kept), set(labels[:len(kept)])
    for i in range(len(kept), len(labels)):
        seen.add(labels[i])
        many = Counter(labels[j] for j in kept)
        if many[labels[i]] >= limit // len(seen):
            continue
        if len(kept) >= limit:
            largest = max(many, key=many.__getitem__)
            of_class = [j for j in kept if labels[j] == largest]
            kept.remove(of_class[draw(len(of_class))])
        kept.append(i)
    return kept


class Gdumb(ClassIncrementalMethod):
    card = Card(
        title="GDumb",
        papers=(Paper("GDumb: A Simple Approach that Questions Our Progress in Continual Learning", 2020),),
        fidelity="core",
        claims=(Beats("ewc", on="last_accuracy", setting="exemplars"),
                Beats("si", on="last_accuracy", setting="exemplars"),
                Beats("lwf", on="last_accuracy", setting="exemplars")),
    )

    def begin_session(self, net, session):
        memory = session.memory
        if session.number == 0:
            self.start = {name: value.clone() for name, value in net.state_dict().items()}
        net.load_state_dict(self.start)
        pool, labels = torch.cat([memory.x, session.x]), torch.cat([memory.y, session.y])
        rows = greedy(range(len(memory)), labels.tolist(), memory.limit, lambda n: int(torch.randint(n, (1,))))
        memory.x, memory.y = pool[rows], labels[rows]

    def loss(self, net, session):
        if not len(session.memory):
            return super().loss(net, session)
        x, y = session.memory.draw(session.batch_size)
        return F.cross_entropy(only(net(session.view(x)), session.seen), y)
