from django.apps import AppConfig


class FollowingConfig(AppConfig):
    name = "papers.following"
    label = "following"

    def ready(self) -> None:
        from papers.following import kinds
        from papers.following.registry import registry
        kinds.register(registry)
