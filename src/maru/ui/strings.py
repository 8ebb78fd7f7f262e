"""Words the page's scripts speak: one ordinary list, so that extraction and translation need nothing special."""

from functools import lru_cache

from django.utils.translation import get_language, gettext, pgettext


def catalogue(area: str = "public") -> dict[str, str]:
    """Keys and words for `frontend/ts`; `area` is "public" or "agent". A key missing here is a bug."""
    return _catalogue(area, get_language() or "en")


@lru_cache(maxsize=16)
def _catalogue(area: str, language: str) -> dict[str, str]:
    words = _shared()
    if area == "agent":
        words |= _work() | _composer() | _board()
    return words


def _shared() -> dict[str, str]:
    return {
        "close": gettext("Close"),
        "cancel": gettext("Cancel"),
        "undo": gettext("Undo"),
        "retry": gettext("Retry"),
        "copied": gettext("Copied."),
        "copy_failed": gettext("Could not copy. Select the text and copy it yourself."),
        "unsaved": gettext("You have changes that are not saved."),
        "chars_left": gettext("%(n)s characters left"),
        "chars_over": gettext("%(n)s characters too many"),
        "file_too_big": gettext("%(name)s is %(size)s. A file may have at most %(max)s."),
        "file_too_many": gettext("At most %(n)s files. %(name)s was left out."),
        "file_type": gettext("%(name)s is of a type that is not accepted."),
        "file_empty": gettext("%(name)s is empty."),
        "file_remove": gettext("Remove %(name)s"),
        "file_added": gettext("%(name)s added."),
        "file_removed": gettext("%(name)s removed."),
        "pw_show": gettext("Show password"),
        "pw_hide": gettext("Hide password"),
        "pow_working": gettext("Checking that you are not a robot…"),
        "pow_done": gettext("Check passed."),
        "pow_failed": gettext("The check did not work. Reload the page and try again."),
        "net_error": gettext("The server could not be reached. Nothing was lost; try again."),
        "now": gettext("just now"),
        "m_ago": gettext("%(n)sm ago"),
        "h_ago": gettext("%(n)sh ago"),
        "d_ago": gettext("%(n)sd ago"),
        "m": gettext("%(m)sm"),
        "h_m": gettext("%(h)sh %(m)sm"),
        "d_h": gettext("%(d)sd %(h)sh"),
    }


def _work() -> dict[str, str]:
    return {
        "sla_left": gettext("%(t)s left"),
        "sla_over": gettext("%(t)s over"),
        "net_lost": gettext("Connection lost. Retrying…"),
        "net_back": gettext("Back online."),
        "n_sel": gettext("%(n)s selected"),
        "action_failed": gettext("That did not work: %(reason)s"),
        "server_error": gettext("the server had a problem (%(status)s)"),
        "forbidden": gettext("you may not do this"),
        "gone": gettext("it is no longer there"),
        "lock_minutes": gettext("The desk locks in %(n)s minutes."),
        "lock_second": gettext("The desk locks in 1 second."),
        "lock_seconds": gettext("The desk locks in %(n)s seconds."),
        "unlocked": gettext("Unlocked. Go on."),
        "session_over": gettext("You have been signed out. What you wrote is kept; sign in again in another tab."),
        "notify_on": gettext("Desktop notifications are on."),
        "notify_denied": gettext("The browser blocks notifications. Allow them in the settings of this site."),
        "new_items": gettext("%(n)s new"),
        "unread": gettext("unread"),
        "viewing_one": gettext("%(names)s is viewing this ticket"),
        "viewing_many": gettext("%(names)s are viewing this ticket"),
        "typing": gettext("writing a reply"),
        "palette_none": gettext("Nothing found for “%(q)s”."),
        "palette_search": gettext("Search tickets for “%(q)s”"),
        "palette_n": gettext("%(n)s results"),
        "expand": gettext("Expand"),
        "collapse": gettext("Collapse"),
    }


def _composer() -> dict[str, str]:
    return {
        "ph_reply": gettext("Reply to the customer…"),
        "ph_note": gettext("Only your team sees this… (@ to mention)"),
        "sent": gettext("Reply sent."),
        "noted": gettext("Note added."),
        "draft_saved": gettext("Draft saved"),
        "draft_local": gettext("Draft saved on this device"),
        "draft_restored": gettext("Your draft is back."),
        "uploading": gettext("Uploading %(name)s…"),
        "upload_failed": gettext("%(name)s could not be uploaded."),
        "upload_pending": gettext("An image is still being uploaded. Wait a moment."),
        "link_ask": gettext("Address of the link"),
        "link_label": gettext("Link"),
        "link_set": gettext("Set link"),
        "link_remove": gettext("Remove link"),
        "mention_list": gettext("People to mention"),
        "template_list": gettext("Answer templates"),
        "mention_none": gettext("Nobody of that name"),
        "empty_message": gettext("Write something first."),
        "newer_message": gettext("A newer message has come while you were writing."),
    }


def _board() -> dict[str, str]:
    return {
        "picked": gettext("%(card)s picked up. Use arrow keys to move, Space to drop, Escape to cancel."),
        "moved": gettext("%(card)s: %(col)s, position %(n)s of %(all)s"),
        "dropped": gettext("%(card)s moved to %(col)s."),
        "cancelled": gettext("Move cancelled."),
        "undone": gettext("Moved back."),
        "move_failed": gettext("%(card)s stays where it was: %(reason)s"),
    }


def hotkeys() -> list[tuple[str, list[tuple[str, str]]]]:
    """Groups of (keys, meaning) for the help sheet."""
    return _hotkeys(get_language() or "en")


@lru_cache(maxsize=16)
def _hotkeys(language: str) -> list[tuple[str, list[tuple[str, str]]]]:
    return [
        (
            pgettext("shortcuts", "Moving"),
            [
                ("J / K", gettext("Next / previous ticket")),
                ("Enter", gettext("Open ticket")),
                ("G T", gettext("Go to tickets")),
                ("G B", gettext("Go to board")),
                ("G M", gettext("Go to message box")),
                ("V", gettext("List / board")),
                ("/", gettext("Search")),
                ("⌘ K", gettext("Jump to anything")),
                ("F6", gettext("Next pane")),
            ],
        ),
        (
            pgettext("shortcuts", "Working"),
            [
                ("R", gettext("Public reply")),
                ("N", gettext("Internal note")),
                ("⌘ ↵", gettext("Send and resolve")),
                ("⌘ ⇧ ↵", gettext("Send, keep the status")),
                ("A", gettext("Assign")),
                ("S", gettext("Change stage")),
                ("P", gettext("Change priority")),
                ("E", gettext("Resolve")),
                ("X", gettext("Select")),
                ("C", gettext("New ticket")),
            ],
        ),
        (
            pgettext("shortcuts", "Screen"),
            [
                ("[", gettext("Expand or collapse the menu")),
                ("]", gettext("Details panel")),
                ("?", gettext("Keyboard shortcuts")),
                ("Esc", gettext("Close / back")),
            ],
        ),
    ]
