"""PEFT benchmark: put LoRA or gains into some of the layers or some of the places only.

Which modules need adapting at all? The study tunes one model with every method at several amounts of data, and then
leaves adaptations out: half of the layers, the early or the late ones, attention or the feed-forward map.

    h = W0 x + (alpha / r) B A x   in the chosen layers and places,   h = W0 x   elsewhere

Departs from the paper: query, value and both maps of the feed-forward part are changed, as for every low-rank method
here.

>>> import torch
>>> chosen_layers(4, "late", None), chosen_layers(4, "all", None)
([2, 3], [0, 1, 2, 3])
>>> chosen_layers(4, "random", torch.tensor([3, 0, 2, 1]))
[0, 3]
"""

import torch
from torch import nn

from methods.arenas.peft.arena import PeftMethod
from methods.kit.adapters import LowRank, Scale
from methods.kit.method import Card, Matches, Paper
from methods.kit.params import param

SITES = {"attention": ("query", "value"), "dense": ("up", "down"), "both": ("query", "value", "up", "down")}


def chosen_layers(layers, which, order):
    """Indices of the layers that are adapted; `order` (layers,) is a random order."""
    half = layers // 2
    return {"all": list(range(layers)), "early": list(range(half)), "late": list(range(layers - half, layers)),
            "random": sorted(order[:half].tolist()) if order is not None else []}[which]


class PeftBenchmark(PeftMethod):
    card = Card(
        title="LoRA in half of the layers",
        papers=(Paper("Empirical Analysis of the Strengths and Weaknesses of PEFT Techniques for LLMs", 2023,
                      arxiv="2304.14999"),),
        fidelity="faithful",
        claims=(Matches("lora", on="target_accuracy", within=1.0, cost="trained parameters"),
                Matches("lora", on="target_accuracy", within=1.0, setting="many-labels")),
        reduces_to=("lora", {"layers": "all", "places": "both"}),
    )

    layers: str = param("random", "which layers are adapted", choices=("all", "early", "late", "random"))
    places: str = param("both", "which maps in them", choices=("both", "attention", "dense"))
    kind: str = param("lora", "low-rank changes, or gains of the outputs", choices=("lora", "gains"))
    r: int = param(4, "rank of the change of a weight", low=1, high=8)

    def adapt(self, net, task):
        order = torch.randperm(len(net.blocks)) if self.layers == "random" else None
        for i in chosen_layers(len(net.blocks), self.layers, order):
            block = net.blocks[i]
            for site in SITES[self.places]:
                parent = block.feed if site in ("up", "down") else block.attention
                linear = getattr(parent, site)
                setattr(parent, site, LowRank(linear, self.r, 8.0 / self.r) if self.kind == "lora"
                        else nn.Sequential(linear, Scale(linear.out_features)))
