"""What several pages here need."""

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec, cast

from django.http import HttpRequest, HttpResponse

from maru.accounts import activity, proof

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def awake_account(view: View[P]) -> View[P]:
    """Let only the signed-in in, and lock after the idle time of the desk they last worked at."""

    @functools.wraps(view)
    def enter(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            return proof.signed_out_answer(request)
        ages = activity.ages_of(request)
        if not ages.left(ages.idle_minutes):
            return proof.locked_answer(request)
        if activity.is_deed(request):
            activity.touch(request, ages, ages.idle_minutes)
        return view(request, *args, **kwargs)

    return cast(View[P], enter)
