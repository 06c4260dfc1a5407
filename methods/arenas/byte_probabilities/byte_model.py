"""Byte model: a language model that was trained on bytes.

    P(b | x), directly

What a model needs no tokens for; of the same width and depth and trained for as many steps.

>>> ByteModel.slug()
'byte-model'
"""

import torch

from methods.arenas.byte_probabilities.arena import ByteProbabilitiesMethod
from methods.arenas.byte_probabilities.stage.task import spread
from methods.kit.method import Card


class ByteModel(ByteProbabilitiesMethod):
    card = Card(title="Model of bytes")
    reads_bytes = True

    def next_byte(self, task, model):
        _, nexts = model.follow([model.vocabulary.encode(prompt) for prompt in task.prompts], [[]] * len(task.prompts))
        return torch.stack([spread(model.vocabulary.after(b""), following.exp()) for following in nexts])
