from django.apps import AppConfig
from django.conf import settings
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "config.accounts"
    label = "accounts"

    def ready(self) -> None:
        from config.accounts import roles
        from evaluations.runs.extensions import before_queueing

        post_migrate.connect(roles.make_groups, sender=self)
        before_queueing.append(_within_budget)
        if settings.TWO_FACTOR or settings.OIDC_ISSUER:
            from config.accounts import sign_in

            sign_in.listen()


def _within_budget(user, wanted) -> None:
    from config.accounts import budget  # it needs statistics, which not every process does

    budget.check(user, wanted)
