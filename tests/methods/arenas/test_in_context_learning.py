"""Rules of learning from context against independent computation."""

import torch
import torch.nn.functional as F

from methods.arenas.in_context_learning.fomaml import Fast
from methods.arenas.in_context_learning.linear_probe import LinearProbe
from methods.arenas.in_context_learning.stage.corpus import STEP, parallel
from methods.arenas.in_context_learning.stage.task import Reader


def test_what_a_query_sees_before_its_place_is_what_it_sees_of_those_pairs_alone():
    torch.manual_seed(0)
    net = Reader(4, 16, 2, 2, 6)
    x, y = torch.randn(3, 6, 4), torch.randint(5, (3, 6))
    every = net(x, y, x, each=True)
    assert torch.allclose(every[:, 4], net(x[:, :4], y[:, :4], x[:, 4:5])[:, 0], atol=1e-5)


def test_the_drop_is_that_of_a_step_of_gradients():
    torch.manual_seed(0)
    x, y, w = torch.randn(1, 2, 3), torch.tensor([[1, 4]]), torch.randn(3, 5)
    held = w.clone().requires_grad_()
    (slope,) = torch.autograd.grad(F.cross_entropy(x[0, :1] @ held, y[0, :1]), held)
    drop = F.cross_entropy(x[0, 1:] @ w, y[0, 1:]) - F.cross_entropy(x[0, 1:] @ (w - STEP * slope), y[0, 1:])
    assert torch.allclose(parallel(x, y, w)[0, 1], drop, atol=1e-5)


def test_inner_steps_are_gradients_and_first_order():
    torch.manual_seed(0)
    net, x, y = Fast(3, 4), torch.randn(1, 5, 3), torch.tensor([[0, 1, 2, 3, 4]])
    fast = net.adapted(x, y, 1, 0.1)
    loss = F.cross_entropy(net.said([net.first.weight.T, net.first.bias, net.second.weight.T, net.second.bias], x[0]),
                           y[0])
    (slope,) = torch.autograd.grad(loss, net.first.weight)
    assert torch.allclose(fast[0][0], net.first.weight.T - 0.1 * slope.T, atol=1e-6)
    fast[0].sum().backward()
    assert torch.allclose(net.first.weight.grad, torch.ones_like(net.first.weight))


def test_no_context_of_a_class_is_needed_by_the_probe():
    x, y = torch.randn(2, 5, 3), torch.zeros(2, 5).long()
    assert (LinearProbe().answer(None, x, y, torch.zeros(2, 1, 3)).argmax(2) == 0).all()
