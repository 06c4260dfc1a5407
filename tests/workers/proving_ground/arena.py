"""What happens to a run that sleeps, spins, eats memory, crashes or talks?

Not a comparison: each method misbehaves in its own way, so that the workers can be watched dealing with it.
"""

from methods.kit.method import Method
from methods.kit.stage.arena import Arena, Metric, Scale, Trial


class Misbehaviour(Method):
    """The slot."""

    def act(self, trial: Trial) -> float:
        """Whatever the method does; the score."""
        return float(trial.numpy("score").normal())


class ProvingGround(Arena):
    title = "Proving ground"
    metrics = (Metric("score", "Score", unit="%"), Metric("cost", "Cost", better="lower"))
    scales = {"smoke": Scale(1, 900), "full": Scale(60, 900)}
    slot = Misbehaviour
    baseline = "steady"

    def data(self, trial):
        return None

    def run(self, method, data, trial):
        score = method.act(trial)
        trial.count(gradients=7)
        return {"score": score, "cost": 1.0}

    def shuffle_labels(self, data, generator):
        return data
