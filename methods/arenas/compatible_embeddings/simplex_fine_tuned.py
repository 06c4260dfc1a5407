"""Fixed simplex, fine-tuned: the directions of CoReS, but each model goes on from the weights of the last.

What simplex-hoc is without its contrast.

Follows the reference of that paper.
"""

from methods.arenas.compatible_embeddings.arena import CompatibleMethod
from methods.arenas.compatible_embeddings.stage.simplex import SimplexClassifier
from methods.kit.method import Card


class SimplexFineTuned(CompatibleMethod):
    card = Card(title="Fixed simplex, fine-tuned")

    def network(self, task):
        return task.last_network()

    def classifier(self, task):
        return SimplexClassifier(task.features)
