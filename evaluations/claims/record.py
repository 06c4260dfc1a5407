"""A claim and where it stands as plain data: the one form behind files, the API and its schema."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from evaluations.arithmetic.sequential import LOOKS
from evaluations.claims.verdicts import ClaimStanding
from evaluations.claims.wording import sentence, statement


@dataclass(frozen=True)
class ClaimRecord:
    """What a verdict says is None while there is none; `decided_at` is an ISO text."""

    id: int
    arena: str
    method: str
    kind: str
    sentence: str  # the claim and what became of it, in plain words
    claim: str  # what is claimed
    rival: str
    metric: str
    setting: str
    status: str
    stale: bool
    scale: str | None = None
    n: int | None = None
    look: int | None = None  # of `looks` that the rule allows; 0 before the first
    looks: int | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    effect_size: float | None = None
    power: float | None = None
    seeds_needed: int | None = None
    cost: dict[str, Any] | None = None
    family: int | None = None  # claims corrected together
    sides: list[dict[str, Any]] | None = None  # by term: steps and gradients taken, seeds at chance level
    decided_at: str | None = None

    @classmethod
    def of(cls, standing: ClaimStanding) -> ClaimRecord:
        claim, verdict = standing.claim, standing.verdict
        record = cls(claim.pk, claim.method.arena_id, claim.method.slug, claim.kind, sentence(standing),
                     statement(claim), claim.rival, claim.metric, claim.setting, standing.status, standing.stale)
        if verdict is None:
            return record
        return cls(**vars(record) | {
            "scale": verdict.scale, "n": verdict.n, "look": verdict.look, "looks": len(LOOKS),
            "difference": verdict.difference, "low": verdict.low,
            "high": verdict.high, "p_value": verdict.p_value, "effect_size": verdict.effect_size,
            "power": verdict.power, "seeds_needed": verdict.seeds_needed, "cost": verdict.cost,
            "family": verdict.family, "sides": verdict.sides,
            "decided_at": verdict.decided_at.isoformat()})

    def data(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)
