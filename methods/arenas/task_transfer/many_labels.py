"""Many labels (upper bound): 2,000 labels of each task asked, in place of 40, and five times the steps.

    theta = theta_0, then tuned on many

Follows the textbook.

>>> ManyLabels.sees_many
True
"""

from methods.arenas.task_transfer.arena import TaskTransferMethod
from methods.kit.method import Card


class ManyLabels(TaskTransferMethod):
    card = Card(title="Many labels (upper bound)")
    sees_many = True
