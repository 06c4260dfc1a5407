"""Self-distillation: a student that starts anew guesses hidden words and keeps near to what the first try has become.

    teacher: L = L_MLM from theta_0;  student: L = L_MLM + lambda mean over t, i (h_ti - sg(g_ti))^2 from theta_0 again

h and g are the last states of student and teacher of the whole text; each has half of the steps, on the task's own
text.

Departs from the paper: the optimiser's moments and the schedule go on where the student begins; states of the text as
it is, without masks; lambda is 1 a state, ours.

>>> SelfDistilledPretraining().values()
{'strength': 1.0}
"""

import copy

import torch

from methods.arenas.masked_adaptation.arena import MaskedAdaptationMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class SelfDistilledPretraining(MaskedAdaptationMethod):
    card = Card(
        title="Self-distilled pretraining",
        papers=(Paper("Self-Distillation for Further Pre-training of Transformers", 2022, arxiv="2210.02871"),),
        fidelity="core",
        claims=(Beats("tapt", on="log_loss"), Beats("no-adaptation", on="log_loss")),
    )

    strength: float = param(1.0, "weight of the distance to the teacher's states", low=0.0, high=10.0)

    def prepare(self, task):
        self.teacher = None
        return task.start()

    def draw(self, task):
        self.ids = task.draw("own")
        return self.ids

    def loss(self, net, task):
        if self.teacher is None and task.progress >= 0.5:
            self.teacher = copy.deepcopy(net).requires_grad_(False)
            first = task.start().state_dict()
            net.load_state_dict({name: first[name] for name in net.state_dict()})
        value = super().loss(net, task)
        if self.teacher is None:
            return value
        with torch.no_grad():
            said = self.teacher.read(self.ids).last
        return value + self.strength * (net.read(self.ids).last - said).square().mean()
