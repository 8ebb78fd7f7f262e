"""Two worlds, committed: ``python -m tests.isolation.populate`` prints their ids as JSON."""

import json

import django

django.setup()

from tests.isolation.world import World  # noqa: E402

if __name__ == "__main__":
    worlds = [World("iso-a"), World("iso-b")]
    print(json.dumps([{"organization": world.organization.id, "rows": world.rows} for world in worlds]))
