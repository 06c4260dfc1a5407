"""Best form: the way to write a prompt that does best on all validation questions.

    form = argmax over the cross product of the share of words right in all validation questions

Follows the textbook.

>>> from methods.arenas.in_context.stage.wording import forms
>>> forms(4)[-1]
Form(which='nearest', many=4, order='best first', block=1)
"""

from methods.arenas.in_context.arena import InContextMethod
from methods.arenas.in_context.stage.wording import forms, judged_by_all, shown
from methods.kit.method import Card


class BestForm(InContextMethod):
    card = Card(title="Best form")

    def choose(self, asked, task):
        return shown(forms(task.shots)[int(judged_by_all(task).argmax())], asked, task)
