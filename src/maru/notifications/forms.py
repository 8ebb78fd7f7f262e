"""The page of choices: a switch for each kind and medium, and quiet hours."""

from collections.abc import Iterator
from dataclasses import dataclass

from django import forms

from maru.notifications import words
from maru.notifications.models import Note, NotificationChoice


@dataclass(frozen=True, slots=True)
class Row:
    """A kind of note with its two switches."""

    kind: str
    label: str
    icon: str
    bell: bool
    desktop: bool


class ChoiceForm(forms.Form):
    """``bell`` and ``desktop`` name the kinds that are switched on."""

    bell = forms.MultipleChoiceField(choices=Note.Kind.choices, required=False)
    desktop = forms.MultipleChoiceField(choices=Note.Kind.choices, required=False)
    quiet_from = forms.TimeField(required=False)
    quiet_until = forms.TimeField(required=False)

    def off(self, medium: str, *, with_approval: bool) -> list[str]:
        """The kinds switched off for ``bell`` or ``desktop``; a switch that was not shown stays on."""
        return [kind for kind in shown_kinds(with_approval) if kind not in self.cleaned_data[medium]]


def shown_kinds(with_approval: bool) -> list[str]:
    """Waiting members concern organization admins only."""
    return [kind for kind in Note.Kind.values if kind != Note.Kind.APPROVAL or with_approval]


def rows(choice: NotificationChoice, *, with_approval: bool) -> Iterator[Row]:
    """The switches as they stand."""
    for kind in shown_kinds(with_approval):
        bell, desktop = kind not in choice.no_bell, kind not in choice.no_desktop
        yield Row(kind, words.label(kind), words.ICONS[kind], bell, desktop)
