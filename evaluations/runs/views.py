"""The pages of runs."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.views.decorators.http import require_POST

from evaluations.models import Run
from evaluations.runs import replays, requests, selectors, services
from evaluations.runs.stamps import nothing_new, stamp_of
from methods.models import Arena
from papers.web import may, page_or_fragment, wants_fragment

PER_PAGE = 50


def run_list(request):
    """Runs by the filters of the address; while some of the page are active it asks for what has changed."""
    filters = {name: request.GET.get(name, "").strip() for name in selectors.FILTERS}
    page = Paginator(selectors.run_list(filters), PER_PAGE).get_page(request.GET.get("page"))
    progress = selectors.request_progress(filters["request"]) if filters["request"] else None
    here = f"{reverse('run_list')}?{request.GET.urlencode()}"
    stamp = stamp_of(here, page.paginator.count, [selectors.moving_parts(run) for run in page], progress)
    if (unchanged := nothing_new(request, stamp)) is not None:
        return unchanged
    kept = {name: value for name, value in filters.items() if value}
    context = {"page": page, "filters": filters, "query": urlencode(kept), "stamp": stamp,
               "active": any(run.active for run in page), "here": here, "progress": progress}
    return page_or_fragment(
        request, "evaluations/runs/run_list.html", "evaluations/runs/_run_rows.html", context, only_page=lambda: {
            "states": ["active", *dict(Run.STATES)], "arenas": Arena.objects.all(), "queues": services.QUEUES})


def run_detail(request, pk):
    """One run; the fragment asked for while it is active leaves out what does not move."""
    run = get_object_or_404(Run.objects.select_related(
        "method__arena", "requested_by", "replay_of__method__arena").prefetch_related("scores"), pk=pk)
    cause = selectors.cause_of(run)
    stamp = stamp_of(selectors.moving_parts(run), cause, run.log, len(run.curve))
    if (unchanged := nothing_new(request, stamp)) is not None:
        return unchanged
    context = {"run": run, "cause": cause, "curves": selectors.curves_of(run), "stamp": stamp,
               "scores": selectors.scores_of(run), "comparison": replays.comparison_of(run),
               "fences": selectors.fences_of(run.worker) if run.worker else [],
               "caution": replays.caution(run), "may_run": request.user.has_perm("evaluations.add_run"),
               "may_change": request.user.has_perm("evaluations.change_run")}
    return page_or_fragment(
        request, "evaluations/runs/run_detail.html", "evaluations/runs/_run_news.html", context, only_page=lambda: {
            "params": selectors.params_of(run), "again": selectors.address_with_changes(run),
            "own": selectors.own_rows(Run.objects.filter(pk=pk)) if run.params else (),
            "replays": replays.comparisons_of(run),
            "command": selectors.command_of(run)})


@may("evaluations.add_run")
@require_POST
def run_request(request):
    """Queue what a form asks for; answers with how far it is, or with what was wrong."""
    try:
        form = requests.read_form(request.POST)
        report = services.request_runs(
            methods=form.target.methods, setting=form.setting, scale=form.scale, seeds=form.seeds, queue=form.queue,
            params=form.params, requested_by=request.user, questions=form.target.questions)
    except (ValueError, LookupError) as error:
        return _answer(request, error=str(error))
    return _answer(request, report=report)


def _answer(request, *, report: services.RequestReport | None = None, error: str = ""):
    if wants_fragment(request):
        progress = selectors.request_progress(report.key) if report else None
        others = Run.objects.filter(pk__in=(
            report.already_queued + report.already_measured)[:500] if report else [])
        return render(request, "evaluations/runs/_run_request.html", {
            "report": report, "error": error, "progress": progress, "stamp": stamp_of(progress),
            "own": selectors.own_rows(others) if report and not progress else (),
            "arenas": Arena.objects.filter(methods__runs__in=others).distinct()})
    if report is None:
        messages.error(request, error)
        came_from = request.META.get("HTTP_REFERER", "")
        return redirect(came_from if url_has_allowed_host_and_scheme(came_from, {request.get_host()}) else "run_list")
    messages.success(request, str(report))
    return redirect(f"{reverse('run_list')}?{urlencode({'request': report.key}) if report.queued else ''}")


def run_request_progress(request, key):
    progress = selectors.request_progress(key)
    if progress is None:
        raise Http404("no run was queued by this request")
    if not wants_fragment(request):
        return redirect(f"{reverse('run_list')}?{urlencode({'request': key})}")
    stamp = stamp_of(progress)
    if (unchanged := nothing_new(request, stamp)) is not None:
        return unchanged
    return render(request, "evaluations/runs/_run_progress.html", {"progress": progress, "stamp": stamp})


@may("evaluations.change_run")
@require_POST
def run_cancel(request, pk):
    run = get_object_or_404(Run, pk=pk)
    if services.cancel_run(pk=pk, by=request.user):
        messages.success(request, f"Run {pk} is cancelled.")
    else:
        messages.warning(request, f"Run {pk} had ended before: it is {run.state}.")
    return redirect("run_detail", pk)


@may("evaluations.change_run")
@require_POST
def run_retry(request, pk):
    get_object_or_404(Run, pk=pk)
    try:
        services.retry_run(pk=pk, by=request.user)
        messages.success(request, f"Run {pk} is queued again.")
    except ValueError as error:
        messages.error(request, str(error))
    return redirect("run_detail", pk)


@may("evaluations.add_run")
@require_POST
def run_replay(request, pk):
    """Measure a finished run once more, to compare."""
    run = get_object_or_404(Run.objects.select_related("method__arena", "replay_of__method__arena"), pk=pk)
    try:
        return redirect("run_detail", replays.request_replay(run=run, by=request.user).pk)
    except ValueError as error:
        messages.error(request, str(error))
    return redirect("run_detail", pk)
