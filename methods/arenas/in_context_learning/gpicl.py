"""GPICL: many tasks made by random matrices and orders of classes, every class guessed from the pairs before it.

    task i: x -> x A_i, A_i ~ N(0, 1/D); y -> p_i(y); L = - mean over t of log p(y_t | pairs before t, x_t)

With many tasks none can be remembered, so what is learnt is to learn from the context.

Departs from the paper: a pair is one position, where it gives the class before beside each input; five kinds drawn for
each sequence where it has the ten of one set; 250 steps, where it takes tens of thousands; in `regression` the base is
random functions.

>>> Gpicl(log_tasks=4).values()
{'log_tasks': 4}
"""

from methods.arenas.in_context_learning.stage.projected import Projected
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Gpicl(Projected):
    card = Card(
        title="GPICL",
        papers=(Paper("General-Purpose In-Context Learning by Meta-Learning Transformers", 2022, arxiv="2212.04458"),),
        fidelity="core",
        claims=(Beats("few-tasks", on="accuracy", by=5.0), Beats("lstm", on="accuracy", by=1.0)),
        reduces_to=("few-tasks", {"log_tasks": 4}),
    )

    log_tasks: int = param(14, "logarithm to base 2 of how many tasks there are", low=0, high=20)
