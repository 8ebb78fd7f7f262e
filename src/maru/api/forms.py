"""What a manager types to make a key."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from maru.api.keys import NAME_LENGTH


class KeyForm(forms.Form):
    name = forms.CharField(
        label=_("Name"),
        max_length=NAME_LENGTH,
        help_text=_("What will use the key. Its name stands in the history of the tickets it touches."),
    )
    service = forms.TypedChoiceField(label=_("Service"), coerce=int)
    allowed_ips = forms.CharField(
        label=_("Allowed addresses"),
        required=False,
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One address or network on each line, such as 192.0.2.0/24. Empty: from anywhere."),
    )

    def __init__(self, data: Any = None, *, services: Sequence[tuple[int, str]]) -> None:
        super().__init__(data)
        field = self.fields["service"]
        assert isinstance(field, forms.TypedChoiceField)
        field.choices = list(services)

    def clean_allowed_ips(self) -> list[str]:
        return str(self.cleaned_data["allowed_ips"]).replace(",", "\n").split()
