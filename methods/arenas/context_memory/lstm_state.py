"""LSTM state: what a recurrent model keeps of a list of words that it read before.

A list is read and comes again, in the same or another order, or is new; how surprised the model is the second time, by
how surprised it would be of a new list, says whether it is remembered word by word. A recurrent model keeps one vector.

    surprise left = 100 * bits(list again | list read) / bits(list | another list read)

Departs from the paper: bytes and names from source code in place of words and nouns; the recurrent model has half the
weights of the frozen one and has read less; medians over words, and what depends on the length of the list and on the
text between, are left out.

>>> round(100 * 1.5 / 3.0)                                 # half as surprised as by a new list
50
"""

from methods.arenas.context_memory.arena import ContextMemoryMethod
from methods.kit.method import Card, Paper


class LstmState(ContextMemoryMethod):
    card = Card(
        title="Verbatim memory of an LSTM",
        papers=(Paper("Characterizing Verbatim Short-Term Memory in Neural Language Models", 2022, arxiv="2210.13569",
                      covers="the recurrent model"),),
        fidelity="core",
    )

    def learn(self, task):
        self.model = task.recurrent()

    def read(self, contexts, task):
        return self.model(contexts)[1]

    def logits(self, memory, ids, task):
        return self.model(ids, memory)[0]
