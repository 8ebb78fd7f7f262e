from typing import Any

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "maru.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_in, user_logged_out

        user_logged_in.connect(_came, dispatch_uid="maru.accounts.came")
        user_logged_out.connect(_went, dispatch_uid="maru.accounts.went")


def _came(sender: Any, request: Any, user: Any, **kwargs: Any) -> None:
    from maru.accounts import activity, guard

    if request.session.session_key is None:
        # The session of somebody else was flushed: the new one has no key before it is saved.
        request.session.save()
    activity.prove(request.session.session_key)
    if getattr(request, "META", None):
        guard.record(request, guard.IN, account=user)


def _went(sender: Any, request: Any, user: Any, **kwargs: Any) -> None:
    from maru.accounts import guard

    if user is not None and getattr(request, "META", None):
        guard.record(request, guard.OUT, account=user)
