"""Separate training: a bound, each of five sizes trained with the whole budget of steps.

    steps of each = 600, more than twice the budget in all

A bound: nobody else may spend as much.

>>> SeparateTraining.beyond_budget
True
"""

from methods.arenas.elastic_networks.arena import ElasticNetworksMethod
from methods.kit.method import Card


class SeparateTraining(ElasticNetworksMethod):
    card = Card(title="Each size with the whole budget")
    beyond_budget = True

    def offer(self, task):
        return [(net, net.cost) for net in task.alone()]
