"""Forms of the pages about one's own account."""

import zoneinfo
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from maru.accounts.models import LANGUAGES, fold_email
from maru.core.html import strip_invisible

MAIN_ZONES = (
    "Asia/Seoul",
    "Asia/Tokyo",
    "Asia/Shanghai",
    "Asia/Taipei",
    "Asia/Hong_Kong",
    "Asia/Singapore",
    "Asia/Ho_Chi_Minh",
    "Asia/Jakarta",
    "Asia/Kolkata",
    "Australia/Sydney",
    "Europe/London",
    "Europe/Berlin",
    "Europe/Paris",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Sao_Paulo",
    "UTC",
)


def time_zone_choices(current: str = "") -> list[tuple[str, str]]:
    """The zones people of our languages live in, and the one in use whatever it is."""
    names = list(MAIN_ZONES)
    if current and current not in names and current in zoneinfo.available_timezones():
        names.insert(0, current)
    return [(name, name.replace("_", " ")) for name in names]


class MailField(forms.EmailField):
    """A mail address in the form in which it is stored."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Mail address"))
        kwargs.setdefault("max_length", 254)
        kwargs.setdefault("widget", forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}))
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> str:
        return str(super().to_python(strip_invisible(str(value or "")).strip()) or "")

    def clean(self, value: Any) -> str:
        return fold_email(super().clean(value))


def password_field(label: Any, *, new: bool) -> forms.CharField:
    """A password as typed: nothing stripped, at most 256 characters (hashing costs time)."""
    autocomplete = "new-password" if new else "current-password"
    attrs: dict[str, Any] = {"autocomplete": autocomplete}
    if new:
        attrs["minlength"] = 10
    return forms.CharField(label=label, strip=False, max_length=256, widget=forms.PasswordInput(attrs=attrs))


class SignInForm(forms.Form):
    email = MailField(widget=forms.EmailInput(attrs={"autocomplete": "username webauthn", "inputmode": "email"}))
    password = password_field(_("Password"), new=False)
    remember = forms.BooleanField(label=_("Stay signed in on this device"), required=False)


class ForgotForm(forms.Form):
    email = MailField()


class NewPasswordForm(forms.Form):
    password = password_field(_("New password"), new=True)


class ProfileForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=100, widget=forms.TextInput(attrs={"autocomplete": "name"}), strip=True
    )
    nickname = forms.CharField(
        label=_("Nickname"),
        max_length=50,
        required=False,
        help_text=_("Shown instead of your name, to colleagues and customers."),
        widget=forms.TextInput(attrs={"autocomplete": "nickname"}),
    )
    language = forms.ChoiceField(label=_("Language"), choices=LANGUAGES)
    time_zone = forms.ChoiceField(label=_("Time zone"))

    def __init__(self, *args: Any, zone: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["time_zone"].choices = time_zone_choices(zone)  # type: ignore[attr-defined]


class ChangeMailForm(forms.Form):
    email = MailField(label=_("New mail address"))
    current = password_field(_("Current password"), new=False)


class ChangePasswordForm(forms.Form):
    current = password_field(_("Current password"), new=False)
    password = password_field(_("New password"), new=True)
