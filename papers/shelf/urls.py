from django.urls import path

from papers.shelf import news_views, views

urlpatterns = [
    path("shelf/", views.shelf, name="shelf"),
    path("shelf/undo/", views.shelf_undo, name="shelf_undo"),
    path("shelf/names/", views.shelf_names, name="shelf_names"),
    path("shelf/shelf.jsonl", views.shelf_export, name="shelf_export"),
    path("shelf/papers/", views.shelf_papers, name="shelf_papers"),
    path("shelf/papers/<int:pk>/", views.shelf_paper, name="shelf_paper"),
    path("shelf/tags/<int:pk>/", views.tag_edit, name="shelf_tag"),
    path("inbox/", news_views.inbox, name="inbox"),
    path("inbox/read/", news_views.inbox_read, name="inbox_read"),
    path("for-me/", news_views.for_me, name="for_me"),
    path("for-me/quality/", news_views.for_me_quality, name="for_me_quality"),
    path("trending/", news_views.trending, name="trending"),
    path("keys/", news_views.keys, name="keys"),
    path("days/", news_views.today, {"kind": "day"}, name="paper_today"),
    path("weeks/", news_views.today, {"kind": "week"}, name="paper_this_week"),
    path("months/", news_views.today, {"kind": "month"}, name="paper_this_month"),
    path("days/<str:name>/", news_views.paper_period, {"kind": "day"}, name="paper_day"),
    path("weeks/<str:name>/", news_views.paper_period, {"kind": "week"}, name="paper_week"),
    path("months/<str:name>/", news_views.paper_period, {"kind": "month"}, name="paper_month"),
    path("lists/new/", views.list_new, name="shelf_list_new"),
    path("lists/<int:pk>/", views.list_page, name="shelf_list"),
    path("lists/<int:pk>/bibliography/", views.list_bibliography, name="shelf_list_bibliography"),
    path("lists/shared/<str:key>/", views.list_shared, name="shelf_list_shared"),
    path("lists/shared/<str:key>/bibliography/", views.list_shared_bibliography,
         name="shelf_list_shared_bibliography"),
]
