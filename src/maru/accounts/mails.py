"""Mails to people about their own account, in their own language."""

from django.utils import translation
from django.utils.translation import gettext as _

from maru.accounts import links
from maru.accounts.models import Account
from maru.accounts.queries import first_organization_id
from maru.core.mailing import send_mail


def _send(account: Account, purpose: str, subject: str, paragraphs: list[str], *, to: str = "") -> None:
    send_mail(
        organization_id=first_organization_id(account.pk),
        purpose=purpose,
        recipient=to or account.email,
        recipient_name=account.shown_name,
        subject=subject,
        text="\n\n".join(paragraphs),
        language=translation.get_language() or "en",
    )


def _greeting(account: Account) -> str:
    return _("Hello %(name)s,") % {"name": account.shown_name}


def send_reset(account: Account, language: str) -> None:
    """The way to a new password."""
    with translation.override(account.language or language or "en"):
        paragraphs = [
            _greeting(account),
            _("Somebody, probably you, asked for a new password for Maru. Set it here within one hour:"),
            links.reset_link(account),
            _("If it was not you, do nothing: your password stays as it is."),
        ]
        _send(account, "reset", _("Set a new password"), paragraphs)


def send_mail_change(account: Account, new_email: str, language: str) -> None:
    """A link to the new address, and word of it to the old one."""
    with translation.override(account.language or language or "en"):
        link = links.mail_link(account, new_email)
        paragraphs = [
            _greeting(account),
            _("Confirm within one day that you want to sign in to Maru with this address from now on:"),
            link,
            _("If you did not ask for this, do nothing."),
        ]
        _send(account, "mail_change", _("Confirm your new mail address"), paragraphs, to=new_email)
        notice = [
            _greeting(account),
            _("Your account is about to get the mail address %(email)s.") % {"email": new_email},
            _("If it was not you, change your password now: somebody else may know it."),
        ]
        _send(account, "mail_change_notice", _("Your mail address is being changed"), notice)


def send_mail_confirmation(account: Account, language: str) -> None:
    """Ask the owner of the mailbox to say that the account is his."""
    with translation.override(account.language or language or "en"):
        paragraphs = [
            _greeting(account),
            _("Confirm within one day that this mail address is yours:"),
            links.mail_link(account, account.email),
            _("If you did not sign up for Maru, do nothing."),
        ]
        _send(account, "mail_confirmation", _("Confirm your mail address"), paragraphs)


def send_security_notice(account: Account, what: str) -> None:
    """Tell the owner that the locks of the account have changed; ``what`` is one of the words below."""
    with translation.override(account.language or translation.get_language() or "en"):
        words = {
            "password": _("Your password was changed."),
            "email": _("Your mail address was changed."),
            "totp_activated": _("An authenticator app was added to your account."),
            "totp_deactivated": _("The authenticator app was removed from your account."),
            "webauthn_added": _("A passkey was added to your account."),
            "webauthn_removed": _("A passkey was removed from your account."),
            "recovery_codes_generated": _("New recovery codes were made; the old ones are void."),
        }
        paragraphs = [
            _greeting(account),
            words[what],
            _("If it was not you, set a new password at once: %(link)s") % {"link": links.absolute("/forgot-password")},
        ]
        _send(account, "security", _("Security notice about your account"), paragraphs)
