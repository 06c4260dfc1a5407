"""Prompt tuning: put learnt tokens in front of the input of a frozen model.

The model is told what to do by a few extra tokens at the input, whose embeddings are all that is trained of it. They
start as embeddings of real inputs.

    model([P; embed(x)]),   P (p x d) is trained

Departs from the paper: the classifier is trained too, as the small model has no words to answer with.

>>> import torch
>>> in_front(torch.zeros(3, 2), torch.ones(5, 4, 2)).shape                # 3 + 4 tokens
torch.Size([5, 7, 2])
"""

import torch
from torch import nn

from methods.arenas.peft.arena import PeftMethod
from methods.kit.adapters import in_front
from methods.kit.method import Card, Paper
from methods.kit.params import param


class PromptTuning(PeftMethod):
    card = Card(
        title="Prompt tuning",
        papers=(Paper("The Power of Scale for Parameter-Efficient Prompt Tuning", 2021, arxiv="2104.08691"),),
        fidelity="faithful",
        needs_scale=("Matches full fine-tuning as models exceed billions of parameters.",),
        waivers={"starts-from-the-pretrained-model": "its new tokens take part in attention from the start"},
    )

    p: int = param(16, "how many tokens are learnt", low=1, high=64)

    def adapt(self, net, task):
        tokens = net.embed(task.train.x[:64]).flatten(0, 1)
        net.prompt = nn.Parameter(tokens[torch.randperm(len(tokens))[:self.p].to(tokens.device)].detach().clone())

    def features(self, net, batch):
        return net.pool(net.norm(net.encode(in_front(net.prompt, net.embed(batch.x)))))
