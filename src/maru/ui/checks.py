"""System checks of the user interface."""

from typing import Any

from django.core.checks import CheckMessage, Warning, register

from maru.ui import manifest


@register()
def assets_are_built(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """maru.W001: pages work without assets, but look bare."""
    if manifest.is_built():
        return []
    return [
        Warning(
            "Styles and scripts are not built.",
            hint="Run: python -m maru.assets build",
            id="maru.W001",
        )
    ]
