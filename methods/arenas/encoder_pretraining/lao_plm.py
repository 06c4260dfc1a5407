"""LaoPLM: ELECTRA's small recipe on little text of one language.

    L = L_MLM(G) + 50 mean over all t of BCE(w . h_t, x~_t is not x_t),   G of a quarter of the width

The arena's default text is of that kind: 25,000 words, read four times.

Departs from the paper: English in place of Lao, words in place of pieces of a script without blanks, and an encoder
that has read. The paper's BERT of the same text is `masked-language-model`. At this size detection hardly learns.

>>> LaoPlm.share_of_width
0.25
"""

from methods.arenas.encoder_pretraining.stage.replaced import Replaced
from methods.kit.method import Card, Paper
from methods.kit.params import param


class LaoPlm(Replaced):
    card = Card(
        title="LaoPLM",
        papers=(Paper("LaoPLM: Pre-trained Language Models for Lao", 2021, arxiv="2110.05896"),),
        fidelity="core",
        needs_scale=("ELECTRA is better than BERT of the same small size on scarce text.",),
    )
    share_of_width = 0.25
    cost = 1.15

    lam: float = param(50.0, "weight of detection", low=1.0, high=100.0)

    def loss(self, net, task):
        made = self.corrupt(net, task, task.draw())
        return made.loss + self.lam * self.detection(net, task, net(made.ids), made.changed)
