"""PostgreSQL that Maru brings along and runs itself, and the roles Maru works with in any PostgreSQL.

No Django in here: the supervisor of ``maru run`` uses it and has to stay small.
"""

from maru.core.embedded.errors import DatabaseProblem, DifferentMajorVersion, FolderInUse, NotRunning
from maru.core.embedded.server import EmbeddedPostgres, Status
from maru.core.embedded.urls import DatabaseUrls, database_urls

__all__ = [
    "DatabaseProblem",
    "DatabaseUrls",
    "DifferentMajorVersion",
    "EmbeddedPostgres",
    "FolderInUse",
    "NotRunning",
    "Status",
    "database_urls",
]
