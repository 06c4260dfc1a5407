"""What accounts keep of papers: fields of search and lists that speak of the asking account alone."""

from django.apps import AppConfig


class ShelfConfig(AppConfig):
    name = "papers.shelf"
    label = "shelf"

    def ready(self) -> None:
        from papers.extensions import Filter, SearchField, extensions
        from papers.shelf import fields, kept_papers

        extensions.filters["is"] = Filter("Mine", fields.STATES, fields.is_state, personal=True)
        extensions.search_fields["read"] = SearchField("Read", fields.yes_or_no, fields.is_read, personal=True)
        extensions.search_fields["tag"] = SearchField("Tag", fields.tags_of, fields.has_tag, personal=True)
        extensions.search_fields["list"] = SearchField("List", fields.lists_of, fields.in_list, personal=True)
        extensions.search_fields["note"] = SearchField("Note", fields.any_words, fields.note_has, personal=True)
        extensions.left_out = fields.left_out
        extensions.reasons_to_stay.append(kept_papers.somebody_keeps_it)
        extensions.on_fold.append(kept_papers.move_what_is_kept)
