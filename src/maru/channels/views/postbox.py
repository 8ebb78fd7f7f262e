"""Pages of the Postbox."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from maru.channels import postbox
from maru.core.errors import Invalid

FILE_LIMIT = 5


def _files(request: HttpRequest) -> list[tuple[str, bytes, str]]:
    return [
        (file.name or "file", file.read(), file.content_type or "")
        for file in request.FILES.getlist("files")[:FILE_LIMIT]
    ]


@require_GET
def box(request: HttpRequest) -> HttpResponse:
    """The newest mails that left, of every company of this house."""
    postbox.require_postbox()
    try:
        skip = max(0, min(10_000, int(request.GET.get("skip", "0"))))
    except ValueError:
        skip = 0
    cards, more = postbox.newest(skip)
    context = {"cards": cards, "next": skip + postbox.PAGE if more else None, "skip": skip}
    return render(request, "channels/postbox.html", context)


@require_http_methods(["GET", "POST"])
def letter(request: HttpRequest, slug: str, mail_id: int) -> HttpResponse:
    """One mail, and answering it as the customer would."""
    postbox.require_postbox()
    card = postbox.one(slug, mail_id)
    errors: dict[str, str] = {}
    text = request.POST.get("text", "")
    if request.method == "POST":
        try:
            postbox.answer(card, text, _files(request))
            messages.success(
                request, _("Your answer is on its way to %(company)s.") % {"company": card.organization.name}
            )
            return redirect("channels:letter", slug=slug, mail_id=mail_id)
        except Invalid as problem:
            errors = problem.fields
    context = {"card": card, "mail": card.mail, "text": text, "errors": errors}
    return render(request, "channels/letter.html", context, status=422 if errors else 200)


@require_GET
def letter_body(request: HttpRequest, slug: str, mail_id: int) -> HttpResponse:
    """The mail as its reader sees it, for a frame without any rights: mail carries its style at the elements."""
    postbox.require_postbox()
    response = HttpResponse(postbox.one(slug, mail_id).mail.html)
    response["Content-Security-Policy"] = (
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'self'"
    )
    response["X-Frame-Options"] = "SAMEORIGIN"
    return response


@require_http_methods(["GET", "POST"])
def new_letter(request: HttpRequest) -> HttpResponse:
    """Write to a company as somebody outside."""
    postbox.require_postbox()
    known = postbox.addresses()
    values = {name: request.POST.get(name, "") for name in ("sender", "name", "to", "subject", "text")}
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            postbox.write(
                values["sender"], values["name"], values["to"], values["subject"], values["text"], _files(request)
            )
            messages.success(request, _("Your mail is on its way to %(to)s.") % {"to": values["to"]})
            return redirect("channels:postbox")
        except Invalid as problem:
            errors = problem.fields
    else:
        values["to"] = known[0] if known else ""
    context = {"values": values, "errors": errors, "known": known}
    return render(request, "channels/new_letter.html", context, status=422 if errors else 200)
