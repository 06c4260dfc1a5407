"""Papers of the same title are told apart by more than their titles; merges can be undone; values know their source."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import papers.models


def same_titles_same_key(apps, schema_editor):
    """A second paper of one title had its arXiv id at the end of its key."""
    papers = apps.get_model("papers", "Paper")
    for paper in papers.objects.exclude(arxiv_id=None).only("title_key", "arxiv_id").iterator():
        if paper.title_key.endswith(f" {paper.arxiv_id}"):
            papers.objects.filter(pk=paper.pk).update(title_key=paper.title_key.removesuffix(f" {paper.arxiv_id}"))


class Migration(migrations.Migration):

    dependencies = [
        ("papers", "0012_flat_search"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="FormerPaper",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("title_key", models.CharField(db_index=True, max_length=400)),
                ("arxiv_id", models.CharField(max_length=40, null=True)),
                ("doi", models.CharField(max_length=200, null=True)),
            ],
        ),
        migrations.AddField(
            model_name="paper",
            name="sources",
            field=models.JSONField(blank=True, default=dict, editable=False),
        ),
        migrations.AddField(
            model_name="paper",
            name="withdrawn",
            field=models.BooleanField(default=False),
        ),
        migrations.AlterField(
            model_name="paper",
            name="title_key",
            field=models.CharField(db_index=True, editable=False, max_length=400),
        ),
        migrations.CreateModel(
            name="Merge",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kept", models.BigIntegerField(db_index=True)),
                ("dropped", models.BigIntegerField(db_index=True)),
                ("title", models.TextField()),
                ("reason", models.CharField(max_length=200)),
                ("undo", models.JSONField(encoder=papers.models.WholeEncoder)),
                ("at", models.DateTimeField(auto_now_add=True)),
                ("undone_at", models.DateTimeField(null=True)),
                ("by", models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="PaperIdentifier",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=20)),
                ("value", models.CharField(max_length=200)),
                ("paper", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="identifiers", to="papers.paper")),
            ],
            options={
                "ordering": ["kind", "value"],
                "constraints": [models.UniqueConstraint(fields=("value", "kind"), name="one_paper_per_identifier")],
            },
        ),
        migrations.CreateModel(
            name="PaperValue",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("field", models.CharField(max_length=20)),
                ("value", models.JSONField()),
                ("value_hash", models.CharField(max_length=64)),
                ("rank", models.PositiveSmallIntegerField()),
                ("at", models.DateTimeField(auto_now_add=True)),
                ("digest", models.BigIntegerField(null=True)),
                ("paper", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="values", to="papers.paper")),
            ],
            options={
                "ordering": ["field", "pk"],
                "constraints": [models.UniqueConstraint(fields=("paper", "field", "value_hash"), name="one_row_per_value")],
            },
        ),
        migrations.CreateModel(
            name="PossibleDuplicate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reason", models.CharField(max_length=200)),
                ("score", models.FloatField()),
                ("state", models.CharField(choices=[("open", "open"), ("different", "different")], db_index=True, default="open", max_length=10)),
                ("decided_at", models.DateTimeField(null=True)),
                ("decided_by", models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("first", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="papers.paper")),
                ("second", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="papers.paper")),
            ],
            options={
                "ordering": ["-score", "pk"],
                "constraints": [models.UniqueConstraint(fields=("first", "second"), name="one_question_per_pair")],
            },
        ),
        migrations.AlterField(
            model_name="othertitle",
            name="title_key",
            field=models.CharField(editable=False, max_length=400),
        ),
        migrations.AddConstraint(
            model_name="othertitle",
            constraint=models.UniqueConstraint(fields=("title_key", "paper"), name="one_row_per_title_and_paper"),
        ),
        migrations.RunPython(same_titles_same_key, migrations.RunPython.noop),
    ]
