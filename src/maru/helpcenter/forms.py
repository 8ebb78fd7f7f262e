"""Forms that anybody may fill in. Each error is a sentence in the visitor's language, beside its field."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from email_validator import EmailNotValidError, validate_email

from maru.core.html import one_line, strip_bidi, strip_controls, strip_invisible

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise as StrOrPromise

CONTENT_LENGTH = 100_000


class Line(forms.CharField):
    """One line of text without anything invisible; too long is an error, never cut in silence."""

    def __init__(self, *, length: int, missing: "StrOrPromise" = "", **kwargs: Any) -> None:
        super().__init__(required=bool(missing), strip=True, **kwargs)
        self.length = length
        self.error_messages["required"] = missing
        self.widget.attrs["maxlength"] = length

    def to_python(self, value: Any) -> str:
        return one_line(str(value), 1_000_000) if value else ""

    def validate(self, value: str) -> None:
        super().validate(value)
        if len(value) > self.length:
            raise forms.ValidationError(
                _("Please use at most %(n)s characters (now %(now)s).") % {"n": self.length, "now": f"{len(value):,}"}
            )


class Content(forms.CharField):
    """Text of several lines; characters that change the direction of reading are dropped, NUL and its like too."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strip=False, widget=forms.Textarea(attrs={"rows": 8}), **kwargs)

    def to_python(self, value: Any) -> str:
        return strip_bidi(strip_controls(str(value))).strip("\n") if value else ""

    def validate(self, value: str) -> None:
        if not strip_invisible(value).strip():
            raise forms.ValidationError(self.error_messages["required"])
        if len(value) > CONTENT_LENGTH:
            raise forms.ValidationError(
                _("Please use at most %(n)s characters (now %(now)s).")
                % {"n": f"{CONTENT_LENGTH:,}", "now": f"{len(value):,}"}
            )


def clean_address(value: str) -> str:
    """A mail address in normal form; empty stays empty. Raises ValidationError in the visitor's words."""
    if not value:
        return ""
    try:
        found = validate_email(value, check_deliverability=False, globally_deliverable=False, allow_smtputf8=False)
    except EmailNotValidError as wrong:
        raise forms.ValidationError(
            _("Please check the email address. It should look like name@example.com.")
        ) from wrong
    return found.normalized.casefold()


class RequestForm(forms.Form):
    """A new request. ``categories``: (id, name) as :func:`queries.category_choices` gives them."""

    category = forms.ChoiceField(
        required=False,
        label=gettext_lazy("What is it about?"),
        error_messages={"invalid_choice": gettext_lazy("Please choose a category from the list.")},
    )
    name = Line(length=100, missing=gettext_lazy("Please enter your name."), label=gettext_lazy("Name"))
    email = Line(length=254, label=gettext_lazy("Email address"), widget=forms.EmailInput())
    phone = Line(length=40, label=gettext_lazy("Phone number"), widget=forms.TextInput(attrs={"type": "tel"}))
    company = Line(length=100, label=gettext_lazy("Company or department"))
    title = Line(length=300, missing=gettext_lazy("Please enter a title."), label=gettext_lazy("Title"))
    content = Content(
        label=gettext_lazy("Content"), error_messages={"required": gettext_lazy("Please write what it is about.")}
    )
    consent = forms.BooleanField(
        label=gettext_lazy("Consent"),
        error_messages={"required": gettext_lazy("Without your consent we cannot receive the request.")},
    )

    def __init__(self, *args: Any, categories: Sequence[tuple[str, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "auto_id": "f-%s"})
        choice = self.fields["category"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [("", _("I am not sure")), *categories]

    def clean_email(self) -> str:
        return clean_address(self.cleaned_data["email"])

    def clean_phone(self) -> str:
        phone: str = self.cleaned_data["phone"]
        if phone and sum(sign.isdigit() for sign in phone) < 4:
            raise forms.ValidationError(_("Please check the phone number."))
        return phone


class AnswerForm(forms.Form):
    """What a requester adds on the status page."""

    content = Content(
        label=gettext_lazy("Your message"), error_messages={"required": gettext_lazy("Please write something.")}
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "auto_id": "f-%s"})
        self.fields["content"].widget.attrs["rows"] = 4
