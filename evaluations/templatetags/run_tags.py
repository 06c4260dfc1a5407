"""Template tags of runs: the Run button and a method's runs."""

from typing import Any

from django import template

from evaluations.models import Run
from evaluations.runs import selectors, services
from evaluations.runs.contestants import written
from evaluations.runs.requests import CLAIMS, PARAM, find_target
from methods.models import Arena, Method
from methods.selectors import refusals

register = template.Library()


@register.inclusion_tag("evaluations/runs/_run_button.html", takes_context=True)
def run_button(context, method: Method):
    """The form that runs one method, with its hyperparameters; filled in as the page's address says."""
    filled = context["request"].GET
    params = [_field(param, filled.get(f"{PARAM}{param['name']}", "")) for param in method.params]
    return _form(context, f"method:{method.key}", [method.arena], params=params, present=method.present) | {
        "filled": filled, "changed": any(field["value"] for field in params),
        "broken": _why_not(method.arena_id, method.slug),
        "estimated": [method], "estimated_setting": method.arena.settings[0]["name"]}


@register.inclusion_tag("evaluations/runs/_run_button.html", takes_context=True)
def arena_run_button(context, arena: Arena):
    """The form that runs every method of an arena."""
    return _form(context, f"arena:{arena.slug}", [arena], present=arena.present) | {
        "broken": _why_not(arena.slug)}


@register.inclusion_tag("evaluations/runs/_run_button.html", takes_context=True)
def paper_run_button(context, paper):
    """The form that runs what a paper is linked to, its rivals and the baselines."""
    target = f"paper:{paper.pk}"
    try:
        methods = find_target(target).methods
    except LookupError:
        methods = []
    arenas = {method.arena_id: method.arena for method in methods}
    return _form(context, target, list(arenas.values()), present=bool(methods), methods=methods) | {
        "estimated": methods, "estimated_setting": CLAIMS}


@register.inclusion_tag("evaluations/runs/_method_runs.html")
def method_runs(method: Method, limit: int = 10):
    """The method's newest runs."""
    runs = selectors.run_list({"arena": method.arena_id, "method": method.slug})
    return {"method": method, "runs": runs[:limit], "total": runs.count()}


@register.inclusion_tag("evaluations/runs/_run_state.html")
def run_state(run: Run):
    return {"run": run, "badge": selectors.BADGES[run.state]}


@register.filter
def primary_score(run: Run) -> str:
    return selectors.primary_score(run)


@register.filter
def percent(share: float) -> int:
    """A share from 0 to 1 as a whole percentage; 100 only when all is done."""
    return int(share * 100)


@register.filter
def all_digits(value: float | None) -> str:
    """A score as it is stored, to the last bit; an en dash for none."""
    return "–" if value is None else repr(value)


@register.filter
def eight_digits(value: float | None) -> str:
    """A score precise enough to compare by eye; an en dash for none."""
    return "–" if value is None else f"{value:.8g}"


@register.filter
def four_digits(value: float) -> str:
    """A difference or a tolerance, which may be very small."""
    return f"{value:.4g}"


def _field(param: dict[str, Any], text: str) -> dict[str, Any]:
    """A hyperparameter's field: `value` is what the address fills in, `options` what there is to choose."""
    choices = param["choices"] or ([True, False] if param["type"] == "bool" else [])
    now = text if text in map(written, choices) else written(param["default"])
    return param | {"value": text, "options": [(written(each), written(each) == now) for each in choices]}


def _why_not(arena: str, method: str = "") -> str:
    """Which broken file keeps it from being run; "" for none."""
    why = refusals([arena])
    return why.get((arena, "")) or why.get((arena, method)) or ""


def _form(context, target: str, arenas: list[Arena], *, present: bool, params=(), methods=()):
    request = context["request"]
    settings: dict[str, str] = {}
    for arena in arenas:
        for setting in arena.settings:
            title = setting["title"] if len(arenas) == 1 else setting["name"]
            settings.setdefault(setting["name"], title)
    scales = list(dict.fromkeys(scale for arena in arenas for scale in arena.scales))
    return {
        "target": target, "form_id": "run-" + target.replace(":", "-").replace("/", "-"), "present": present,
        "settings": settings.items(), "scales": scales, "queues": services.QUEUES, "params": params,
        "methods": methods, "unheard": selectors.unheard_queues() if present else [], "path": request.path,
        "user": request.user, "may_run": request.user.has_perm("evaluations.add_run"), "request": request,
        "claims_first": target.startswith("paper:"),
    }


@register.filter
def counted(amount: float) -> str:
    """What a run counted or chose: whole numbers with thousands apart, small ones with the digits they have."""
    return f"{amount:,.2f}".rstrip("0").rstrip(".") if abs(amount) >= 1 or amount == 0 else f"{amount:.3g}"
