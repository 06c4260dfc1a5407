"""No pretuning: the encoder as it begins.

    theta = theta_0

Follows the textbook.

>>> NoPretuning().pretune("encoder", None)
'encoder'
"""

from methods.arenas.task_transfer.arena import TaskTransferMethod
from methods.kit.method import Card


class NoPretuning(TaskTransferMethod):
    card = Card(title="No pretuning")
