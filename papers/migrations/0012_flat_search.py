"""Search texts know their paper and the model that embedded them, so that nobody has to count or cast all rows."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Exists, F, OuterRef
from django.db.models.functions import Cast

from papers.search.full_text import install


def fill(apps, schema_editor):
    """Give the present rows what the new columns say."""
    texts, vectors, papers = (apps.get_model("papers", name) for name in ("SearchText", "Vector", "Paper"))
    known = papers.objects.filter(pk=OuterRef("number"))
    texts.objects.filter(pk__in=texts.objects.filter(kind="paper").annotate(
        number=Cast("key", models.BigIntegerField())).filter(Exists(known)).values("pk")).update(
        paper_id=Cast("key", models.BigIntegerField()))
    for model in vectors.objects.order_by().values_list("model_id", flat=True).distinct():
        texts.objects.filter(pk__in=vectors.objects.filter(model_id=model, text_hash=F("text__text_hash")).order_by(
            ).values("text")).update(embedded_by=model)


class Migration(migrations.Migration):

    dependencies = [("papers", "0011_unfinished_imports")]
    operations = [
        migrations.CreateModel("Revision", [
            ("name", models.CharField(max_length=40, primary_key=True, serialize=False)),
            ("number", models.BigIntegerField(default=0)),
        ]),
        migrations.AddField("searchtext", "paper", models.OneToOneField(
            blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name="search_text",
            to="papers.paper")),
        migrations.AddField("searchtext", "embedded_by", models.CharField(
            blank=True, db_index=True, default="", max_length=200), preserve_default=False),
        migrations.AlterField("vector", "created_at", models.DateTimeField(auto_now=True, db_index=True)),
        migrations.AlterField("paper", "updated_at", models.DateTimeField(auto_now=True, db_index=True)),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.RunPython(install, migrations.RunPython.noop),
    ]
