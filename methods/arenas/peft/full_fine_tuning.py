"""Full fine-tuning: train every parameter of the pretrained model."""

from methods.arenas.peft.arena import PeftMethod, free
from methods.kit.method import Card


class FullFineTuning(PeftMethod):
    card = Card(
        title="Full fine-tuning",
        waivers={"stays-within-the-allowance": "it trains everything: the rival that spends most"},
    )

    def adapt(self, net, task):
        free(p for name, p in net.named_parameters() if not name.startswith(("decoder", "hidden_token")))
