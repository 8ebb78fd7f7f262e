"""Making HTML of others safe, and turning it into text and back."""

from maru.core.html.invisible import one_line, strip_bidi, strip_controls, strip_invisible
from maru.core.html.measure import CHILD, IN_PROCESS, Limits, excess
from maru.core.html.policy import (
    POLICY_VERSION,
    SafeHtml,
    remote_positions,
    sanitise,
    sanitise_mail,
    show,
    undress,
    words_for_pictures,
)
from maru.core.html.text import html_to_text, text_to_html

__all__ = [
    "CHILD",
    "IN_PROCESS",
    "POLICY_VERSION",
    "Limits",
    "SafeHtml",
    "excess",
    "html_to_text",
    "one_line",
    "remote_positions",
    "sanitise",
    "sanitise_mail",
    "show",
    "strip_bidi",
    "strip_controls",
    "strip_invisible",
    "text_to_html",
    "undress",
    "words_for_pictures",
]
