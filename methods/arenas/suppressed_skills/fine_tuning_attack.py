"""Fine-tuning attack: a few examples of what is refused undo the refusal.

The aligned model is fine-tuned on what it is given, all its weights, and nothing else is done. In `benign` the examples
are of other tasks. The same run is the reverse fine-tuning by which the wrapper hypothesis is tested: a skill that was
only covered comes back sooner than one that is learnt.

    theta <- theta_aligned - eta grad L(theta; examples)

Departs from the paper: a toy with four tasks in place of an assistant; refusals and right answers are counted where the
paper has harm judged; ten steps of Adam, its rate ours. The tier of identity examples is left out.

>>> FineTuningAttack().starts_from
''
"""

from methods.arenas.suppressed_skills.arena import SuppressedSkillsMethod
from methods.kit.method import Beats, Card, Paper


class FineTuningAttack(SuppressedSkillsMethod):
    card = Card(
        title="Fine-tuning attack and reverse fine-tuning",
        papers=(Paper("Fine-tuning Aligned Language Models Compromises Safety, Even When Users Do Not Intend To!", 2023,
                      arxiv="2310.03693", covers="the tiers of harmful and of benign examples"),
                Paper("Mechanistically analyzing the effects of fine-tuning on procedurally defined tasks", 2023,
                      arxiv="2311.12786", covers="reverse fine-tuning against a control"),),
        fidelity="core",
        claims=(Beats("no-tuning", on="revived"), Beats("control-tuning", on="revived"),
                Beats("control-tuning", on="revived", setting="hundred"),
                Beats("no-tuning", on="revived", setting="benign"),),
    )

    def change(self, net, task):
        return task.tune(net, task.asked, task.answers)
