"""What the method library adds to papers: links as a filter and beside each paper, and a curator's word that holds."""

from django.apps import AppConfig


class MethodsConfig(AppConfig):
    name = "methods"

    def ready(self) -> None:
        from methods import following, selectors, services
        from methods.models import PaperLink
        from papers.extensions import Filter, SearchField, extensions
        from papers.following.registry import registry

        extensions.filters["link"] = Filter("Method here", {
            PaperLink.IMPLEMENTS: "implements it", PaperLink.RELATED: "related only", "none": "none yet"},
            selectors.best_link_is)
        extensions.search_fields["arena"] = SearchField("Arena", selectors.arena_titles, selectors.linked_to_arena)
        extensions.facets.append(selectors.link_facets)
        extensions.method_links = selectors.method_links
        extensions.link_kinds = selectors.link_kinds
        extensions.method_counts = selectors.method_counts
        extensions.reasons_to_stay.append(selectors.curator_has_spoken)
        extensions.on_fold.append(services.move_links)
        extensions.after_embedding.append("methods.link_papers")
        following.register(registry)
