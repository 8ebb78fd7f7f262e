"""Every page a person can reach, and every address that is no page. An address in neither table fails a test."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

Act = Callable[[Any], None]


@dataclass(frozen=True)
class Place:
    """``route`` as the resolver writes it; ``path`` with the furniture's facts in braces; ``act`` is done there."""

    route: str
    path: str
    who: str = ""
    status: int = 200
    act: Act | None = None
    note: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (self.path, self.who, self.note) if part)


def send(page: Any) -> None:
    """Send the page's own form as it is."""
    page.locator("main form:has(button.btn-primary)").last.locator("button.btn-primary").last.click()
    page.locator("[aria-invalid=true]").first.wait_for()


def no_title(page: Any) -> None:
    page.locator(".new-ticket .editor [contenteditable]").fill("전화로 받은 문의")
    send(page)


def wrong_code(page: Any) -> None:
    page.locator("[name=code]").fill("CP123")
    page.locator("[name=code]").press("Enter")
    page.locator("#f-code-err").wait_for()


def enter(page: Any) -> None:
    page.locator("[name=code]").fill("CP00000037")
    page.locator("[name=code]").press("Enter")
    page.wait_for_url("**/request")


def mistakes(page: Any) -> None:
    enter(page)
    page.locator("#f-email").fill("wrong@@")
    page.locator("#f-title").fill("x" * 400)
    page.locator("[data-send]").click()
    page.locator("#f-email-err").wait_for()


def thanks(page: Any) -> None:
    enter(page)
    for name, text in {"name": "김서연", "title": "프린터", "content": "2층 프린터"}.items():
        page.locator(f"#f-{name}").fill(text)
    page.locator("#f-consent").check()
    page.locator("[data-send]").click()
    page.locator(".ticket-no, #problem").first.wait_for()
    if page.locator("#problem").count():
        # Quicker than people type: the page asks to press once more.
        page.locator("[data-send]").click()
    page.locator(".ticket-no").wait_for()


def second_step(page: Any) -> None:
    page.locator("[name=email]").fill("careful@empty.example")
    page.locator("[name=password]").fill("correct horse 42")
    page.locator("[name=password]").press("Enter")
    page.wait_for_url("**/sign-in/second-step")


def ask_for_link(page: Any) -> None:
    page.locator("[name=email]").fill("nobody@nowhere.example")
    page.locator("[name=email]").press("Enter")
    page.locator("main form [name=email]").wait_for(state="detached")


def palette(page: Any) -> None:
    page.keyboard.press("Control+k")
    page.locator("dialog[open]").wait_for()


def account_menu(page: Any) -> None:
    page.locator("[popovertarget=me]:visible").first.click()
    page.locator("#me").wait_for()


DESK = "desk/<slug:slug>"
TICKET = f"{DESK}/tickets/<str:number>"
FOLLOW = "<slug:slug>/status/<str:number>"

PLACES = (
    Place("", "/"),
    Place("terms", "/terms"),
    Place("privacy", "/privacy"),
    Place("sign-up", "/sign-up"),
    Place("sign-up", "/sign-up", act=send, note="mistakes"),
    Place("join", "/join"),
    Place("join", "/join", act=send, note="mistakes"),
    Place("invitation/<str:token>", "/invitation/{invitation}"),
    Place("invitation/<str:token>", "/invitation/{invitation}", "founder"),
    Place("invitation/<str:token>", "/invitation/page-of-an-old-invitation", status=410),
    Place("sign-in", "/sign-in"),
    Place("sign-in", "/sign-in", act=send, note="mistakes"),
    Place("sign-in/inactive", "/sign-in/inactive", status=403),
    Place("sign-in/second-step", "/sign-in", act=second_step, note="second step"),
    Place("forgot-password", "/forgot-password"),
    Place("forgot-password", "/forgot-password", act=ask_for_link, note="sent"),
    Place("reset-password/<str:uid>/<str:token>", "{reset}"),
    Place("reset-password/<str:uid>/<str:token>", "/reset-password/x/y", status=410),
    Place("account", "/account", "admin"),
    Place("account/mail/<str:token>", "{mail}"),
    Place("account/mail/<str:token>", "/account/mail/x", status=410),
    Place("account/security", "/account/security", "admin"),
    Place("account/security", "/account/security", "careful"),
    Place("account/devices", "/account/devices", "admin"),
    Place("account/confirm", "/account/confirm?next=/account/security", "admin"),
    Place("account/back", "/account/back", "admin"),
    Place("account/confirm/code", "/account/confirm/code?next=/account/security", "careful"),
    Place("account/confirm/passkey", "/account/confirm/passkey?next=/account/security", "careful"),
    Place("account/security/app", "/account/security/app", "admin"),
    Place("account/security/app/off", "/account/security/app/off", "careful"),
    Place("account/security/codes", "/account/security/codes", "careful"),
    Place("account/security/codes/new", "/account/security/codes/new", "careful"),
    Place("account/security/passkey", "/account/security/passkey", "founder"),
    Place("account/security/passkey/<int:pk>", "/account/security/passkey/{passkey}", "careful"),
    Place("account/security/passkey/<int:pk>/off", "/account/security/passkey/{passkey}/off", "careful"),
    Place("desk", "/desk", "waiting"),
    Place("<slug:slug>", "/ab"),
    Place("<slug:slug>", "/ab", act=wrong_code, note="wrong code"),
    Place("<slug:slug>", "/nothing-here", status=404),
    Place("<slug:slug>/request", "/ab", act=enter, note="form"),
    Place("<slug:slug>/request", "/ab", act=mistakes, note="mistakes"),
    Place("<slug:slug>/request/done/<slug:nonce>", "/ab", act=thanks, note="thanks"),
    Place("<slug:slug>/status", "/ab/status"),
    Place(FOLLOW, "/ab/status/{ticket_open}"),
    Place(FOLLOW, "/ab/status/{ticket_open}?k={link}"),
    Place(FOLLOW, "/ab/status/{ticket_resolved}"),
    Place(FOLLOW, "/ab/status/T-0000-0000-0000", status=404),
    Place("<slug:slug>/privacy", "/ab/privacy"),
    Place("postbox", "/postbox"),
    Place("postbox/new", "/postbox/new"),
    Place("postbox/<slug:slug>/<int:mail_id>", "/postbox/ab/{letter}"),
    Place(DESK, "/desk/ab", "admin"),
    Place(f"{DESK}/tickets", "/desk/ab/tickets", "admin"),
    Place(f"{DESK}/tickets", "/desk/ab/tickets", "admin", act=palette, note="palette"),
    Place(f"{DESK}/tickets", "/desk/ab/tickets", "admin", act=account_menu, note="account menu"),
    Place(f"{DESK}/tickets", "/desk/empty/tickets", "founder"),
    Place(f"{DESK}/tickets", "/desk/ab/tickets?q=zzzqqq", "admin", note="no hits"),
    Place(f"{DESK}/tickets/new", "/desk/ab/tickets/new", "admin"),
    Place(f"{DESK}/tickets/new", "/desk/ab/tickets/new", "admin", act=no_title, note="mistakes"),
    Place(TICKET, "/desk/ab/tickets/{ticket_open}", "admin"),
    Place(TICKET, "/desk/ab/tickets/{ticket_resolved}", "admin"),
    Place(TICKET, "/desk/ab/tickets/{spam}", "admin"),
    Place(TICKET, "/desk/ab/tickets/T-0000-0000-0000", "admin", status=404),
    Place(f"{DESK}/board", "/desk/ab/board", "admin"),
    Place(f"{DESK}/board", "/desk/empty/board", "founder"),
    Place(f"{DESK}/search", "/desk/ab/search", "admin"),
    Place(f"{DESK}/search", "/desk/ab/search?q=export", "admin"),
    Place(f"{DESK}/search", "/desk/ab/search?q=zzzqqq", "admin"),
    Place(f"{DESK}/messages", "/desk/ab/messages", "admin"),
    Place(f"{DESK}/messages", "/desk/empty/messages", "founder"),
    Place(f"{DESK}/messages/settings", "/desk/ab/messages/settings", "admin"),
    Place(f"{DESK}/members", "/desk/ab/members", "admin"),
    Place(f"{DESK}/members", "/desk/empty/members", "founder"),
    Place(f"{DESK}/members/<int:member_id>", "/desk/ab/members/{member}", "admin"),
    Place(f"{DESK}/groups", "/desk/ab/groups", "admin"),
    Place(f"{DESK}/groups", "/desk/empty/groups", "founder"),
    Place(f"{DESK}/organization", "/desk/ab/organization", "admin"),
    Place(f"{DESK}/settings/categories", "/desk/ab/settings/categories", "admin"),
    Place(f"{DESK}/settings/handling-categories", "/desk/ab/settings/handling-categories", "admin"),
    Place(f"{DESK}/settings/rules", "/desk/ab/settings/rules", "admin"),
    Place(f"{DESK}/settings/templates", "/desk/ab/settings/templates", "admin"),
    Place(f"{DESK}/settings/templates", "/desk/empty/settings/templates", "founder"),
    Place(f"{DESK}/settings/templates/new", "/desk/ab/settings/templates/new", "admin"),
    Place(f"{DESK}/settings/templates/<int:template_id>", "/desk/ab/settings/templates/{template}", "admin"),
    Place(f"{DESK}/templates", "/desk/ab/templates", "admin"),
    Place(f"{DESK}/settings/stages", "/desk/ab/settings/stages", "admin"),
    Place(f"{DESK}/settings/views", "/desk/ab/settings/views", "admin"),
    Place(f"{DESK}/settings/mail", "/desk/ab/settings/mail", "admin"),
    Place(f"{DESK}/settings/mail", "/desk/empty/settings/mail", "founder"),
    Place(f"{DESK}/settings/mail/new", "/desk/ab/settings/mail/new", "admin"),
    Place(f"{DESK}/settings/mail/new", "/desk/ab/settings/mail/new", "admin", act=send, note="mistakes"),
    Place(f"{DESK}/settings/mail/<int:mailbox_id>", "/desk/ab/settings/mail/{mailbox}", "admin"),
    Place(f"{DESK}/settings/mail/incoming", "/desk/ab/settings/mail/incoming", "admin"),
    Place(f"{DESK}/settings/mail/incoming", "/desk/empty/settings/mail/incoming", "founder"),
    Place(f"{DESK}/settings/api", "/desk/ab/settings/api", "admin"),
    Place(f"{DESK}/settings/api", "/desk/empty/settings/api", "founder"),
)

# Answers to scripts and programs, files, and addresses that only take a form and lead on.
NO_PAGES = frozenset(
    {
        *("healthz", "readyz", "-/theme", "-/language", "find", "sign-up/address", "sign-out", "sign-in/passkey"),
        *("account/confirm/go-on", "account/unlock", f"{DESK}/awake"),
        *("account/avatar", "account/mail", "account/mail/confirm", "account/password", "account/security/codes/file"),
        r"^media/avatars/(?P<token>[A-Za-z0-9_-]{22})\.webp$",
        *(f"{DESK}/members/{rest}" for rest in ("invite", "<int:member_id>/do")),
        *(f"{DESK}/{rest}" for rest in ("invitations/<int:invitation_id>/do", "groups/new", "groups/<int:group_id>")),
        f"{DESK}/organization/do",
        *(f"{DESK}/tickets/{rest}" for rest in ("counts", "palette", "mentions", "bulk")),
        *(f"{TICKET}/{rest}" for rest in ("row", "pulse", "thread", "messages", "messages/<int:message_id>")),
        *(f"{TICKET}/messages/<int:message_id>/pictures", f"{DESK}/pictures/<str:token>"),
        *(f"{TICKET}/{rest}" for rest in ("held/<int:message_id>", "draft", "preview", "linked", "take", "assign")),
        *(f"{TICKET}/{rest}" for rest in ("unassign", "forward", "stage", "priority", "category", "title", "note")),
        *(f"{TICKET}/{rest}" for rest in ("requester", "spam", "recipients", "resolve-internally", "presence")),
        *(f"{DESK}/{rest}" for rest in ("board/move", "files", "files/<str:token>/<str:name>")),
        *(f"{DESK}/settings/{rest}" for rest in ("categories/change", "stages/change", "views/add", "views/delete")),
        *(f"{DESK}/settings/{rest}" for rest in ("handling-categories/change", "templates/<int:template_id>/delete")),
        *(f"{TICKET}/handling", f"{TICKET}/customer", f"{DESK}/templates/<int:template_id>"),
        *(f"{DESK}/settings/mail/{rest}" for rest in ("<int:mailbox_id>/do", "incoming/<int:mail_id>/retry")),
        *(f"{DESK}/settings/{rest}" for rest in ("mail/incoming/<int:mail_id>/raw", "api/<int:key_id>/revoke")),
        *(f"{DESK}/messages/{rest}" for rest in ("newest", "read", "<int:note_id>/open")),
        "postbox/<slug:slug>/<int:mail_id>/body",
        *("<slug:slug>/", f"{FOLLOW}/progress", f"{FOLLOW}/answer", "<slug:slug>/files/<slug:token>"),
        "<slug:slug>/colours.css",
    }
)


def routes(resolver: URLResolver | None = None, before: str = "") -> Iterator[str]:
    """Every address of the house as the resolver writes it, the programs' interface left out."""
    for part in (resolver or get_resolver()).url_patterns:
        route = f"{before}{part.pattern}"
        if isinstance(part, URLPattern):
            if not route.startswith(("api/", "^api")):
                yield route
        else:
            yield from routes(part, route)
