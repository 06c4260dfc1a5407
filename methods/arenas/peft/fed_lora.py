"""Federated LoRA: clients tune the same low-rank changes of all weights in turn, and a server averages them."""

from methods.arenas.peft.arena import PeftMethod
from methods.arenas.peft.stage.stages import ClientLowRank, WithClients
from methods.kit.adapters import replace_linears
from methods.kit.method import Card
from methods.kit.params import param


class FedLora(WithClients, PeftMethod):
    card = Card(title="Federated LoRA")

    r: int = param(4, "rank of the change of a weight", low=1, high=8)
    local: int = param(5, "steps a client makes before it sends", low=1, high=20)

    def adapt(self, net, task):
        self.federate(net, task, replace_linears(net, lambda linear: ClientLowRank(linear, self.r, 8.0 / self.r)))
