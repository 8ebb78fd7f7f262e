"""One throw-away cluster for all tests, kept between runs so that a run starts at once."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from maru.core.embedded.lock import FolderLock
from maru.core.embedded.server import EmbeddedPostgres

REPOSITORY = Path(__file__).resolve().parents[4]


@cache
def test_cluster() -> EmbeddedPostgres:
    """The running test cluster (no fsync). Several test processes may share it: databases need names of their own.

    It lies in ``MARU_TEST_CLUSTER`` or ``.cache/test-cluster`` of the repository and is left running at the end.
    """
    folder = Path(os.environ.get("MARU_TEST_CLUSTER") or REPOSITORY / ".cache" / "test-cluster").absolute()
    cluster = EmbeddedPostgres(folder, durable=False)
    with FolderLock(folder / "lock", wait=True):
        cluster.ensure_started()
    return cluster
