"""MCL: detection of replaced, of swapped and of inserted words, and once more on what was mistaken.

    L = L_MLM(G) + 50 (RTD + STD + ITD) + L_MLM(G on the mistaken) + 50 RTD on the mistaken

STD: 15 % of the words change places among themselves. ITD: masks are put between words and filled by the generator.
What the detector mistook is kept: the generator guesses these places again, and the detector reads a window in which
only they are replaced. The encoder asked is the mean of the last three checkpoints. A step costs 4.4 plain ones.

Departs from the paper: it goes on from an encoder that has read; the self-correction keeps one cell of the paper's
confusion matrix; the mean is of one run's checkpoints, not of courses. Detection hardly learns at this size.

>>> import torch
>>> inserted(torch.tensor([[5, 6, 7, 8]]), torch.tensor([[False, True, False, False]]))[0].tolist()
[[5, 0, 6, 7]]
"""

import copy

import torch
import torch.nn.functional as F

from methods.arenas.encoder_pretraining.stage.replaced import Replaced
from methods.arenas.encoder_pretraining.stage.words import MASK
from methods.kit.method import Card, Paper
from methods.kit.params import param


def inserted(ids, chosen):
    """Windows (B, T) with a mask before each chosen word, cut at T, and where the masks are."""
    rows, masks = [], []
    for row, before in zip(ids, chosen, strict=True):
        twice = torch.stack([torch.full_like(row, MASK), row], 1).flatten()
        kept = torch.stack([before, torch.ones_like(before)], 1).flatten()
        new = torch.stack([before, torch.zeros_like(before)], 1).flatten()
        rows.append(twice[kept][:len(row)])
        masks.append(new[kept][:len(row)])
    return torch.stack(rows), torch.stack(masks)


class Mcl(Replaced):
    card = Card(
        title="MCL",
        papers=(Paper("Pre-training Language Model as a Multi-perspective Course Learner", 2023, arxiv="2305.03981"),),
        fidelity="core",
        needs_scale=("Better than ELECTRA at equal training budget.",),
    )
    cost = 4.4

    lam: float = param(50.0, "weight of detection", low=1.0, high=100.0)

    def prepare(self, task):
        self.soup = []
        return super().prepare(task)

    def loss(self, net, task):
        ids = task.draw()
        made = self.corrupt(net, task, ids)
        state = net(made.ids)
        total = made.loss + self.lam * self.detection(net, task, state, made.changed)
        total = total + self.lam * (self.swapped(net, task, ids) + self.insertion(net, task, ids))
        said = task.parts["head"](net.norm(state))[..., 0].detach() > 0
        mistaken = made.changed & ~said
        if not mistaken.any():
            return total
        again = task.parts["generator"](net, torch.where(mistaken, MASK, ids))
        total = total + F.cross_entropy(net.guess(again[mistaken]), ids[mistaken])
        return total + self.lam * self.detection(net, task, net(torch.where(mistaken, made.ids, ids)), mistaken)

    def swapped(self, net, task, ids):
        chosen = task.choose(ids, 0.15)
        moved = ids[chosen].view(len(ids), -1).roll(1, 1).flatten()
        turned = ids.clone()
        turned[chosen] = moved
        return self.detection(net, task, net(turned), turned != ids)

    def insertion(self, net, task, ids):
        longer, masks = inserted(ids, task.choose(ids, 0.15))
        filled = self.corrupt(net, task, longer, masks)
        return self.detection(net, task, net(filled.ids), masks)

    def after_step(self, net, task):
        if task.step >= task.steps - 3:
            self.soup.append(copy.deepcopy(net.state_dict()))

    def finish(self, net, task):
        net.load_state_dict({name: torch.stack([one[name] for one in self.soup]).mean(0) for name in self.soup[0]})
        return net
