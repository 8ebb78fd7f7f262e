"""Live pages: numbered events from the log to every open page, resumable (docs/concepts/live-pages.md)."""

from maru.notifications.live.endpoint import close_streams, stream

__all__ = ["close_streams", "stream"]
