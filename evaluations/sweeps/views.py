"""The page of a method's sweeps: what to try, what it would take, what was measured. Its address is the sweep."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from evaluations.runs.contestants import MOST_VARIANTS
from evaluations.runs.requests import parse_seeds
from evaluations.runs.selectors import request_progress
from evaluations.runs.services import request_runs
from evaluations.runs.stamps import nothing_new, stamp_of
from evaluations.sweeps.drawing import heat, parallel_plot, response_plot
from evaluations.sweeps.plan import MOST_SWEPT, Plan, read_plan, sets_in_words, suggestion
from evaluations.sweeps.results import along, in_order, outlook, sweep_record, varied
from methods.kit.params import params_from
from methods.models import Method
from methods.selectors import refusals
from papers.parameters import MOST_LETTERS
from papers.web import may, page_or_fragment

MOST_ROWS = 40  # of the table under the drawings; the file has all


def sweep_detail(request, arena, slug):
    """While runs of its own request are under way, the part with the results asks for what is new."""
    method = _method(arena, slug)
    try:
        plan = read_plan(method, request.GET)
        points = plan.points()
        seeds = parse_seeds(plan.seeds)
    except ValueError as error:
        return render(request, "evaluations/sweeps/sweep_detail.html", {
            "method": method, "error": str(error), "plan": read_plan(method, QueryDict()), **_form(method)}, status=400)
    asked = request.GET.get("request", "")[:MOST_LETTERS]
    progress = request_progress(asked) if asked else None
    record = sweep_record(plan)
    stamp = stamp_of(request.get_full_path(), progress, record)
    if (unchanged := nothing_new(request, stamp)) is not None:
        return unchanged
    context = _results(plan, record) | {
        "method": method, "plan": plan, "progress": progress, "stamp": stamp, "here": request.get_full_path()}
    return page_or_fragment(
        request, "evaluations/sweeps/sweep_detail.html", "evaluations/sweeps/_sweep_results.html", context,
        only_page=lambda: _form(method, plan) | {
            "points": points, "words": sets_in_words(points), "number": len(points), "seeds": len(seeds),
            "runs": len(points) * len(seeds), "estimate": outlook(plan, points) if points else None,
            "may_run": request.user.has_perm("evaluations.add_run"), "refusal": _refusal(method)})


@may("evaluations.add_run")
@require_POST
def sweep_request(request, arena, slug):
    """Queue what the form's `state` (the sweep's address) lacks, all in one request."""
    method = _method(arena, slug)
    page, state = reverse("sweep_detail", args=[arena, slug]), QueryDict(request.POST.get("state", ""))
    try:
        plan = read_plan(method, state)
        points = plan.points()
        if not points:
            raise ValueError("choose a hyperparameter to sweep over")
        report = request_runs(methods=[method], setting=plan.setting, scale=plan.scale, seeds=parse_seeds(plan.seeds),
                              variants=points, requested_by=request.user)
    except ValueError as error:
        messages.error(request, f"Nothing was queued: {error}.")
        return redirect(f"{page}?{state.urlencode()}")
    messages.success(request, str(report))
    asked = f"&{urlencode({'request': report.key})}" if report.queued else ""
    return redirect(f"{page}?{plan.query}{asked}#results")


def _method(arena: str, slug: str) -> Method:
    method = get_object_or_404(Method.objects.select_related("arena").defer(
        "source_code", "explanation", "arena__source_code", "arena__explanation"), arena=arena, slug=slug)
    if not method.params:
        raise Http404(f"{method.key} has no hyperparameters")
    return method


def _refusal(method: Method) -> str:
    """Why nothing of it can be run; empty where it can."""
    if not method.present:
        return "its file is not there any more"
    why = refusals([method.arena_id])
    return why.get((method.arena_id, "")) or why.get((method.arena_id, method.slug)) or ""


def _form(method: Method, plan: Plan | None = None) -> dict[str, Any]:
    """Two lines for hyperparameters, filled in as the address has them, and what each allows."""
    chosen = list(zip(plan.over, plan.texts, strict=True)) if plan else []
    return {"lines": [*chosen, *[("", "")] * (MOST_SWEPT - len(chosen))],
            "params": [{"name": name, "help": param.help, "default": param.default, "allowed": param.allowed,
                        "suggestion": suggestion(param)} for name, param in params_from(method.params).items()]}


def _results(plan: Plan, record: dict[str, Any]) -> dict[str, Any]:
    names = varied(record)
    over = plan.over or tuple(names if len(names) <= MOST_SWEPT else ())  # what is drawn where nothing is chosen
    points = along(record, over)
    own = [point for point in points if not point["is_default"]]
    table = {"setting": plan.setting, "scale": plan.scale, "variants": [point["variant"] for point in own]}
    warm = heat(record, points, over) if len(over) == MOST_SWEPT else None
    joined = len(over) == 1
    return {
        "record": record, "own": len(own), "rows": points[:MOST_ROWS], "left_out": len(points[MOST_ROWS:]),
        "responses": [] if warm else [plot for name in over if (plot := response_plot(
            record, in_order(points, [name]), name, joined=joined))],
        "heat": warm, "parallel": parallel_plot(record, record["points"], names) if len(names) > 2 else None,
        "data": f"/api/v1/methods/{plan.method.arena_id}/{plan.method.slug}/sweep?{_data_query(plan)}",
        "table": urlencode(table, doseq=True) if 0 < len(own) <= MOST_VARIANTS else ""}


def _data_query(plan: Plan) -> str:
    return urlencode([*(("over", name) for name in plan.over), ("setting", plan.setting), ("scale", plan.scale),
                      ("metric", plan.metric)])
