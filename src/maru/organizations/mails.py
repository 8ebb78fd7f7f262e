"""Mails in the name of an organization about belonging to it."""

from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from maru.accounts.links import absolute
from maru.accounts.models import Account, Invitation
from maru.core.mailing import send_mail
from maru.organizations.models import Organization


def send_invitation(organization: Organization, invitation: Invitation, token: str, *, inviter: str) -> None:
    """The link that lets somebody in; only this mail ever holds the token."""
    with translation.override(invitation.language or organization.language):
        link = absolute(reverse("accounts:invitation", args=[token]))
        text = "\n\n".join(
            [
                _("Hello,"),
                _("%(name)s invites you to work with %(company)s at Maru, where requests are received and answered.")
                % {"name": inviter, "company": organization.name},
                _("Open this link within 7 days to join. It works once:"),
                link,
                _("If you do not know who this is from, do nothing."),
            ]
        )
        send_mail(
            organization_id=organization.id,
            purpose="invitation",
            recipient=invitation.email,
            subject=_("Invitation to %(company)s") % {"company": organization.name},
            text=text,
            language=translation.get_language() or "en",
        )


def send_waiting_notice(organization: Organization, admin: Account, *, name: str, email: str) -> None:
    """Tell an organization admin that somebody asks to come in."""
    with translation.override(admin.language or organization.language):
        text = "\n\n".join(
            [
                _("Hello %(name)s,") % {"name": admin.shown_name},
                _("%(name)s (%(email)s) asks to join %(company)s with the company code.")
                % {"name": name, "email": email, "company": organization.name},
                _("Approve or refuse here:"),
                absolute(reverse("accounts:members", args=[organization.slug])),
            ]
        )
        send_mail(
            organization_id=organization.id,
            purpose="member_waiting",
            recipient=admin.email,
            recipient_name=admin.shown_name,
            subject=_("%(name)s waits for your approval") % {"name": name},
            text=text,
            language=translation.get_language() or "en",
        )


def send_approved(organization: Organization, account: Account) -> None:
    """Tell somebody who waited that he is in."""
    with translation.override(account.language or organization.language):
        text = "\n\n".join(
            [
                _("Hello %(name)s,") % {"name": account.shown_name},
                _("You are now a member of %(company)s.") % {"company": organization.name},
                absolute(reverse("organizations:desk", args=[organization.slug])),
            ]
        )
        send_mail(
            organization_id=organization.id,
            purpose="member_approved",
            recipient=account.email,
            recipient_name=account.shown_name,
            subject=_("Welcome to %(company)s") % {"company": organization.name},
            text=text,
            language=translation.get_language() or "en",
        )
