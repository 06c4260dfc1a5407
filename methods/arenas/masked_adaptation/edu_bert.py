"""EduBERT, small: a student of half the depth is distilled on general text, then guesses hidden words of the domain.

    first half: 5 T^2 KL(teacher at T || student at T) + 2 L_MLM + 1 - cos(h, g), on general text; second half: L_MLM

The student begins with the teacher's words and its first block; the teacher is the start.

Departs from the paper: the student is made here in half of the steps, where it takes one that was distilled at length;
one block for two.

>>> EduBert().values()
{'distil': True, 'temperature': 2.0}
"""

import torch.nn.functional as F

from methods.arenas.masked_adaptation.arena import MaskedAdaptationMethod
from methods.arenas.masked_adaptation.stage.task import guessed
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.params import param


class EduBert(MaskedAdaptationMethod):
    card = Card(
        title="EduBERT",
        papers=(Paper("EduBERT: Pretrained Deep Language Models for Learning Analytics", 2019, arxiv="1912.00690"),),
        fidelity="core",
        claims=(Matches("dapt", on="log_loss", within=0.05, cost="parameters"), Beats("no-adaptation", on="log_loss")),
        reduces_to=("dapt", {"distil": False}),
    )

    distil: bool = param(True, "whether a student of half the depth is trained; else the whole encoder")
    temperature: float = param(2.0, "softness of the teacher's guesses", low=1.0, high=8.0)

    def prepare(self, task):
        net = task.start()
        if not self.distil:
            return net
        self.teacher = net.requires_grad_(False)
        student = task.blank(blocks=1)
        weights = student.state_dict()
        student.load_state_dict({name: weights[name] if name.startswith("head") else value
                                 for name, value in net.state_dict().items() if name in weights})
        return student

    def loss(self, net, task):
        if not self.distil or task.progress >= 0.5:
            return super().loss(net, task)
        ids = task.draw("general")
        chosen = task.choose(ids, self.share)
        shown, t = task.damaged(ids, chosen), self.temperature
        state, said = net.read(shown).last, self.teacher.read(shown).last
        asked, taught = net.words(state.flatten(0, 1)), self.teacher.words(said.flatten(0, 1))
        soft = F.kl_div((asked / t).log_softmax(1), (taught / t).softmax(1), reduction="batchmean") * t * t
        return 5 * soft + 2 * guessed(net, state, ids, chosen) + (1 - F.cosine_similarity(state, said, dim=2)).mean()
