"""Django for scripts."""

import os


def set_up() -> None:
    """Load Django with Maru's settings; what touches models is imported after this."""
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "maru.config.settings"
    django.setup()
