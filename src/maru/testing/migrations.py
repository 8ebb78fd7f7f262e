"""`python -m maru.testing.migrations`: fails when a model has changed without a migration."""

import os
import sys


def main() -> int:
    """Returns an exit code; needs no database."""
    os.environ.setdefault("MARU_SECRET_KEY", "only-for-tests-" + "0" * 40)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "maru.config.settings")
    import django
    from django.apps import apps
    from django.db.migrations.autodetector import MigrationAutodetector
    from django.db.migrations.loader import MigrationLoader
    from django.db.migrations.state import ProjectState

    django.setup()
    loader = MigrationLoader(None)
    conflicts = loader.detect_conflicts()
    changes = MigrationAutodetector(loader.project_state(), ProjectState.from_apps(apps)).changes(graph=loader.graph)
    ours = {app.label for app in apps.get_app_configs() if app.name.startswith("maru.")}
    missing = {label: found for label, found in changes.items() if label in ours}
    for label, found in missing.items():
        for migration in found:
            print(f"{label}: {', '.join(operation.describe() for operation in migration.operations)}")
    for label, names in conflicts.items():
        print(f"{label}: two ends: {', '.join(names)}")
    return 1 if missing or conflicts else 0


if __name__ == "__main__":
    sys.exit(main())
