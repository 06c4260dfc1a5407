"""CoDAG: one model adapts to each new domain, another keeps general, and each gives the other a start.

Along a stream of unlabelled domains the adapting model starts from the general one and learns the new domain as SHOT
does. Its answers there are the labels from which the general model learns, on strongly altered pictures, together
with remembered pictures of earlier domains. The general model answers.

    DA: minimise mean H(p) - H(mean p) + beta * CE(centroids' labels), from DG's weights, for half of the steps
    DG: minimise CE(strong view of current and remembered pictures, DA's labels), for the other half

Departs from the paper: altered views are shifts, noise and blanked squares; the steps of both models together are as
many as others take for one.

>>> import torch
>>> kept(torch.arange(10), 4).tolist()                   # spread evenly
[0, 3, 6, 9]
"""

import torch
import torch.nn.functional as F

from methods.arenas.domain_adaptation.arena import DomainAdaptationMethod
from methods.arenas.domain_adaptation.stage.nets import information, nearest_mean_labels, predict
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def kept(rows: torch.Tensor, many: int) -> torch.Tensor:
    """`many` of the rows, evenly spaced."""
    return rows[torch.linspace(0, len(rows) - 1, min(many, len(rows))).long()]


class Codag(DomainAdaptationMethod):
    card = Card(
        title="CoDAG",
        papers=(Paper("Complementary Domain Adaptation and Generalization for Unsupervised Continual Domain Shift "
                      "Learning", 2023, arxiv="2303.15833"),),
        fidelity="core",
        claims=(Beats("shot", on="target_accuracy", setting="continual"),
                Beats("shot", on="kept_accuracy", setting="continual"),
                Beats("shot", on="future_accuracy", setting="continual"),
                Beats("source-only", on="target_accuracy", setting="continual")),
        waivers={"knob:memory": "with a single domain there is nothing to remember"},
    )

    beta: float = param(0.3, "how much the centroids' labels count", low=0.0, high=2.0)
    memory: int = param(200, "pictures remembered of each domain", low=0, high=1000)
    general: float = param(0.5, "share of the steps for the general model", low=0.1, high=0.9)

    def begin(self, net, task):
        if task.number == 0:
            self.past = []
        self.start = {name: value.clone() for name, value in net.state_dict().items()}
        self.labels, self.generalising = None, False
        task.optimise((net.parameters(), 1.0))

    def loss(self, net, task):
        if task.online or task.progress < 1 - self.general:
            return self.adapt(net, task)
        if not self.generalising:
            self.generalising = True
            self.labels = predict(net, task.unlabelled)[1].argmax(1)
            net.load_state_dict(self.start)
            task.optimise((net.parameters(), 1.0))
        rows, x = task.target()
        if len(x) < 2:
            return None
        x = torch.cat([x, task.strong_view(x)])
        labels = self.labels[rows].repeat(2)
        loss = F.cross_entropy(net(x), labels)
        if self.past and len(self.past[0][0]):
            old_x, old_y = self.past[int(torch.randint(len(self.past), (1,), generator=task.random))]
            drawn = torch.randint(len(old_x), (len(rows),), generator=task.random)
            loss = loss + F.cross_entropy(net(task.strong_view(old_x[drawn])), old_y[drawn])
        return loss

    def adapt(self, net, task):
        if task.online or task.due(8):
            z, logits = predict(net, task.unlabelled)
            self.labels = nearest_mean_labels(z, logits.softmax(1))
        rows, x = task.target()
        if len(x) < 2:
            return None
        logits = net(x)
        return information(logits.softmax(1)) + self.beta * F.cross_entropy(logits, self.labels[rows])

    def end(self, net, task):
        if self.generalising and self.memory:
            rows = kept(torch.arange(len(task.unlabelled), device=task.unlabelled.device), self.memory)
            self.past.append((task.unlabelled[rows], self.labels[rows]))
