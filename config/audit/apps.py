from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "config.audit"
    label = "audit"

    def ready(self) -> None:
        from config.audit.services import keep
        from papers import history
        history.recorders.append(keep)
