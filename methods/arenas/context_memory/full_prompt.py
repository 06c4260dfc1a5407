"""Full prompt: the context itself stays in the model's window, and what it keeps word by word is asked.

A list is read and comes again, in the same or another order, or is new. How surprised the model is the second time, by
how surprised it is of a new list, and how much more by another order, says what is remembered.

    surprise left = 100 * bits(list again | list read) / bits(list | another list read)
    order = bits(list | list in another order) - bits(list | list)

Departs from the paper: bytes and names from source code in place of words and nouns; medians over words, and what
depends on the length of the list and on the text between, are left out. The recurrent model here has read less, so
that a lead over it confirms nothing. In this arena it is the upper end of the range, too: its memory is the text, and
all of it is read again.

>>> round(100 * 0.6 / 3.0)                                 # a fifth as surprised as by a new list
20
"""

import torch

from methods.arenas.context_memory.arena import ContextMemoryMethod
from methods.kit.method import Card, Paper


class FullPrompt(ContextMemoryMethod):
    card = Card(
        title="Full prompt: verbatim memory of a transformer",
        papers=(Paper("Characterizing Verbatim Short-Term Memory in Neural Language Models", 2022, arxiv="2210.13569",
                      covers="the protocol, and the transformer"),),
        fidelity="core",
        needs_scale=("A recurrent model that has read as much remembers words less exactly, and not their order.",),
    )
    sees_context = True

    def read(self, contexts, task):
        return contexts

    def logits(self, memory, ids, task):
        return task.net(torch.cat([memory, ids], 1))[:, -ids.shape[1]:]
