from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("evaluations", "0013_runs_by_finish")]
    operations = [migrations.AddIndex("reportedclaim", models.Index(
        fields=["kind", "paper", "value_start", "id", "status"], name="reported_in_order"))]
