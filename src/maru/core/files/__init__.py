"""Files that people give us: checked, kept under names of our own, handed out so that they can do no harm."""

from maru.core.files.kinds import (
    ACCEPT,
    FileRules,
    accepted_words,
    any_file,
    file_rules,
)
from maru.core.files.names import clean_name
from maru.core.files.responses import file_response, picture_response
from maru.core.files.store import attach_files, delete_file, open_file, store_file

__all__ = [
    "ACCEPT",
    "FileRules",
    "accepted_words",
    "any_file",
    "attach_files",
    "clean_name",
    "delete_file",
    "file_response",
    "file_rules",
    "open_file",
    "picture_response",
    "store_file",
]
