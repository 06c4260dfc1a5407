"""Better model: exact probabilities of bytes by the one model that is better on other reviews.

    P(b | x) of the model with the fewest bits a byte on reviews for validation

What an average of models of several vocabularies has to beat; with one model at hand it is the byte-token
representation.

>>> min([(2.4, "small"), (2.3, "large")])[1]
'large'
"""

from methods.arenas.byte_probabilities.arena import ByteProbabilitiesMethod
from methods.arenas.byte_probabilities.stage.task import summed, word
from methods.kit.method import Card


class BetterModel(ByteProbabilitiesMethod):
    card = Card(title="The better model alone")

    def models(self, models):
        return [min(models, key=lambda model: model.bits)]

    def next_byte(self, task, model):
        encode, found = model.vocabulary.encode, []
        for row, (before, last) in enumerate(map(word, task.prompts)):
            for i in range(max(0, len(last) - model.vocabulary.longest), len(last) + 1):
                found.append((row, encode(before), encode(last[:i]), last[i:]))
        return summed(model, len(task.prompts), found)
