"""Search texts know their paper's authors and identifiers, in a full-text index of their own."""

from django.db import migrations, models

from papers.search.full_text import install, remove
from papers.search.identifiers import as_words, identifiers_of
from papers.search.names import authors_as_words

BATCH = 1000


def fill(apps, schema_editor):
    """Give the present papers' texts what the new columns hold."""
    papers = apps.get_model("papers", "Paper").objects.order_by("pk").values_list(
        "authors", "arxiv_id", "doi", "urls", "pk")
    rows = []
    with schema_editor.connection.cursor() as cursor:
        def write():
            cursor.executemany("UPDATE papers_searchtext SET authors = %s, ids = %s WHERE paper_id = %s", rows)
            rows.clear()

        for authors, arxiv_id, doi, urls, pk in papers.iterator(chunk_size=BATCH):
            ids = as_words(identifiers_of(arxiv_id=arxiv_id, doi=doi, urls=urls))
            rows.append((authors_as_words(authors), ids, pk))
            if len(rows) == BATCH:
                write()
        write()


class Migration(migrations.Migration):

    dependencies = [("papers", "0014_sources")]
    operations = [
        migrations.RunPython(migrations.RunPython.noop, install),  # going back, when the columns are gone
        migrations.AddField("searchtext", "authors", models.TextField(blank=True, default=""),
                            preserve_default=False),
        migrations.AddField("searchtext", "ids", models.TextField(blank=True, default=""), preserve_default=False),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.RunPython(install, remove),
    ]
