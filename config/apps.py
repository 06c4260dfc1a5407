from django.apps import AppConfig


class ProjectConfig(AppConfig):
    name = "config"

    def ready(self):
        from config import privacy  # noqa: F401  registers its checks
