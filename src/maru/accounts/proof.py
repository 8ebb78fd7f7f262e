"""Asking once more who somebody is, and going on afterwards with what he was doing.

What was sent is kept, sealed, in the session until the proof is given. Then a page sends it again from the browser, so
that it passes every check like any other request.
"""

import json
import re
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.crypto import get_random_string
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from maru.accounts import secrets
from maru.accounts.activity import PROOF_SECONDS

_KEPT = "maru_kept"
_MOST = 2 * 1024 * 1024
# Fields that belong to the page they were sent from, and words that are never kept, not even sealed: passwords, secrets
# and tokens of mailboxes, answers of passkeys. Whoever types his password anew loses nothing.
_OWN = frozenset({"csrfmiddlewaretoken"})
_SECRET = re.compile(r"(^|_)(passwords?|passphrase|current|secrets?|tokens?|credentials?)(_|$)", re.IGNORECASE)


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
    is_page = request.method in ("GET", "HEAD")
    query = {"next": request.get_full_path() if is_page else _page_before(request)} | ({"why": why} if why else {})
    if not is_page and (name := _keep(request)):
        query["next"] = f"{reverse('accounts:go_on')}?form={name}"
    address = f"{reverse('account_reauthenticate')}?{urlencode(query, safe='/')}"
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
    """Keep the form; its name. Says why when it cannot be kept, with an empty name."""
    request.session.pop(_KEPT, None)
    fields = [(name, value) for name, values in request.POST.lists() if name not in _OWN for value in values]
    if why := _not_kept(request, fields):
        messages.warning(request, why)
        return ""
    kept = {
        "name": get_random_string(16),
        "account": request.user.pk,
        "at": time.time(),
        "path": request.get_full_path(),
        "fields": fields,
        "proven": False,
    }
    request.session[_KEPT] = secrets.seal(json.dumps(kept))
    return str(kept["name"])


def _not_kept(request: HttpRequest, fields: list[tuple[str, str]]) -> str:
    """Why a form is not kept, in words; empty when it is."""
    if any(_SECRET.search(name) for name, _value in fields):
        return _("What you sent was not kept because a password or secret is in it. Send it again, please.")
    if request.FILES:
        return _("What you sent was not kept because files came with it. Send it again, please.")
    if sum(len(name) + len(value) for name, value in fields) > _MOST:
        return _("What you sent was not kept because it is too long. Send it again, please.")
    return ""


def _page_before(request: HttpRequest) -> str:
    referer = request.headers.get("Referer", "")
    if url_has_allowed_host_and_scheme(referer, {request.get_host()}, require_https=request.is_secure()):
        parts = urlsplit(referer)
        if parts.path.startswith("/"):
            return parts.path + (f"?{parts.query}" if parts.query else "")
    return reverse("organizations:chooser")


def release(request: HttpRequest) -> None:
    """The proof that was asked for has been given: let the form go on that waited for this very one, and no other."""
    kept = _read_kept(request)
    target = urlsplit(request.POST.get("next") or request.GET.get("next") or "")
    if kept and target.path == reverse("accounts:go_on") and parse_qs(target.query).get("form") == [kept["name"]]:
        request.session[_KEPT] = secrets.seal(json.dumps(kept | {"proven": True}))


def take_kept(request: HttpRequest) -> Kept | None:
    """The form named by the address, once; ``None`` when it is gone, too old, somebody else's, or no proof was given for
    it."""
    kept = _read_kept(request)
    if kept is None or not kept["proven"] or kept["name"] != request.GET.get("form"):
        return None
    del request.session[_KEPT]
    return Kept(kept["path"], [(name, value) for name, value in kept["fields"]])


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
