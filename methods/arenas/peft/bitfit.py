"""BitFit: train the biases and nothing else.

A transformer has a bias in every linear map and every normalisation, a per cent of its parameters. Training these
alone moves what each unit needs to see before it answers, without changing what it looks for.

    h = W0 x + b,   only b is trained

Departs from the paper: the bias of the map from patches to tokens stays frozen.

>>> import torch
>>> sorted(name for name, _ in biases(torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.LayerNorm(2))))
['0.bias', '1.bias']
"""

from methods.arenas.peft.arena import PeftMethod, free
from methods.kit.method import Beats, Card, Matches, Paper


def biases(module):
    """Names and parameters of the biases of linear maps and normalisations."""
    return [(name, p) for name, p in module.named_parameters() if name.endswith("bias")]


class Bitfit(PeftMethod):
    card = Card(
        title="BitFit",
        papers=(Paper("BitFit: Simple Parameter-efficient Fine-tuning for Transformer-based Masked Language-models",
                      2021, arxiv="2106.10199"),),
        fidelity="faithful",
        claims=(Beats("linear-probe", on="target_accuracy"),
                Matches("full-fine-tuning", on="target_accuracy", within=2.0, setting="few-labels"),
                Matches("full-fine-tuning", on="target_accuracy", within=2.0, setting="sentences")),
    )

    def adapt(self, net, task):
        free(p for _, p in [*biases(net.blocks), *biases(net.norm)])
