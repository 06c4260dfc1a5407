import hashlib
import io
import zipfile
import zlib

from django.db import migrations, models


def unpack(apps, schema_editor):
    """Each library's archive becomes the list of its files, each of which is kept once."""
    library_model, blob_model = apps.get_model("evaluations", "Library"), apps.get_model("evaluations", "Blob")
    for key in library_model.objects.values_list("pk", flat=True):
        library = library_model.objects.get(pk=key)
        blobs = {}
        library.files = []
        with zipfile.ZipFile(io.BytesIO(bytes(library.archive))) as archive:
            for name in archive.namelist():
                contents = archive.read(name)
                sha256 = hashlib.sha256(contents).hexdigest()
                blobs[sha256] = blob_model(sha256=sha256, packed=zlib.compress(contents))
                library.files.append([name, sha256])
        blob_model.objects.bulk_create(blobs.values(), ignore_conflicts=True, batch_size=200)
        library.save(update_fields=["files"])


def pack(apps, schema_editor):
    """Back again: each library's files become its archive."""
    library_model, blob_model = apps.get_model("evaluations", "Library"), apps.get_model("evaluations", "Blob")
    for library in library_model.objects.all():
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, sha256 in library.files:
                archive.writestr(name, zlib.decompress(bytes(blob_model.objects.get(pk=sha256).packed)))
        library.archive = made.getvalue()
        library.save(update_fields=["archive"])


class Migration(migrations.Migration):

    dependencies = [("evaluations", "0006_kept_libraries")]

    operations = [
        migrations.CreateModel(
            name="Blob",
            fields=[("sha256", models.CharField(max_length=64, primary_key=True, serialize=False)),
                    ("packed", models.BinaryField())],
        ),
        migrations.AddField(model_name="library", name="files", field=models.JSONField(default=list),
                            preserve_default=False),
        migrations.AlterField(model_name="library", name="archive", field=models.BinaryField(default=b"")),
        migrations.RunPython(unpack, pack, elidable=True),
        migrations.RemoveField(model_name="library", name="archive"),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(fields=["method", "state", "code_digest", "finished_at"], name="stamps")),
        migrations.AddIndex(
            model_name="run", index=models.Index(fields=["-requested_at", "-id"], name="newest_runs")),
    ]
