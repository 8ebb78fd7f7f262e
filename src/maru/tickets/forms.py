"""Forms of the desk: registering a ticket by hand."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from maru.tickets.models import Channel, Priority
from maru.tickets.queries.choices import choices
from maru.tickets.queries.directory import Directory

CHANNELS = (Channel.PHONE, Channel.STAFF, Channel.EMAIL, Channel.CHAT)


class TicketForm(forms.Form):
    """What staff write down for somebody who called or came by. Choices are those of the organization."""

    title = forms.CharField(label=_("Title"), max_length=300)
    body = forms.CharField(label=_("Content"), widget=forms.Textarea(attrs={"rows": 8}), required=False)
    service = forms.TypedChoiceField(label=_("Service"), coerce=int)
    channel = forms.ChoiceField(label=_("Channel"))
    name = forms.CharField(label=_("Name"), max_length=100, required=False)
    email = forms.EmailField(
        label=_("Email"), max_length=254, required=False, help_text=_("With an address the receipt is mailed at once.")
    )
    phone = forms.CharField(label=_("Phone"), max_length=40, required=False)
    company = forms.CharField(label=_("Company"), max_length=100, required=False)
    category = forms.TypedChoiceField(label=_("Intake category"), required=False, coerce=int, empty_value=None)
    priority = forms.TypedChoiceField(label=_("Priority"), coerce=int, initial=Priority.NORMAL)
    stage = forms.TypedChoiceField(label=_("Stage"), required=False, coerce=int, empty_value=None)
    group = forms.TypedChoiceField(label=_("Group"), required=False, coerce=int, empty_value=None)
    assignees = forms.TypedMultipleChoiceField(
        label=_("Assignees"), required=False, coerce=int, widget=forms.CheckboxSelectMultiple
    )
    shared_note = forms.CharField(
        label=_("Shared note"), required=False, max_length=20_000, widget=forms.Textarea(attrs={"rows": 3})
    )
    wants_receipt = forms.BooleanField(label=_("Mail a receipt to the requester"), required=False, initial=True)

    def __init__(self, names: Directory, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = choices(names)
        channels = dict(known["channels"])
        none = [("", "–")]
        offered: dict[str, list[Any]] = {
            "service": known["services"],
            "channel": [(kind.value, channels[kind.value]) for kind in CHANNELS],
            "category": none + known["categories"],
            "priority": known["priorities"],
            "stage": none + known["stages"],
            "group": none + known["groups"],
            "assignees": known["agents"],
        }
        for name, options in offered.items():
            self.fields[name].choices = options  # type: ignore[attr-defined]
