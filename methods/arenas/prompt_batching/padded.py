"""Padded: one pass of all prompts, each filled up to the longest.

    pieces passed = prompts * longest

What libraries do by default.

>>> import torch
>>> from methods.arenas.prompt_batching.stage.reading import padded
>>> padded([torch.tensor([5, 6, 7]), torch.tensor([8])])[0].numel()        # 2 * 3, for 4 pieces
6
"""

from methods.arenas.prompt_batching.arena import PromptBatchingMethod
from methods.arenas.prompt_batching.stage.reading import padded
from methods.kit.method import Card


class Padded(PromptBatchingMethod):
    card = Card(title="Padded to the longest")

    def read(self, reader, prompts):
        said = reader.read(*padded(prompts))
        return [said[i, len(each) - 1] for i, each in enumerate(prompts)]
