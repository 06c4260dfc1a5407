"""The arena of context memory: changes of weights by changed weights, and evened matrices by their decomposition."""

import copy

import torch

from methods.arenas.context_memory.arena import ContextMemory
from methods.arenas.context_memory.generative_adapter import GenerativeAdapter, evened
from methods.arenas.context_memory.stage.task import Task


def staged(setting="default"):
    arena = ContextMemory()
    trial = arena.trial(scale="smoke", setting=setting, seed=1)
    data = arena.data(trial)
    return data, Task(data.net, data.train, trial)


def test_a_change_is_added_to_the_output_map():
    data, task = staged()
    changes = [0.1 * torch.randn(1, task.width, task.width) for _ in range(task.layers)]
    changed = copy.deepcopy(data.net)
    for block, change in zip(changed.blocks, changes, strict=True):
        block.mixer.out.weight += change[0].T
    ids = data.test.follows[:3, :-1]
    assert torch.allclose(task.adapted(ids, changes), changed(ids), atol=1e-4)


def test_evened_is_the_orthogonal_factor():
    s = torch.eye(6) + 0.2 * torch.randn(2, 6, 6, generator=torch.Generator().manual_seed(0))
    u, _, v = torch.linalg.svd(s)
    assert torch.allclose(evened(s, 20), u @ v, atol=1e-3)


def test_a_sum_over_parts_of_a_context_is_that_of_the_whole():
    data, task = staged()
    method = GenerativeAdapter()
    method.learn(task)
    context = data.test.contexts[:2]
    h = task.states(context)[0]
    left, right = h @ method.inner[0, 0], h @ method.inner[1, 0]
    parts = sum(left[:, i].unsqueeze(2) * right[:, i].unsqueeze(1) for i in range(context.shape[1]))
    want = method.outer[0, 0] @ evened(parts) @ method.outer[1, 0].T
    assert torch.allclose(method.read(context, task)[0], want, atol=1e-4)


def test_a_list_comes_again_after_its_context():
    data, _ = staged("lists")
    for context, mixed, follows in zip(data.test.contexts, data.test.mixed, data.test.follows, strict=True):
        said = bytes(follows.tolist())[1:]
        assert said in bytes(context.tolist()) and said not in bytes(mixed.tolist())
