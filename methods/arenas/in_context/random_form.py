"""Random form: any way to write a prompt, drawn for each run.

    form = one of the cross product, each equally likely

Follows the textbook.

>>> from methods.arenas.in_context.stage.wording import forms
>>> sorted({form.many for form in forms(4)})
[1, 2, 4]
"""

import torch

from methods.arenas.in_context.arena import InContextMethod
from methods.arenas.in_context.stage.wording import forms, shown
from methods.kit.method import Card


class RandomForm(InContextMethod):
    card = Card(title="Random form")

    def choose(self, asked, task):
        every = forms(task.shots)
        return shown(every[int(torch.randint(len(every), ()))], asked, task)
