"""Tag-LLM: learn one set of tokens for what the data is and another for what is asked about it.

Tokens that name the look of the data learn first and without labels: in front of inputs of that look they help the
frozen model to tell what is hidden (or comes next). Tokens that name the question then learn from labels, behind
the former ones. As each set serves many of the other, combinations that were never trained can be answered.

    stage 1: min_D  restore([D_look; x])        stage 2: min_F, D  CE(head([D_look; F_question; x]), y)

Departs from the paper: pictures in four looks stand in for domains of text, hidden patches for next tokens, and the
classifier reads the input's tokens, as the frozen model was trained to, instead of the last tag.

>>> import torch
>>> tags = torch.arange(6.0).view(3, 1, 2)
>>> tags[torch.tensor([2, 0])].flatten().tolist()                             # every input gets its own look's tokens
[4.0, 5.0, 0.0, 1.0]
"""

import torch
from torch import nn

from methods.arenas.peft.arena import PeftMethod
from methods.kit.adapters import in_front
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class TagLlm(PeftMethod):
    card = Card(
        title="Domain and function tags",
        papers=(Paper("Tag-LLM: Repurposing General-Purpose LLMs for Specialized Domains", 2024, arxiv="2402.05140"),),
        fidelity="core",
        claims=(Beats("prompt-tuning", on="target_accuracy", setting="unseen-pairs"),
                Beats("linear-probe", on="target_accuracy", setting="unseen-pairs"),
                Beats("prompt-tuning", on="target_accuracy", setting="domains")),
        waivers={"setting:sentences": "its domain tags learn to restore hidden inputs, which a sentence "
                                      "encoder was not taught",
                 "starts-from-the-pretrained-model": "its tags stand in front of the input from the start"},
    )

    p: int = param(8, "tokens of a tag", low=1, high=16)
    first: float = param(0.3, "share of the budget for learning looks without labels", low=0.0, high=0.8)
    enrich: bool = param(True, "go on training the looks' tags with labels")

    def adapt(self, net, task):
        tokens = net.embed(task.train.x[:64]).mean((0, 1))
        net.looks = nn.Parameter(tokens + 0.02 * torch.randn(task.looks, self.p, net.width))
        net.questions = nn.Parameter(tokens + 0.02 * torch.randn(task.questions, self.p, net.width))
        self.labelled = False

    def advance(self, net, task):
        if task.enters(self.first):
            self.labelled = True
            net.looks.requires_grad_(self.enrich)
            task.stage(net)
        elif task.enters(0.0):
            task.stage(net, self.first)

    def features(self, net, batch):
        tags = torch.cat([net.looks[batch.look], net.questions[batch.question]], 1)
        return net.pool(net.norm(net.encode(in_front(tags, net.embed(batch.x)))))

    def loss(self, net, task):
        batch = task.draw()
        if self.labelled:
            return self.error(net, batch)
        h, hidden = net.hide(batch.x)
        return net.restore_loss(net.encode(in_front(net.looks[batch.look], h)), batch.x, hidden)
