"""What several pages here need."""

from collections.abc import Mapping, Sequence

from django import forms
from django.http import HttpRequest
from django.utils.translation import get_language

from maru.accounts import mails
from maru.accounts.models import Account
from maru.core import limits


def put_errors(errors: Mapping[str, str], *given: forms.Form | None) -> None:
    """Show each error beside its field, in whichever of the forms on the page has it, else above the first."""
    shown = [form for form in given if form is not None]
    for field, text in errors.items():
        owner = next((form for form in shown if field in form.fields), None)
        if owner is not None:
            owner.add_error(field, text)
        else:
            shown[0].add_error(None, text)


def all_valid(shown: Sequence[forms.Form]) -> bool:
    """Whether every form is right; all of them are looked at, so that all errors are shown together."""
    wrong = [form for form in shown if not form.is_valid()]
    return not wrong


def signed_in(request: HttpRequest) -> Account | None:
    """The account of this session."""
    return request.user if isinstance(request.user, Account) else None


def ask_to_confirm(account: Account) -> None:
    """Mail a link that confirms the address, unless this address has got mail on a form's word today."""
    if account.email_confirmed_at is None and limits.first_mail_to_stranger(account.email):
        mails.send_mail_confirmation(account, get_language() or "en")


def page_language() -> str:
    """The language this visitor reads."""
    return (get_language() or "en")[:2]
