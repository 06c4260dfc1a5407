"""What evaluations add to papers and methods: what was run and judged, and decisions that outlive a fold."""

from django.apps import AppConfig


class EvaluationsConfig(AppConfig):
    name = "evaluations"

    def ready(self) -> None:
        from evaluations import facts, following
        from evaluations.reported.tabulated import record_results
        from methods.extensions import extensions as methods
        from papers.extensions import Filter
        from papers.extensions import extensions as papers
        from papers.following.registry import registry

        papers.filters["verdict"] = Filter(
            "Verdict", {**{status: status for status in facts.STATUSES}, "none": "not measured"}, facts.has_verdict)
        papers.facets.append(facts.verdict_facets)
        papers.verdict_counts = facts.verdict_counts
        papers.happened.append(facts.happened)
        papers.near.append(facts.measured_near)
        papers.stirred.append(facts.stirred)
        papers.on_fold.append(facts.keep_decisions)
        papers.on_reported.append(record_results)
        methods.runs_done = facts.runs_done
        methods.measured = facts.measured_methods
        methods.judged = facts.judged_methods
        following.register(registry)
