"""Writing organizations, services, invitations."""

from maru.organizations.commands.invitations import (
    accept_invitation,
    invite,
    register_invited,
    resend_invitation,
    revoke_invitation,
)
from maru.organizations.commands.joining import join_organization
from maru.organizations.commands.settings import (
    IDLE_MINUTES,
    change_organization,
    require_second_factor,
    rotate_organization_key,
    set_idle_minutes,
)
from maru.organizations.commands.signing_up import SignedUp, check_address, sign_up_company

__all__ = [
    "IDLE_MINUTES",
    "SignedUp",
    "accept_invitation",
    "change_organization",
    "check_address",
    "invite",
    "join_organization",
    "register_invited",
    "require_second_factor",
    "resend_invitation",
    "revoke_invitation",
    "rotate_organization_key",
    "set_idle_minutes",
    "sign_up_company",
]
