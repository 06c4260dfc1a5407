from django.db import migrations, models
from django.db.models import deletion


class Migration(migrations.Migration):

    dependencies = [("methods", "0005_needs_scale")]
    operations = [
        migrations.AlterField("paperlink", "paper", models.ForeignKey(
            db_index=False, on_delete=deletion.CASCADE, related_name="links", to="papers.paper")),
        migrations.AddIndex("paperlink", models.Index(
            fields=["kind", "method", "paper", "state"], name="links_of_kinds")),
        migrations.AddIndex("paperlink", models.Index(
            fields=["paper", "state", "kind", "method"], name="links_of_papers")),
    ]
