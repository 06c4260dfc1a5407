"""K-means queries: ask about one picture for each of as many clusters of the pool as there are questions.

Lloyd's algorithm for five rounds from pictures drawn by chance; of each cluster the picture nearest to its centre is
asked about; where two centres have the same nearest, fewer are asked. Distances are those of pictures averaged
over 2 x 2 dots.

    asked = argmin_x ||x - c_j|| for each centre c_j

Follows the textbook.

>>> import torch
>>> centres(torch.tensor([[0.0], [1.0], [8.0], [10.0]]), torch.tensor([0, 2]), 5).flatten().tolist()
[0.5, 9.0]
"""

import torch
import torch.nn.functional as F

from methods.arenas.teacher_queries.arena import TeacherQueriesMethod
from methods.arenas.teacher_queries.stage.clusters import centres
from methods.kit.method import Card


class KMeansQueries(TeacherQueriesMethod):
    card = Card(title="K-means queries")

    def queries(self, task, many):
        flat = F.avg_pool2d(task.pool, 2).flatten(1)
        rows = torch.cdist(centres(flat, task.some(many), 5), flat).argmin(1)
        return task.pool[rows.unique()]
