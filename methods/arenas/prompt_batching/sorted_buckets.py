"""Sorted buckets: prompts in the order of their lengths, eight to a pass, each pass filled to its own longest.

    pieces passed = sum over passes of 8 * the longest of the pass

Less is wasted, in more passes.

>>> import torch
>>> from methods.arenas.prompt_batching.stage.reading import padded
>>> lengths = [3, 1, 3, 1]                                                 # in pairs: 2 * 1 + 2 * 3, for 8 pieces
>>> sum(padded([torch.zeros(n, dtype=torch.long) for n in pair])[0].numel() for pair in ((1, 1), (3, 3)))
8
"""

from methods.arenas.prompt_batching.arena import PromptBatchingMethod
from methods.arenas.prompt_batching.stage.reading import padded
from methods.kit.method import Card
from methods.kit.params import param


class SortedBuckets(PromptBatchingMethod):
    card = Card(title="Sorted into buckets")

    size: int = param(8, "prompts in a pass", low=2, high=64)

    def read(self, reader, prompts):
        order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
        found = {}
        for at in range(0, len(order), self.size):
            some = order[at:at + self.size]
            said = reader.read(*padded([prompts[i] for i in some]))
            found.update({i: said[row, len(prompts[i]) - 1] for row, i in enumerate(some)})
        return [found[i] for i in range(len(prompts))]
