"""What can a model gain from its own answers, and from a few questions whose answers are known?

All is invented. A small transformer has read answers to questions on four digits, right ones and wrong ones, so that it
knows the right rule of each question but does not always go by it: its answers are drawn, about half are right, and
among eight there nearly always is a right one. How often a rule is followed depends on the word of the question, and
for some words a wrong rule is the likeliest. A method gets 72 questions with answers and 1,440 without, may train the
model for 100 steps of 32 (or other models, a few times as many), and is asked 800 further questions.

In `two-turn` what counts is the answer that a second attempt gives: the model sees its first, and a mark. In `programs`
the answer is a program of two steps, many of which are right, and all questions without answers are left out. In
`preferences` it is known of 600 pairs of answers, the best and the worst of four samples, which is better, three in ten
times wrongly, and only eight answers are known. There are three worlds, and the seed takes one; all seeds share the
model that writes programs.

What was set after looking at scores of one seed that is not scored: how many answers are known, that pairs are of four
samples, that programs have two steps, and that scorers go by likelihood, as a map on states learnt little from so few.
"""

from __future__ import annotations

import copy
from dataclasses import replace

import torch
from torch import Tensor

from methods.arenas.self_improvement.stage._checks import answers_alone, leaves_the_start
from methods.arenas.self_improvement.stage._data import ImprovementData, improvement_data, is_right, task_of
from methods.arenas.self_improvement.stage.task import Task
from methods.kit.lm_nets import Body
from methods.kit.method import Method
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.stage.scores import auroc

SAME = {"turns": 1, "programs": False, "labelled": 72}


class SelfImprovementMethod(Method):
    """The slot: `improve` trains the model, `answer` says what is answered and how sure it is."""

    sees_answers = False             # of the questions asked: an upper bound, not a contestant

    def improve(self, net: Body, task: Task) -> Body:
        return net

    def answer(self, net: Body, asked: Tensor, task: Task) -> tuple[Tensor, Tensor]:
        """Answers (N, A) to questions (N, Q) and confidences (N,): one sample, after an earlier one where there are
        two turns."""
        prompts = asked
        if task.turns == 2:
            prompts = task.again(asked, task.sample(net, asked, purpose="first attempt")[0][:, 0])
        said, log_p = task.sample(net, prompts, purpose="last attempt")
        return said[:, 0], log_p[:, 0]


class SelfImprovement(Arena):
    title = "Self-improvement"
    metrics = (
        Metric("exact_match", "Right answers", unit="%", ceiling=100, help="answers that are right as a whole"),
        Metric("auroc", "Confidence", unit="%", chance=50, ceiling=100,
               help="area under the curve of right against wrong answers by the method's confidence"),
        Metric("pass_at_8", "Right among eight", unit="%", ceiling=100,
               help="questions of which one of eight samples of the model is right"),
        Metric("keeps", "Right answers kept", unit="%", ceiling=100,
               help="second attempts that are right after a right first one; in programs any two samples"),
        Metric("mends", "Wrong answers mended", unit="%", ceiling=100,
               help="second attempts that are right after a wrong first one; in programs any two samples"),
        Metric("gain", "Gain of the second attempt", unit="%", help="right second attempts less right first ones"),
    )
    settings = (
        Setting("default", "a few known answers", SAME),
        Setting("two-turn", "the second attempt counts", {**SAME, "turns": 2}),
        Setting("programs", "many programs are right", {**SAME, "programs": True, "unlabelled": 8, "labelled": 600}),
        Setting("preferences", "pairs of answers, judged with noise", {**SAME, "labelled": 8}),
    )
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "unlabelled": 40, "tests": 40, "judged": 24, "samples": 6, "steps": 3,
                                 "rate": 3e-3}),
        "full": Scale(60, 2048, {"small": False, "unlabelled": 1440, "tests": 800, "judged": 600, "samples": 8,
                                 "steps": 100, "rate": 2e-3}),
        "gpu": Scale(600, 8192, {"small": False, "unlabelled": 5760, "tests": 8000, "judged": 2400, "samples": 16,
                                 "steps": 1000, "rate": 1e-3}),
    }
    slot = SelfImprovementMethod
    baseline = "single-sample"
    checks = (leaves_the_start, answers_alone)

    def data(self, trial: Trial) -> ImprovementData:
        return improvement_data(trial)

    def run(self, method: SelfImprovementMethod, data: ImprovementData, trial: Trial) -> dict[str, float]:
        o, task, test = trial.options, task_of(data, trial), data.test
        if method.sees_answers:
            task.key = lambda rows, answers: is_right(o.programs, test, rows, answers)
        net = copy.deepcopy(data.start).train().requires_grad_(True)
        net = method.improve(net, task).eval()
        with torch.no_grad():
            said, sure = method.answer(net, test.asked, task)
            sampled, _ = task.sample(net, test.asked[:200].repeat_interleave(8, 0), purpose="eight")
            first, _ = task.sample(net, test.asked, purpose="attempt one")
            second, _ = task.sample(net, task.again(test.asked, first[:, 0]), purpose="attempt two")
        if said.shape != test.answers.shape or not torch.isfinite(sure).all():
            raise ValueError(f"{method.slug()}: an answer and a finite confidence for each question are wanted")

        def right(answers: Tensor) -> Tensor:
            return is_right(o.programs, test, torch.arange(len(answers), device=answers.device), answers).double()

        good, one, two = right(said), right(first[:, 0]), right(second[:, 0])
        eight = is_right(o.programs, test, torch.arange(len(sampled), device=said.device) // 8, sampled[:, 0])
        scores = {"exact_match": 100 * good.mean(), "auroc": auroc(sure, good.long()) if 0 < good.mean() < 1 else 50.0,
                  "pass_at_8": 100 * eight.view(-1, 8).any(1).double().mean(), "keeps": 100 * _mean(two[one > 0]),
                  "mends": 100 * _mean(two[one == 0]), "gain": 100 * (two - one).mean()}
        trial.record(1, 1, exact_match=float(scores["exact_match"]), confidence=sure.mean().item(),
                     mean_piece=said.double().mean().item())
        return {name: float(value) for name, value in scores.items()}

    def shuffle_labels(self, data: ImprovementData, generator: torch.Generator) -> ImprovementData:
        """Answers of other questions, and pairs judged by a coin."""
        order = torch.randperm(len(data.labelled.answers), generator=generator).to(data.labelled.answers.device)
        turned = (torch.rand(len(data.preferences.asked), 1, generator=generator) < 0.5).to(order.device)
        p = data.preferences
        return replace(data, labelled=replace(data.labelled, answers=data.labelled.answers[order]), preferences=replace(
            p, better=torch.where(turned, p.worse, p.better), worse=torch.where(turned, p.better, p.worse),
            points=torch.where(turned, -p.points, p.points)))


def _mean(values: Tensor) -> Tensor:
    return values.mean() if len(values) else values.new_zeros(())
