"""What our mails say: one frame, few words, in the reader's language.

A mail that answers a form or an unknown sender holds none of his words, so that nobody can use us to send his own.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _
from markupsafe import Markup, escape

from maru.channels.kinds.mail.address import subject_tag, without_tags
from maru.core.html import html_to_text, one_line, show, text_to_html
from maru.core.ids import show_ticket_number
from maru.organizations.models import Organization
from maru.tickets.links import status_url
from maru.tickets.models import Message, Ticket

_ADDRESS = re.compile(r"[\w:/?=&%.~+#-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail's words, ready for the outbox."""

    subject: str
    text: str
    html: str


def _language(organization: Organization, ticket: Ticket | None = None, wanted: str = "") -> str:
    return wanted or (ticket.language if ticket is not None else "") or organization.language


def _frame(
    organization: Organization,
    *,
    language: str,
    subject: str,
    body: Markup,
    heading: str = "",
    facts: Sequence[tuple[str, str]] = (),
    link: str = "",
    link_text: str = "",
    footer: str = "",
) -> Letter:
    """The letter in both forms; both are made from the same pieces so that they never say different things."""
    html = render_to_string(
        "channels/mail/letter.html",
        {
            "organization": organization.name,
            "language": language,
            "subject": subject,
            "heading": heading,
            "body": body,
            "facts": facts,
            "link": link,
            "link_text": link_text,
            "footer": footer,
        },
    )
    lines = [heading, html_to_text(str(body)), "\n".join(f"{label}: {value}" for label, value in facts)]
    if link:
        lines.append(f"{link_text}: {link}")
    lines.append(f"--\n{organization.name}\n{footer}" if footer else f"--\n{organization.name}")
    return Letter(subject, "\n\n".join(line for line in lines if line), html)


def reply_letter(
    organization: Organization, ticket: Ticket, message: Message, *, recipient: str, is_final: bool
) -> Letter:
    """A person's answer; with `is_final` it says too that the request is completed."""
    language = _language(organization, ticket)
    with translation.override(language):
        number = show_ticket_number(ticket.number)
        title = one_line(without_tags(ticket.title), 200)
        body = Markup(show(message.html, inline=lambda content_id: f"cid:{content_id}"))  # noqa: S704 - sanitised when stored
        if message.author_name:
            body += Markup('<p class="soft" style="color:#5f6863">{}</p>').format(message.author_name)
        return _frame(
            organization,
            language=language,
            subject=f"Re: {title} {subject_tag(ticket.number)}",
            body=body,
            heading=_("Your request has been completed.") if is_final else "",
            facts=[(_("Ticket number"), number)],
            link=status_url(organization.slug, ticket.number, recipient),
            link_text=_("See the status"),
            footer=_("Just reply to this mail to continue the conversation."),
        )


def receipt_letter(organization: Organization, ticket: Ticket, *, recipient: str) -> Letter:
    """ "We have received your request", with the number and the way to the status page; no word of the requester's."""
    language = _language(organization, ticket)
    with translation.override(language):
        subject = _("[%(name)s] Your request has been received") % {"name": organization.name}
        words = _("Thank you for writing to us. We will answer as soon as we can.")
        return _frame(
            organization,
            language=language,
            subject=f"{subject} {subject_tag(ticket.number)}",
            heading=_("Your request has been received."),
            body=Markup("<p>{}</p>").format(words),
            facts=[(_("Ticket number"), show_ticket_number(ticket.number))],
            link=status_url(organization.slug, ticket.number, recipient),
            link_text=_("See the status"),
            footer=_(
                "Keep the ticket number: with it you can look up the status at any time. Reply to this mail to add something."
            ),
        )


def completion_letter(organization: Organization, ticket: Ticket, *, recipient: str) -> Letter:
    """ "Your request is completed"; a reply opens it again."""
    language = _language(organization, ticket)
    with translation.override(language):
        title = one_line(without_tags(ticket.title), 200)
        subject = _("[%(name)s] Your request has been completed") % {"name": organization.name}
        words = _("Thank you for writing to us. If anything is still open, just reply to this mail.")
        return _frame(
            organization,
            language=language,
            subject=f"{subject} {subject_tag(ticket.number)}",
            heading=_("Your request has been completed."),
            body=Markup("<p>{}</p>").format(words),
            facts=[(_("Ticket number"), show_ticket_number(ticket.number)), (_("Title"), title)],
            link=status_url(organization.slug, ticket.number, recipient),
            link_text=_("See the status"),
        )


def _paragraphs(text: str) -> Markup:
    """Our own words as HTML. An address of this house that stands alone becomes a button, with itself below to be copied.

    Any other address is no more than a link: a name or title that holds one must not become a button in our name.
    """
    home = settings.ENVIRONMENT.public_url + "/"
    parts = []
    for part in text.split("\n\n"):
        if part.startswith(home) and _ADDRESS.fullmatch(part):
            parts.append(
                Markup(
                    '<p style="margin:20px 0 8px"><a class="act" href="{0}" style="display:inline-block;'
                    "background-color:#0d6170;color:#ffffff;font-weight:600;line-height:1;text-decoration:none;"
                    'padding:12px 18px;border-radius:8px">{1}</a></p>'
                    '<p class="soft" style="margin:0;font-size:12px;color:#5f6863;word-break:break-all">{0}</p>'
                ).format(part, _("Open the page"))
            )
        else:
            parts.append(Markup(text_to_html(part)))  # noqa: S704 - escaped there
    return Markup("").join(parts)


def notice_letter(organization: Organization, *, subject: str, text: str, html: str = "", language: str = "") -> Letter:
    """Other mails of the product (invitation, password reset, news for staff) in the same frame. `html` must be safe."""
    language = language or translation.get_language() or organization.language
    with translation.override(language):
        body = Markup(html) if html else _paragraphs(text)  # noqa: S704 - our own templates
        letter = _frame(
            organization,
            language=language,
            subject=one_line(subject, 300),
            body=body,
            footer=str(escape(_("You receive this mail because you have an account here."))),
        )
        return Letter(letter.subject, text.strip() + f"\n\n--\n{organization.name}\n", letter.html)
