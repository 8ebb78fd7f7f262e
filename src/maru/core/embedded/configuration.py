"""The embedded server's settings: small when idle, good under load."""

from __future__ import annotations

import os

MEGABYTE = 1024 * 1024
LOCAL_FILE = "local.conf"
LOCAL_TEXT = "# Settings of your own, such as: shared_buffers = 2GB\n# Read after Maru's, at each start; Maru never changes this file.\n"
ACCESS = "# Written by Maru: only the socket, only with a password.\nlocal all all scram-sha-256\n"


def memory_of_machine() -> int:
    """Memory this process may use, in bytes: the machine's, or the container's limit when that is lower."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        with open("/sys/fs/cgroup/memory.max", encoding="ascii") as file:
            limit = file.read().strip()
    except OSError:
        return total
    return min(total, int(limit)) if limit.isdigit() else total


# The same on every machine.
_FIXED = {
    # Pages are short and many: compiling and parallel workers cost more than they bring.
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "max_worker_processes": "4",
    "max_logical_replication_workers": "0",
    "autovacuum_max_workers": "2",
    "autovacuum_naptime": "'20s'",
    "io_workers": "1",
    "random_page_cost": "1.1",
    "effective_io_concurrency": "16",
    # Bounds the write-ahead log, and with it the time a start after a crash takes (seconds).
    "max_wal_size": "'1GB'",
    "min_wal_size": "'80MB'",
    "wal_compression": "'pglz'",
    "checkpoint_timeout": "'5min'",
    "idle_in_transaction_session_timeout": "'10min'",
    "client_connection_check_interval": "'10s'",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "log_min_messages": "'warning'",
    "log_checkpoints": "off",
    "log_min_duration_statement": "'2s'",
    # Statements carry customers' words; their parameters stay out of the log.
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_line_prefix": "'%m [%p] %u@%d '",
}


def server_configuration(memory: int, *, socket_folder: str, port: int, durable: bool) -> str:
    """The text of ``postgresql.conf``.

    :param memory: memory of the machine in bytes.
    :param socket_folder: where the server puts its socket.
    :param port: number in the socket's name.
    :param durable: False for throw-away test clusters: no fsync, much faster.
    """
    megabytes = memory // MEGABYTE
    settings: dict[str, str] = {
        "listen_addresses": "''",
        "unix_socket_directories": f"'{socket_folder}'",
        "unix_socket_permissions": "0700",
        "port": str(port),
        "max_connections": "120",
        "password_encryption": "'scram-sha-256'",
        "shared_buffers": f"{max(32, min(megabytes // 4, 512))}MB",
        "effective_cache_size": f"{max(64, megabytes // 2)}MB",
        "work_mem": f"{max(4, min(megabytes // 256, 16))}MB",
        "maintenance_work_mem": f"{max(32, min(megabytes // 32, 256))}MB",
        "huge_pages": "off",
        **_FIXED,
    }
    if not durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "log_statement": "'none'"}
        settings |= {"max_connections": "300"}
    lines = [f"{name} = {value}" for name, value in settings.items()]
    head = f"# Written by Maru at each start. Put settings of your own into {LOCAL_FILE} beside this file.\n"
    return head + "\n".join(lines) + f"\ninclude = '{LOCAL_FILE}'\n"
