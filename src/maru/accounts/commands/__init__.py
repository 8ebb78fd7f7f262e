"""Writing accounts, members and groups."""

from maru.accounts.commands.groups import create_group, delete_group, rename_group, set_group_members
from maru.accounts.commands.members import (
    approve_member,
    change_member,
    refuse_member,
    remove_member,
    seat_in_first_group,
)
from maru.accounts.commands.profile import (
    change_email,
    change_password,
    change_profile,
    choose_avatar,
    confirm_email,
    create_account,
    store_picture,
)

__all__ = [
    "approve_member",
    "change_email",
    "change_member",
    "change_password",
    "change_profile",
    "choose_avatar",
    "confirm_email",
    "create_account",
    "create_group",
    "delete_group",
    "refuse_member",
    "remove_member",
    "rename_group",
    "seat_in_first_group",
    "set_group_members",
    "store_picture",
]
