"""Personalised code model: tune a code model to one project by a small part of it.

A model that has learnt to write programs is tuned to the programs of one person or project. Tuning all weights
costs a model a project; the alternatives compared are to tune the embeddings with the output map, the last layer
alone, or learnt keys and values in front of every layer's.

    trained: E and softmax | last block | (P_K, P_V) per layer

Departs from the paper: a small character model and film reviews stand in for a large code model
and its users' projects; the output map is trained in every variant, as in the whole arena.

>>> import torch
>>> Prefix(3, 4).keys.shape
torch.Size([3, 4])
"""

from methods.arenas.peft.arena import PeftMethod, free
from methods.kit.adapters import Prefix
from methods.kit.method import Card, Matches, Paper
from methods.kit.params import param


class PersonalisedCode(PeftMethod):
    card = Card(
        title="Personalised code model",
        papers=(Paper("Exploring and Evaluating Personalized Models for Code Generation", 2022, arxiv="2208.13928"),),
        fidelity="core",
        claims=(Matches("full-fine-tuning", on="target_accuracy", within=2.0, setting="text",
                        cost="trained parameters"),),
        waivers={"setting:sentences": "it trains a code of the input, and that of a sentence encoder is given"},
    )

    part: str = param("embeddings", "tuned beside the output map", choices=("embeddings", "last-layer", "prefix"))

    def adapt(self, net, task):
        if self.part == "embeddings":
            free([*net.stem.parameters(), net.position])
        elif self.part == "last-layer":
            free(net.blocks[-1].parameters())
        else:
            for block in net.blocks:
                block.attention.prefix = Prefix(16, net.width)
