"""One by one: a pass for every prompt.

Nothing is wasted and nothing shared: what a prompt gives alone, by definition.
"""

import torch

from methods.arenas.prompt_batching.arena import PromptBatchingMethod
from methods.kit.method import Card


class OneByOne(PromptBatchingMethod):
    card = Card(title="One by one")

    def read(self, reader, prompts):
        return [reader.read(each[None], torch.arange(len(each), device=each.device)[None])[0, -1] for each in prompts]
