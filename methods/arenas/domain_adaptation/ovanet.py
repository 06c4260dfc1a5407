"""OVANet: each class learns for itself how near is near enough.

Beside the classifier there is, for each class, a yes-or-no head. It learns from the class's own pictures and, among
all others, from the one most easily mistaken for it. A target picture is given to its best class only if that class
says yes. On the target the yes-or-no answers are made surer.

    loss = CE + mean( -log p_yes,y(x) - min over c != y of log p_no,c(x) ) + weight * H(p_yes, p_no on the target)

A strong rival in universal adaptation. Where no class is private, only the classifier answers.

>>> import torch
>>> both = torch.zeros(1, 2, 2)                          # class, (no, yes), undecided
>>> round(open_set(both, torch.tensor([0])).item(), 4)   # log 2 + log 2
1.3863
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.domain_adaptation.arena import SOURCE_GONE, DomainAdaptationMethod
from methods.kit.method import Card
from methods.kit.params import param


def open_set(both: Tensor, y: Tensor) -> Tensor:
    """Loss of yes-or-no logits (B, C, 2), index 1 being yes."""
    logp = both.log_softmax(2)
    mine = F.one_hot(y, both.shape[1]).bool()
    hardest = logp[:, :, 0].masked_fill(mine, 0.0).amin(1)
    return -(logp[:, :, 1][mine] + hardest).mean()


class Ovanet(DomainAdaptationMethod):
    card = Card(title="OVANet", waivers=SOURCE_GONE)

    weight: float = param(0.1, "how much the target's entropy counts", low=0.0, high=1.0)

    def begin(self, net, task):
        self.yes_no = nn.Linear(net.dim, 2 * task.classes).to(task.unlabelled.device)
        self.private = task.private
        task.optimise((net.parameters(), 1.0), (self.yes_no.parameters(), 2.0))

    def loss(self, net, task):
        (x, y), (_, u) = task.source(), task.target()
        z = net.features(x)
        loss = F.cross_entropy(net.head(z), y) + open_set(self.yes_no(z).view(len(x), -1, 2), y)
        if len(u) > 1:
            logp = self.yes_no(net.features(u)).view(len(u), -1, 2).log_softmax(2)
            loss = loss - self.weight * (logp.exp() * logp).sum(2).mean()
        return loss

    def scores(self, net, x):
        z = net.features(x)
        logits = net.head(z)
        if not self.private:
            return logits
        yes = self.yes_no(z).view(len(x), -1, 2).softmax(2)[:, :, 1]
        accepted = yes.gather(1, logits.argmax(1, keepdim=True)) > 0.5
        low, high = logits.amin(1, keepdim=True) - 1, logits.amax(1, keepdim=True) + 1
        return torch.cat([logits, torch.where(accepted, low, high)], 1)
