from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("evaluations", "0009_worker_swept_at"),
    ]

    operations = [
        migrations.AddField(
            model_name="worker",
            name="fences",
            field=models.JSONField(default=list),
        ),
    ]
