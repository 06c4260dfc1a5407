from django.db import migrations, models
from django.db.models import deletion


def newest_years_first(apps, schema_editor):
    """SQLite reads its index of years from the end for this; PostgreSQL would find the papers without a year there."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("CREATE INDEX papers_by_year ON papers_paper (year DESC NULLS LAST, id DESC)")


def without(apps, schema_editor):
    schema_editor.execute("DROP INDEX IF EXISTS papers_by_year")


class Migration(migrations.Migration):

    dependencies = [("papers", "0017_code_links")]
    operations = [
        migrations.AlterField("paper", "cluster", models.ForeignKey(
            blank=True, db_index=False, null=True, on_delete=deletion.SET_NULL, related_name="papers",
            to="papers.cluster")),
        migrations.AddIndex("paper", models.Index(fields=["cluster", "-created_at", "-id"], name="papers_of_clusters")),
        migrations.AddIndex("paper", models.Index(fields=["year", "-created_at", "-id"], name="papers_of_years")),
        migrations.AlterField("appearance", "paper", models.ForeignKey(
            db_index=False, on_delete=deletion.CASCADE, related_name="appearances", to="papers.paper")),
        migrations.AddIndex("appearance", models.Index(fields=["paper", "digest"], name="digests_of_papers")),
        migrations.RunPython(newest_years_first, without),
    ]
