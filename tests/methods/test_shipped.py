"""The runs that a fresh dashboard starts with are of the code that is here: of other code they give no verdict."""

from collections import Counter

from django.core.management import call_command

from evaluations.models import Run


def test_every_shipped_run_is_of_the_present_code(library):
    """A change below the arenas (kit/params.py, say) makes all scores stale: undo it, or measure and ship them anew."""
    call_command("load_results")
    runs = Run.objects.select_related("method")
    assert runs.count() >= 3000
    stale = Counter(run.method.arena_id for run in runs
                    if run.code_digest != run.method.run_digest(run.setting, run.scale))
    assert not stale
