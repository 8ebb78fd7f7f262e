from django.apps import AppConfig


class UiConfig(AppConfig):
    """Registers the check that tells when the styles have not been built."""

    name = "maru.ui"
    label = "ui"

    def ready(self) -> None:
        from maru.ui import checks  # noqa: F401
