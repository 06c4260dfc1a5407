"""Papers and digests in the admin: corrections by hand go through the services."""

from django.contrib import admin
from django.shortcuts import redirect

from papers.models import Cluster, Digest, Paper
from papers.services import edit_paper, remove_digest


@admin.register(Paper)
class PaperAdmin(admin.ModelAdmin):
    list_display = ["title", "year", "arxiv_id", "doi", "cluster"]
    list_select_related = ["cluster"]
    search_fields = ["title", "arxiv_id", "doi"]
    fields = ["title", "abstract", "described", "arxiv_id", "doi", "year", "published_on", "authors", "venue", "urls",
              "withdrawn"]
    show_full_result_count = False

    def has_add_permission(self, request):
        return False  # papers come from digests

    def has_delete_permission(self, request, obj=None):
        return False  # and go with them

    def save_model(self, request, obj, form, change):
        edit_paper(paper=obj, by=request.user)


@admin.register(Digest)
class DigestAdmin(admin.ModelAdmin):
    list_display = ["name", "format", "state", "imported_at", "imported_by"]
    search_fields = ["name", "sha256"]
    readonly_fields = ["sha256", "format", "state", "imported_at", "imported_by"]

    def has_add_permission(self, request):
        return False

    def delete_view(self, request, object_id, extra_context=None):
        return redirect("digest_remove", object_id)  # the admin would hold one transaction for all of it

    def delete_queryset(self, request, queryset):
        for digest in queryset:
            remove_digest(digest=digest, by=request.user)


@admin.register(Cluster)
class ClusterAdmin(admin.ModelAdmin):
    list_display = ["label", "model_id", "updated_at"]
    fields = ["label", "terms", "model_id", "created_at", "updated_at"]
    readonly_fields = ["terms", "model_id", "created_at", "updated_at"]

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False
