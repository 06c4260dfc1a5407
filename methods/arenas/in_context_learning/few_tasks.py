"""Few tasks: sixteen matrices and orders of classes, which can be remembered.

    task i of 16: x -> x A_i, y -> p_i(y); L = - mean over t of log p(y_t | pairs before t, x_t)

What GPICL is compared with. The five kinds are still drawn for each sequence.

>>> FewTasks().log_tasks
4
"""

from methods.arenas.in_context_learning.stage.projected import Projected
from methods.kit.method import Card


class FewTasks(Projected):
    card = Card(title="Few tasks")
    log_tasks = 4
