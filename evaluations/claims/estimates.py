"""How long a request would take before anything is asked for: the sentence under a Run form, which follows the form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.shortcuts import render
from django.views.decorators.http import require_POST

from evaluations.claims.open_questions import request_estimate
from evaluations.models import params_key
from evaluations.runs.contestants import own_values
from evaluations.runs.requests import Form, read_form
from papers.web import may, wants_fragment


def estimate_of(fields: Mapping[str, str]) -> dict[str, Any]:
    """What a form would queue and how long that takes, or what is wrong with it."""
    try:
        form = read_form(fields)
    except (ValueError, LookupError) as error:
        return {"error": str(error)}
    own = params_key(own_values(form.target.tunable, form.params)) if form.target.tunable else ""
    return {"form": form, "asked": _in_words(form), "estimate": request_estimate(
        form.target.methods, form.setting, scale=form.scale, seeds=form.seeds, questions=form.target.questions,
        own=own)}


@may("evaluations.add_run")
@require_POST
def run_estimate(request):
    """Without script a page of its own, with the button to press next. Nothing is queued here."""
    fields = {name: value for name, value in request.POST.items() if name != "csrfmiddlewaretoken"}
    shown = "_request_estimate.html" if wants_fragment(request) else "request_preview.html"
    return render(request, f"evaluations/claims/{shown}", estimate_of(fields) | {"fields": fields})


def _in_words(form: Form) -> str:
    seeds = f"{len(form.seeds)} seed{'s' * (len(form.seeds) != 1)}"
    values = "".join(f", {name} = {value}" for name, value in form.params.items())
    return f"{form.target.name}: {seeds}, setting {form.setting}, scale {form.scale}{values}"
