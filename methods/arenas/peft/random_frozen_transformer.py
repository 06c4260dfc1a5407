"""Random frozen transformer: forget the pretraining, freeze random blocks and train what surrounds them."""

from torch import nn

from methods.arenas.peft.arena import PeftMethod, free
from methods.kit.method import Card


class RandomFrozenTransformer(PeftMethod):
    card = Card(
        title="Random frozen transformer",
        waivers={"setting:sentences": "it trains a new input, and that of a sentence encoder is given",
                 "starts-from-the-pretrained-model": "it starts from a random model on purpose"},
    )

    def adapt(self, net, task):
        for module in [*net.blocks.modules(), net.norm]:
            if isinstance(module, nn.Linear | nn.LayerNorm):
                module.reset_parameters()
        free([*net.stem.parameters(), net.position, *net.norm.parameters()])
        free(p for module in net.blocks.modules() if isinstance(module, nn.LayerNorm) for p in module.parameters())
