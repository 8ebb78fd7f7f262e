from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "maru.config"
    label = "config"

    def ready(self) -> None:
        from maru.config.wiring import wire

        wire()
