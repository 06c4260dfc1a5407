from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("papers", "0010_full_text"),
    ]

    operations = [
        migrations.AddField(
            model_name="digest",
            name="listed",
            field=models.PositiveIntegerField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="digest",
            name="state",
            field=models.CharField(
                choices=[("complete", "complete"), ("importing", "importing"), ("removing", "removing")],
                default="complete", editable=False, max_length=10),
        ),
    ]
