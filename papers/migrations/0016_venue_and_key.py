from django.db import migrations, models

from papers.bibliography.keys import give_keys

BATCH = 1000


def key_the_papers(apps, schema_editor):
    """The papers there are get their keys, the oldest first."""
    papers = apps.get_model("papers", "Paper")
    last = 0
    while batch := list(papers.objects.filter(pk__gt=last).order_by("pk").only(
            "title", "title_key", "authors", "year", "arxiv_id")[:BATCH]):
        give_keys(batch, among=papers.objects.all())
        papers.objects.bulk_update(batch, ["cite_key"])
        last = batch[-1].pk


class Migration(migrations.Migration):

    dependencies = [("papers", "0015_names")]

    operations = [
        migrations.AddField("paper", "venue", models.CharField(blank=True, max_length=300)),
        migrations.AddField("paper", "cite_key", models.CharField(blank=True, db_index=True, editable=False,
                                                                  max_length=80)),
        migrations.AddField("digest", "columns", models.JSONField(blank=True, default=dict, editable=False)),
        migrations.AddField("appearance", "outcome", models.CharField(blank=True, max_length=6)),
        migrations.RunPython(key_the_papers, migrations.RunPython.noop, elidable=True),
    ]
