"""DER++: hold the network to what it answered when a picture was kept, and to the picture's label.

Beside each kept picture its logits at that moment are kept. They say more than the label: how the network of then
told the classes apart. Each step learns from a batch of the session, holds the answers to one batch of kept pictures to
the kept logits, and learns the labels of another one. Pictures enter the memory by reservoir sampling step by step, so
that the logits come from all along training and not from the ends of sessions.

    loss = CE(session) + alpha * ||z - h(x')||^2 / C + beta * CE(f(x''), y'')                          (eq. 6)

The squares are averaged over all classes, those to come too, as in the authors' code. Where no pictures may be kept
this is sequential fine-tuning.

A picture is kept as it is, its logits are those of the view in which it was learnt, and it comes back in another view;
the two batches of kept pictures are drawn independently.

Departs from the paper: the three batches share the size of one, so that a step costs what everybody's costs; among
classes to come none competes in a cross-entropy.

>>> import torch
>>> answers(torch.tensor([[1.0, 3.0]]), torch.tensor([[1.0, 1.0]])).item()                      # (0 + 2^2) / 2
2.0
>>> from methods.arenas.class_incremental.stage.nets import Memory
>>> memory = Memory(1, torch.zeros(1, 1))
>>> keep(memory, torch.zeros(0, 1), torch.ones(1, 1), torch.tensor([4]), torch.tensor([[7.0]])).tolist()
[[7.0]]
"""

import torch
import torch.nn.functional as F

from methods.arenas.class_incremental.arena import ClassIncrementalMethod
from methods.arenas.class_incremental.stage.nets import only
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def answers(logits, kept):
    """Mean squared distance of logits (B, C) from those that were kept."""
    return (logits - kept).square().mean()


def keep(memory, logits, x, y, z):
    """Offer pictures x with labels y and logits z (B, C) to the reservoir; what is now beside its pictures (M, C)."""
    for picture, label, answer in zip(x, y, z, strict=True):
        memory.offered += 1
        if len(memory) < memory.limit:
            memory.x, memory.y = torch.cat([memory.x, picture[None]]), torch.cat([memory.y, label[None]])
            logits = torch.cat([logits, answer[None]])
        elif (place := int(torch.randint(memory.offered, (1,)))) < memory.limit:
            memory.x[place], memory.y[place], logits[place] = picture, label, answer
    return logits


class DarkExperienceReplay(ClassIncrementalMethod):
    card = Card(
        title="Dark experience replay (DER++)",
        papers=(Paper("Dark Experience for General Continual Learning: a Strong, Simple Baseline", 2020,
                      arxiv="2004.07211"),),
        fidelity="faithful",
        claims=(Beats("experience-replay", on="last_accuracy", setting="exemplars"),
                Beats("icarl", on="last_accuracy", setting="exemplars"),
                Beats("lwf", on="last_accuracy", setting="exemplars"),
                Beats("experience-replay", on="forgetting", setting="exemplars")),
    )

    alpha: float = param(0.1, "weight of the kept logits", low=0.0, high=2.0)
    beta: float = param(0.5, "weight of the kept pictures' labels", low=0.0, high=2.0)

    def begin_session(self, net, session):
        if session.number == 0:
            self.logits = session.names.new_zeros(0, session.total)
        self.order = []

    def rows(self, session, size):
        """Of the session's next pictures, (size,): shuffled epochs, or in order of arrival where there is one pass."""
        size = min(size, len(session.x))
        if session.online:
            return (int(session.progress * len(session.x)) + torch.arange(size)).clamp(max=len(session.x) - 1)
        while len(self.order) < size:
            self.order += torch.randperm(len(session.x)).tolist()
        rows, self.order = self.order[:size], self.order[size:]
        return torch.tensor(rows)

    def loss(self, net, session):
        memory = session.memory
        each = min(session.batch_size // 3, len(memory))
        here = self.rows(session, session.batch_size - 2 * each).to(session.y.device)
        x, y = session.x[here], session.y[here]
        at, also = (torch.randperm(len(memory))[:each].to(y.device) for _ in range(2))
        out = net(session.view(torch.cat([x, memory.x[at], memory.x[also]]) if each else x))
        now, dark, replayed = out.split([len(y), each, each])
        loss = F.cross_entropy(only(now, session.competing), y)
        if each:
            loss = loss + self.alpha * answers(dark, self.logits[at]) \
                + self.beta * F.cross_entropy(only(replayed, session.competing), memory.y[also])
        self.logits = keep(memory, self.logits, x, y, now.detach())
        return loss
