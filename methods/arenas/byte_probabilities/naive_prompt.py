"""Naive prompt: the prompt's own encoding, and the first bytes of the tokens that may follow.

    P(b | x) = sum over tokens t that begin with b of P(t | encode(x)) / sum over all b

What is done where nobody thinks of it; a prompt that ends within a token is then encoded as no text ever is.

>>> tokens, likely = ["a", "ab", "b"], [0.2, 0.3, 0.5]
>>> sum(p for token, p in zip(tokens, likely) if token.startswith("a"))
0.5
"""

import torch

from methods.arenas.byte_probabilities.arena import ByteProbabilitiesMethod
from methods.arenas.byte_probabilities.stage.task import spread
from methods.kit.method import Card


class NaivePrompt(ByteProbabilitiesMethod):
    card = Card(title="Naive prompt")

    def next_byte(self, task, model):
        _, nexts = model.follow([model.vocabulary.encode(prompt) for prompt in task.prompts], [[]] * len(task.prompts))
        total = torch.stack([spread(model.vocabulary.after(b""), following.exp()) for following in nexts])
        return total / total.sum(1, keepdim=True)
