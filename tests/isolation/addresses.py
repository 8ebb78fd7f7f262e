"""Every address of the house, and what to put into it. A new address must be named here."""

from collections.abc import Callable
from typing import Any

from maru.organizations.commands.services import LIMITS
from tests.isolation.world import World

# Addresses that name nothing of an organization, or only by a secret that is itself the right to see it.
NAMES_NOTHING = {
    "healthz", "readyz", "ui:theme", "ui:language",
    "accounts:back", "accounts:go_on", "accounts:unlock",
    "accounts:sign_in", "accounts:sign_out", "accounts:forgot", "accounts:reset", "accounts:profile", "accounts:avatar",
    "accounts:security", "accounts:change_mail", "accounts:confirm_mail", "accounts:mail", "accounts:change_password",
    "accounts:sessions", "accounts:picture", "accounts:sign_up", "accounts:address_check", "accounts:join",
    "accounts:invitation", "account_login", "account_inactive", "mfa_authenticate", "mfa_login_webauthn",
    "account_reauthenticate", "mfa_reauthenticate", "mfa_reauthenticate_webauthn", "mfa_index", "mfa_list_webauthn",
    "mfa_activate_totp", "mfa_deactivate_totp", "mfa_view_recovery_codes", "mfa_generate_recovery_codes",
    "mfa_download_recovery_codes", "mfa_add_webauthn", "mfa_edit_webauthn", "mfa_remove_webauthn", "usersessions_list",
    "organizations:landing", "organizations:find", "organizations:terms", "organizations:privacy",
    "organizations:chooser", "api:document", "api:v1:api-root", "api:missing",
    "channels:postbox", "channels:new_letter",
}  # fmt: skip
# The Postbox shows everybody's mail on purpose: it exists in the demo on loopback only (channels' own tests).
DEMO_ONLY = {"channels:letter", "channels:letter_body"}
# Tried operation by operation in test_api.py.
API = "api:v1:"
# Public pages whose only object is the organization itself.
PUBLIC = {
    "helpcenter:company", "helpcenter:tidy", "helpcenter:request", "helpcenter:lookup", "helpcenter:colours",
    "helpcenter:privacy",
}  # fmt: skip

Value = Callable[[World], Any]
NOTHING = 999_999_999

# (address, argument) or ("*", argument) → what the argument names in a world, and something that does not exist.
ARGUMENTS: dict[tuple[str, str], tuple[Value, Any]] = {
    ("*", "number"): (lambda world: world.ticket.number, "T000000000000"),
    ("*", "member_id"): (lambda world: world.agent.id, NOTHING),
    ("*", "invitation_id"): (lambda world: world.invitation_id, NOTHING),
    ("*", "group_id"): (lambda world: world.rows["Group"], NOTHING),
    ("*", "message_id"): (lambda world: world.rows["Message"], NOTHING),
    ("*", "mailbox_id"): (lambda world: world.rows["Mailbox"], NOTHING),
    ("*", "mail_id"): (lambda world: world.rows["RawMail"], NOTHING),
    ("*", "key_id"): (lambda world: world.key.id, NOTHING),
    ("*", "template_id"): (lambda world: world.rows["AnswerTemplate"], NOTHING),
    ("*", "note_id"): (lambda world: world.rows["Note"], NOTHING),
    ("tickets:file", "token"): (lambda world: world.file_token, "0" * 43),
    ("tickets:file", "name"): (lambda world: "x.txt", "x.txt"),
    ("tickets:picture", "token"): (lambda world: world.picture_token, "0" * 43),
    ("helpcenter:file", "token"): (lambda world: world.file_token, "0" * 43),
    ("helpcenter:done", "nonce"): (lambda world: world.nonce, "0" * 22),
}

# What a request needs besides its address, so that one's own thing is reached.
FURTHER: dict[str, Callable[[World], dict[str, str]]] = {
    "accounts:group": lambda world: {"do": "delete"},
    "accounts:invitation_action": lambda world: {"do": "revoke"},
    "accounts:member_action": lambda world: {"do": "remove"},
    "channels:mailbox_action": lambda world: {"do": "remove"},
    "helpcenter:answer": lambda world: {"k": world.link_proof, "content": "x"},
    "helpcenter:file": lambda world: {"k": world.link_proof, "n": world.ticket.number},
    "helpcenter:status": lambda world: {"k": world.link_proof},
}

# Fields of forms that name something: (address, field, model of what it names, further fields).
FIELDS: tuple[tuple[str, str, str, dict[str, str]], ...] = (
    ("tickets:assign", "member", "Member", {}),
    ("tickets:unassign", "member", "Member", {}),
    ("tickets:take", "group", "Group", {}),
    ("tickets:forward", "group", "Group", {}),
    ("tickets:stage", "stage", "Stage", {}),
    ("tickets:category", "category", "IntakeCategory", {}),
    ("tickets:handling", "handling", "HandlingCategory", {}),
    ("tickets:send", "mentions", "Member", {"mode": "comment", "body": "x", "format": "html"}),
    ("tickets:send", "files", "StoredFile", {"mode": "comment", "body": "x", "format": "html"}),
    ("tickets:bulk", "stage", "Stage", {"sel": "OWN"}),
    ("tickets:bulk", "assignee", "Member", {"sel": "OWN"}),
    ("tickets:bulk", "sel", "NUMBER", {"do": "spam"}),
    ("tickets:move", "ticket", "NUMBER", {}),
    ("tickets:move", "stage", "Stage", {"ticket": "OWN"}),
    ("tickets:move", "after", "NUMBER", {"ticket": "OWN", "stage": "OWN"}),
    ("tickets:new", "category", "IntakeCategory", {"title": "x", "body": "x", "channel": "staff", "priority": "2"}),
    ("tickets:new", "group", "Group", {"title": "x", "body": "x", "channel": "staff", "priority": "2"}),
    ("tickets:new", "assignees", "Member", {"title": "x", "body": "x", "channel": "staff", "priority": "2"}),
    ("tickets:new", "service", "Service", {"title": "x", "body": "x", "channel": "staff", "priority": "2"}),
    ("tickets:category_change", "category", "IntakeCategory", {"do": "delete"}),
    ("tickets:category_change", "parent", "IntakeCategory", {"do": "add", "name": "x"}),
    ("tickets:handling_category_change", "category", "HandlingCategory", {"do": "delete"}),
    ("tickets:handling_category_change", "parent", "HandlingCategory", {"do": "add", "name": "x"}),
    ("tickets:rules", "service", "Service", dict.fromkeys(LIMITS, "1")),
    ("tickets:stage_change", "stage", "Stage", {"do": "delete"}),
    ("tickets:view_delete", "view", "SavedView", {}),
    ("accounts:group", "members", "Member", {"do": "members"}),
    ("api:keys", "service", "Service", {"name": "x"}),
)
# Criteria in addresses of lists.
CRITERIA = (
    ("group", "Group"),
    ("category", "IntakeCategory"),
    ("handling", "HandlingCategory"),
    ("assignee", "Member"),
    ("stage", "Stage"),
    ("saved", "SavedView"),
    ("customer", "Customer"),
    ("number", "NUMBER"),
)
