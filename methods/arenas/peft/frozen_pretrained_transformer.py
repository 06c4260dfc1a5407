"""FPT: keep attention and feed-forward maps of a language model and train only what surrounds them.

A transformer that has read language computes something useful for data of another kind as it is. Its attention and
feed-forward maps stay frozen; what is trained is the map of inputs to tokens, the positions, gains and biases of the
normalisations, and the output.

    trained: input map, positions, LayerNorm, head;   frozen: every W of attention and feed-forward

Follows the paper.

>>> import torch
>>> sorted(name for name, _ in gains(torch.nn.ModuleDict({"a": torch.nn.LayerNorm(2), "b": torch.nn.Linear(2, 2)})))
['a.bias', 'a.weight']
"""

from torch import nn

from methods.arenas.peft.arena import PeftMethod, free
from methods.kit.method import Beats, Card, Matches, Paper


def gains(module):
    """Names and parameters of the normalisations."""
    return [(f"{name}.{key}", p) for name, child in module.named_modules() if isinstance(child, nn.LayerNorm)
            for key, p in child.named_parameters()]


class FrozenPretrainedTransformer(PeftMethod):
    card = Card(
        title="Frozen pretrained transformer",
        papers=(Paper("Pretrained Transformers as Universal Computation Engines", 2021, arxiv="2103.05247"),),
        fidelity="faithful",
        claims=(Beats("random-frozen-transformer", on="target_accuracy", setting="modality"),
                Beats("random-frozen-transformer", on="early_loss", setting="modality"),
                Matches("full-fine-tuning", on="target_accuracy", within=1.0, setting="modality")),
        waivers={"setting:sentences": "it trains a new input, and that of a sentence encoder is given"},
    )

    def adapt(self, net, task):
        free([*net.stem.parameters(), net.position, *(p for _, p in gains(net))])
