"""Asking once more who somebody is, and going on afterwards with what he was doing.

What was sent is kept, sealed, in the session until the proof is given. Then a page sends it again from the browser, so
that it passes every check like any other request.
"""

import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from maru.accounts import secrets
from maru.accounts.activity import PROOF_SECONDS

_KEPT = "maru_kept"
_MOST = 2 * 1024 * 1024
# Fields that belong to the page they were sent from, and words that are never kept: whoever types his password anew
# loses nothing.
_OWN = frozenset({"csrfmiddlewaretoken"})
_PASSWORDS = frozenset({"password", "current"})


@dataclass(frozen=True, slots=True)
class Kept:
    """A form that waits for a proof: where it goes and what it holds, in order."""

    path: str
    fields: list[tuple[str, str]]


def is_script(request: HttpRequest) -> bool:
    """Whether a script of a page asks, which would put a whole page where a part of one belongs."""
    return (
        "HX-Request" in request.headers
        or request.headers.get("X-Requested-With") == "fetch"
        or request.headers.get("X-Live") == "1"
        or request.headers.get("Sec-Fetch-Dest") == "empty"
    )


def signed_out_answer(request: HttpRequest) -> HttpResponse:
    """For who is not signed in: to the sign-in page and back; a script hears 401 and leaves its page as it is."""
    if is_script(request):
        return _refused("out", _("Your session has ended. What you typed stays in this browser."))
    return redirect(f"{reverse('accounts:sign_in')}?{urlencode({'next': request.get_full_path()}, safe='/')}")


def locked_answer(request: HttpRequest) -> HttpResponse:
    """For a session that lay idle too long: prove who you are, then go on. A script hears 401."""
    if is_script(request):
        return _refused("locked", _("This desk is locked. Confirm that it is you; what you typed stays here."))
    return confirm_first(request, why="idle")


def confirm_first(request: HttpRequest, *, why: str = "") -> HttpResponse:
    """Keep what was sent and ask for a proof; afterwards it is sent again."""
    back = request.get_full_path() if request.method in ("GET", "HEAD") else _keep(request)
    address = (
        f"{reverse('account_reauthenticate')}?{urlencode({'next': back} | ({'why': why} if why else {}), safe='/')}"
    )
    if is_script(request):
        answer = _refused("confirm", _("For this we ask once more who you are. It holds for ten minutes."))
        answer["Maru-Confirm"] = address
        return answer
    return redirect(address)


def _refused(state: str, detail: str) -> HttpResponse:
    answer = JsonResponse({"status": 401, "detail": detail}, status=401, content_type="application/problem+json")
    answer["Maru-Session"] = state
    return answer


def _keep(request: HttpRequest) -> str:
    """Keep the form; the page to return to when there is nothing (any more) to send."""
    fields = [(name, value) for name, values in request.POST.lists() if name not in _OWN for value in values]
    too_much = sum(len(name) + len(value) for name, value in fields) > _MOST
    back = _page_before(request)
    if _PASSWORDS & request.POST.keys():
        request.session.pop(_KEPT, None)
    elif request.FILES or too_much:
        request.session.pop(_KEPT, None)
        messages.warning(request, _("What you sent was not kept because files came with it. Send it again, please."))
    else:
        kept = {
            "account": request.user.pk,
            "at": time.time(),
            "back": back,
            "path": request.get_full_path(),
            "fields": fields,
        }
        request.session[_KEPT] = secrets.seal(json.dumps(kept))
    return back


def _page_before(request: HttpRequest) -> str:
    referer = request.headers.get("Referer", "")
    if url_has_allowed_host_and_scheme(referer, {request.get_host()}, require_https=request.is_secure()):
        parts = urlsplit(referer)
        if parts.path.startswith("/"):
            return parts.path + (f"?{parts.query}" if parts.query else "")
    return reverse("organizations:chooser")


def is_kept(request: HttpRequest) -> bool:
    """Whether a form waits for this very proof (one given for something else sends nothing)."""
    kept = _read_kept(request)
    return kept is not None and kept["back"] == (request.POST.get("next") or request.GET.get("next"))


def take_kept(request: HttpRequest) -> Kept | None:
    """The form that waits, once; ``None`` when there is none, it is too old, or somebody else's."""
    kept = _read_kept(request)
    request.session.pop(_KEPT, None)
    return Kept(kept["path"], [(name, value) for name, value in kept["fields"]]) if kept else None


def _read_kept(request: HttpRequest) -> dict[str, Any] | None:
    sealed = request.session.get(_KEPT)
    if not isinstance(sealed, str):
        return None
    try:
        kept: dict[str, Any] = json.loads(secrets.unseal(sealed))
    except ValueError:
        return None
    is_mine = kept["account"] == request.user.pk and time.time() - kept["at"] < PROOF_SECONDS
    return kept if is_mine else None
