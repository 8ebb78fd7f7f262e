"""Forms of signing up, joining, inviting and of an organization's settings."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from maru.accounts.forms import MailField, password_field, time_zone_choices
from maru.accounts.models import LANGUAGES, Member

AGREE_TERMS = _("I agree to the terms of service.")
AGREE_PRIVACY = _("I agree to the privacy policy.")


class CompanyForm(forms.Form):
    company = forms.CharField(
        label=_("Company name"), max_length=100, widget=forms.TextInput(attrs={"autocomplete": "organization"})
    )
    homepage = forms.CharField(
        label=_("Homepage"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "url", "inputmode": "url", "placeholder": "www.example.com"}),
    )
    slug = forms.CharField(
        label=_("Page address"),
        max_length=40,
        help_text=_("2 to 40 characters: a–z, 0–9 and dashes. Customers see it; it cannot be changed later."),
        widget=forms.TextInput(
            attrs={"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false", "placeholder": "my-company"}
        ),
    )


class PersonForm(forms.Form):
    email = MailField()
    name = forms.CharField(label=_("Your name"), max_length=100, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    password = password_field(_("Password"), new=True)


class ConsentForm(forms.Form):
    terms = forms.BooleanField(label=AGREE_TERMS, error_messages={"required": _("Please agree to go on.")})
    privacy = forms.BooleanField(label=AGREE_PRIVACY, error_messages={"required": _("Please agree to go on.")})


class JoinForm(forms.Form):
    company_code = forms.CharField(
        label=_("Company code"),
        max_length=20,
        help_text=_("CP and 8 digits. Upper and lower case differ."),
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "autocapitalize": "characters",
                "spellcheck": "false",
                "placeholder": "CP00000000",
            }
        ),
    )
    company = forms.CharField(label=_("Company name"), max_length=100, help_text=_("As the company has registered it."))
    homepage = forms.CharField(
        label=_("Homepage"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "url", "placeholder": "www.example.com"}),
    )


def role_choices() -> list[tuple[str, Any]]:
    """Base roles with their words."""
    return [
        (Member.Role.AGENT.value, _("Agent")),
        (Member.Role.MANAGER.value, _("Manager")),
        (Member.Role.NONE.value, _("No desk work")),
    ]


class InviteForm(forms.Form):
    emails = forms.CharField(
        label=_("Mail addresses"),
        max_length=13_000,
        help_text=_("One or many, separated by commas, spaces or lines. Any domain."),
        widget=forms.Textarea(attrs={"rows": 3, "autocapitalize": "none", "spellcheck": "false"}),
    )
    role = forms.ChoiceField(label=_("Role"), choices=role_choices, initial=Member.Role.AGENT.value)
    language = forms.ChoiceField(label=_("Language of the mail"), choices=LANGUAGES)
    is_admin = forms.BooleanField(label=_("Organization admin"), required=False)


class OrganizationForm(forms.Form):
    homepage = forms.CharField(label=_("Homepage"), max_length=200, required=False)
    language = forms.ChoiceField(
        label=_("Language"),
        choices=LANGUAGES,
        help_text=_("Of the public page and of mails, when nothing else is known."),
    )
    time_zone = forms.ChoiceField(label=_("Time zone"))
    colour = forms.CharField(
        label=_("Colour of the public page"),
        max_length=7,
        required=False,
        help_text=_("As #rrggbb; empty for Maru's own. White text must be easy to read on it."),
        widget=forms.TextInput(attrs={"placeholder": "#0d6170", "spellcheck": "false", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, zone: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["time_zone"].choices = time_zone_choices(zone)  # type: ignore[attr-defined]
