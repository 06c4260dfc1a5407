"""No context: the model as it is, with the last byte alone.

    recovered = 0

The lower end of the range.

>>> NoContext.slug()
'no-context'
"""

from methods.arenas.context_memory.arena import ContextMemoryMethod
from methods.kit.method import Card


class NoContext(ContextMemoryMethod):
    card = Card(title="No context")

    def read(self, contexts, task):
        return None

    def logits(self, memory, ids, task):
        return task.net(ids)
