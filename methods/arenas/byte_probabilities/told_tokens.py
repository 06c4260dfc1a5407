"""Told tokens: an upper bound that knows where the present token began.

    P(b | x) = sum over t that begin with u b of P(t | encode(x less u)) / sum over all b,   u told

Only tokens count that the tokenizer would put there. A bound: where a token ends is known from what comes after, which
nobody else sees.

>>> ToldTokens.sees_tokens
True
"""

import torch

from methods.arenas.byte_probabilities.arena import ByteProbabilitiesMethod
from methods.arenas.byte_probabilities.stage.task import spread
from methods.kit.method import Card


class ToldTokens(ByteProbabilitiesMethod):
    card = Card(title="Told where the token began")
    sees_tokens = True

    def next_byte(self, task, model):
        vocabulary, total = model.vocabulary, []
        cuts = [len(prompt) - begun for prompt, begun in zip(task.prompts, task.token_begins, strict=True)]
        encoded = [vocabulary.encode(prompt[:cut]) for prompt, cut in zip(task.prompts, cuts, strict=True)]
        _, nexts = model.follow(encoded, [[]] * len(encoded))
        for prompt, cut, tokens, following in zip(task.prompts, cuts, encoded, nexts, strict=True):
            likely = spread(vocabulary.after(prompt[cut:]), following.exp() * vocabulary.valid[tokens[-1]])
            total.append(likely / likely.sum())
        return torch.stack(total)
