import json

import pytest

from methods.kit.engine.execute import execute


def test_an_outcome_is_plain_data_with_scores_curve_counts_and_cost(tiny):
    outcome = execute("tiny", "scaled", params={"scale": 1.5}, scale="smoke", seed=3)
    plain = json.loads(json.dumps(outcome.as_dict()))
    assert 0 <= plain["scores"]["accuracy"] <= 100 and len(plain["curve"]) == 6 and plain["counts"] == {"gradients": 6}
    assert plain["seconds"] > 0 and plain["peak_memory_mb"] > 0 and plain["device"] == "cpu"
    assert len(plain["code_digest"]) == 64 and {"python", "torch", "processor"} <= set(plain["environment"])


def test_seed_setting_and_hyperparameters_decide_the_scores(tiny):
    def course(**question):
        outcome = execute("tiny", "scaled", scale="smoke", **question)
        return repr((outcome.scores, outcome.curve))
    assert course(seed=1) == course(seed=1)
    courses = [course(seed=1), course(seed=2), course(seed=1, setting="short"), course(seed=1, params={"scale": 2.0})]
    assert len(set(courses)) == 4


def test_progress_ends_complete(tiny):
    told = []
    execute("tiny", "plain", scale="smoke", on_progress=lambda fraction, text: told.append((fraction, text)))
    assert told[-1] == (1.0, "step 6 of 6")


@pytest.mark.parametrize(("question", "error", "message"), [
    ({"method": "huge"}, KeyError, "no method huge"),
    ({"scale": "huge"}, KeyError, "no scale huge; it has smoke, full"),
    ({"setting": "huge"}, KeyError, "no setting huge; it has default, short"),
    ({"params": {"scale": 99.0}}, ValueError, "scale must be a number from 0.1 to 2"),
])
def test_wrong_questions_are_refused(tiny, question, error, message):
    with pytest.raises(error, match=message):
        execute("tiny", question.pop("method", "scaled"), **{"scale": "smoke", **question})


def test_undeclared_or_broken_metrics_are_refused(tiny):
    tiny.edit("arena", 'return {"accuracy"', 'return {"loss": 1.0, "accuracy"')
    with pytest.raises(ValueError, match="promises the metrics accuracy but plain returned accuracy, loss"):
        execute("tiny", "plain", scale="smoke")
