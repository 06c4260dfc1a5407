"""Token healing: the prompt's last token is taken back, and the next one must begin with its text.

If that token is drawn again, the next byte is the first of the token after it.

    P(b | x) = sum over t that begin with u b of Q(t) + Q(u) P(b | encode(x)),   u the last token,
    Q(t) = P(t | tokens before u) / sum over t' that begin with u of P(t' | tokens before u)

Follows the textbook.

>>> longer, again, then = {"the": 0.1, "them": 0.1}, 0.2, {"m": 0.5}                # the last token is th
>>> whole = again + sum(longer.values())
>>> longer["the"] / whole + longer["them"] / whole                                  # of e
0.5
"""

import torch

from methods.arenas.byte_probabilities.arena import ByteProbabilitiesMethod
from methods.arenas.byte_probabilities.stage.task import spread
from methods.kit.method import Card


class TokenHealing(ByteProbabilitiesMethod):
    card = Card(title="Token healing")

    def next_byte(self, task, model):
        vocabulary, total = model.vocabulary, []
        encoded = [vocabulary.encode(prompt) for prompt in task.prompts]
        _, back = model.follow([tokens[:-1] for tokens in encoded], [[]] * len(encoded))
        _, on = model.follow(encoded, [[]] * len(encoded))
        for tokens, before, after in zip(encoded, back, on, strict=True):
            last = tokens[-1]
            then = spread(vocabulary.after(b""), after.exp())
            likely = spread(vocabulary.after(vocabulary.tokens[last]), before.exp()) + before[last].exp() * then
            total.append(likely / likely.sum())
        return torch.stack(total)
