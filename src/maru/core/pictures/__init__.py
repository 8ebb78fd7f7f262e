"""Drawing pictures of strangers anew, in a child process that a hostile picture may kill."""

from maru.core.pictures.drawer import Drawer

__all__ = ["Drawer"]
