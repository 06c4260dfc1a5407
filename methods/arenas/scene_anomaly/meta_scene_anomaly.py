"""Meta scene anomaly: train the weights so that a step on few normal clips of a scene suffices.

In each training step, weights take one step of descent on half of the clips of each of some scenes, and the error of
the adapted weights on the other half is what the common weights learn from, through that step (MAML).

    own_s = w - a grad L(w; K clips of s),   w <- w - b grad mean_s L(own_s; other clips of s);   score = L(own; clip)

Departs from the paper: scenes are moving doodles; a small network and its squared error, in % of a frame's mean square,
stand for a network that draws frames against a critic; a mean over scenes stands for the sum, and Adam takes the outer
step; a is chosen on validation scenes; the score is the error itself, where the paper scales its logarithm by video.

>>> import torch
>>> w = [torch.ones(1, 1, 5, 5).requires_grad_(), torch.zeros(1, 1, 5, 5).requires_grad_()]      # nothing is drawn
>>> own = descend(w, torch.ones(1, 1, 2, 5, 5), 1, 0.1, through=True)                            # only w[1] has a slope
>>> bool((own[0] == 1).all()), bool((own[1] > 0).all())
(True, True)
"""

from methods.arenas.scene_anomaly.arena import SceneAnomalyMethod
from methods.arenas.scene_anomaly.stage.predictor import descend, errors
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class MetaSceneAnomaly(SceneAnomalyMethod):
    card = Card(
        title="Meta scene anomaly",
        papers=(Paper("Few-shot Scene-adaptive Anomaly Detection", 2020, arxiv="2007.07843"),),
        fidelity="core",
        claims=(Beats("pretrain-then-tune", on="auroc"), Beats("no-adaptation", on="auroc")),
    )

    rate: float = param(2e-4, "of the step of adaptation, in training and after", low=1e-5, high=1e-2)

    def meta_train(self, task):
        weights = task.blank()

        def adapted(clips):
            half = clips.shape[1] // 2
            return errors(descend(weights, clips[:, :half], 1, self.rate, through=True), clips[:, half:]).mean()

        return task.train(weights, adapted)

    def adapt(self, weights, normal):
        return descend(weights, normal, 1, self.rate)
