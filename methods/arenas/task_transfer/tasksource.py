"""tasksource: many tasks in one schema, one head for all, and a vector that says which task it is.

Every task is brought to the same form, a text and one of so many classes. All share the encoder and the head; a task
has a vector that is added to the text's. Tasks are drawn by size, the large ones counting no more than a cap.

    logits = W (f(x) + v_t), classes that t lacks left out;   p(t) ~ min(size_t, cap)

Departs from the paper: one head for all, where there tasks share a head only if they have the same labels; the task's
vector is added to the text's at the end, not to the first symbol's embedding, and is never left out, there in a tenth
of the steps; a batch mixes tasks. The encoder has not read any text before it; the collection is invented, so the work
of bringing tasks to a schema is not done here.

>>> capped([20, 500, 40], 40).tolist()
[0.20000000298023224, 0.4000000059604645, 0.4000000059604645]
"""

import torch
import torch.nn.functional as F

from methods.arenas.task_transfer.arena import TaskTransferMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def capped(sizes, cap):
    """How likely each task is."""
    kept = torch.tensor(sizes, dtype=torch.float).clamp(max=cap)
    return kept / kept.sum()


class Tasksource(TaskTransferMethod):
    card = Card(
        title="tasksource",
        papers=(Paper("tasksource: Structured Dataset Preprocessing Annotations for Frictionless Extreme Multi-Task "
                      "Learning and Evaluation", 2023, arxiv="2301.05948"),),
        fidelity="core",
        claims=(Beats("no-pretuning", on="log_loss"), Beats("stilts", on="log_loss")),
    )

    cap: int = param(200, "labels of a task that count", low=1, high=600)

    def pretune(self, encoder, task):
        most = max(each.many for each in task.tasks)
        p = capped([len(each.texts) for each in task.tasks], self.cap)
        head, where = task.head(encoder, most), task.tasks[0].texts.device
        classes = torch.tensor([each.many for each in task.tasks], device=where)
        vectors = torch.zeros(len(task.tasks), encoder.width, device=where, requires_grad=True)

        def loss(drawn):
            of = torch.multinomial(p, 96, replacement=True, generator=drawn)
            drawn_texts = [task.batch(at, int((of == at).sum()), drawn) for at in of.unique().tolist()]
            at = torch.cat([torch.full((len(y),), t, device=where) for t, (_, y) in
                            zip(of.unique().tolist(), drawn_texts, strict=True)])
            x, y = (torch.cat(parts) for parts in zip(*drawn_texts, strict=True))
            shut = torch.arange(most, device=where) >= classes[at, None]
            return F.cross_entropy(head(encoder(x) + vectors[at]).masked_fill(shut, -1e9), y)

        task.descend([*encoder.parameters(), *head.parameters(), vectors], loss)
        return encoder
