"""What several pages here need."""

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec, cast

from django.http import HttpRequest, HttpResponse

from maru.accounts import activity, proof

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def awake_account(view: View[P]) -> View[P]:
    """Let only the signed-in in, and lock after the idle time of the desks they have worked at."""

    @functools.wraps(view)
    def enter(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            return proof.signed_out_answer(request)
        return _awake(request) or view(request, *args, **kwargs)

    return cast(View[P], enter)


def awake_if_signed_in(view: View[P]) -> View[P]:
    """For pages open to everybody that do something with the account of whoever is signed in: not while it is locked."""

    @functools.wraps(view)
    def enter(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        locked = _awake(request) if request.user.is_authenticated else None
        return locked or view(request, *args, **kwargs)

    return cast(View[P], enter)


def _awake(request: HttpRequest) -> HttpResponse | None:
    """The answer of a locked session; ``None`` when it is awake, which is noted."""
    ages = activity.ages_of(request)
    if not ages.left(ages.away_minutes):
        return proof.locked_answer(request)
    if activity.is_deed(request):
        activity.touch(request, ages, ages.idle_minutes)
    return None
