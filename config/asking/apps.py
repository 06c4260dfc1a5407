from django.apps import AppConfig


class AskingConfig(AppConfig):
    name = "config.asking"
    label = "asking"

    def ready(self) -> None:
        from config.asking import following
        from papers.following.registry import registry
        following.register(registry)
