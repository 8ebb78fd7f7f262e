"""What people change about themselves. An account stands above organizations, so these take the account itself."""

import io
import unicodedata
import zoneinfo
from typing import IO

from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from maru.accounts.events import MemberProfileChanged
from maru.accounts.models import LANGUAGES, Account, Member, fold_email
from maru.accounts.queries import memberships_of
from maru.accounts.roles import member_actor
from maru.core.errors import Conflict, Invalid
from maru.core.events import publish
from maru.core.html import one_line
from maru.core.ids import new_token
from maru.core.tenancy import tenant
from maru.ui.atoms import AVATAR_EMOJI

NAME_LENGTH = 100
NICKNAME_LENGTH = 50
PICTURE_SIDE = 256
PICTURE_BYTES = 5 * 1024 * 1024
# A picture of few bytes can unfold to gigabytes; 40 megapixels is what telephones take.
PICTURE_PIXELS = 40_000_000
PICTURE_FORMATS = ["PNG", "JPEG", "WEBP", "GIF"]
PICTURE_FOLDER = "avatars"
PICTURE_ADDRESS = "/media/avatars/"


def clean_person_name(name: str, field: str = "name") -> str:
    """A name as stored: one line, nothing invisible, NFC. Raises Invalid."""
    cleaned = one_line(unicodedata.normalize("NFC", name), NAME_LENGTH + 1)
    if not cleaned:
        raise Invalid({field: _("Enter a name.")})
    if len(cleaned) > NAME_LENGTH:
        raise Invalid({field: _("At most %(n)s characters.") % {"n": NAME_LENGTH}})
    return cleaned


def check_password(password: str, account: Account, field: str = "password") -> None:
    """Raises Invalid when ``password`` is too short, common, or too much like the account's own data."""
    try:
        password_validation.validate_password(password, account)
    except ValidationError as error:
        raise Invalid({field: " ".join(error.messages)}) from error


def create_account(
    *, email: str, name: str, password: str, language: str = "", time_zone: str = "Asia/Seoul", confirmed: bool = False
) -> Account:
    """A new account that has agreed to the terms now. ``confirmed``: a link mailed to ``email`` was followed.

    Raises Invalid (name, password) or Conflict with code ``account_exists``.
    """
    account = Account(
        email=fold_email(email),
        name=clean_person_name(name),
        language=language if language in dict(LANGUAGES) else "",
        time_zone=time_zone,
        agreed_at=timezone.now(),
        email_confirmed_at=timezone.now() if confirmed else None,
    )
    check_password(password, account)
    account.set_password(password)
    try:
        with transaction.atomic():
            account.save()
    except IntegrityError as error:
        raise Conflict(_("There is already an account with this address."), code="account_exists") from error
    return account


def change_profile(account: Account, *, name: str, nickname: str, language: str, time_zone: str) -> Account:
    """Raises Invalid. The shown name is copied to every organization the account belongs to."""
    account.name = clean_person_name(name)
    account.nickname = one_line(unicodedata.normalize("NFC", nickname), NICKNAME_LENGTH)
    if language not in dict(LANGUAGES):
        raise Invalid({"language": _("Choose one of the languages.")})
    if time_zone not in zoneinfo.available_timezones():
        raise Invalid({"time_zone": _("Choose one of the time zones.")})
    account.language, account.time_zone = language, time_zone
    with transaction.atomic():
        account.save(update_fields=["name", "nickname", "language", "time_zone"])
        _copy_to_memberships(account)
    return account


def choose_avatar(account: Account, *, emoji: str) -> Account:
    """Set one of the emoji, or none (initials) when empty. Raises Invalid."""
    if emoji and emoji not in AVATAR_EMOJI:
        raise Invalid({"avatar": _("Choose one of the pictures.")})
    _set_avatar(account, emoji)
    return account


def store_picture(account: Account, *, source: IO[bytes] | File, size: int) -> Account:
    """Re-encode a picture to a square of 256 px and make it the avatar; nothing of the given bytes is kept.

    Raises Invalid (not a picture we read, too large).
    """
    if size > PICTURE_BYTES:
        raise Invalid({"picture": _("A picture may have at most %(n)s MB.") % {"n": PICTURE_BYTES // 1024**2}})
    token = new_token(128)
    encoded = ContentFile(_square(source))
    default_storage.save(f"{PICTURE_FOLDER}/{token}.webp", encoded)
    _set_avatar(account, f"{PICTURE_ADDRESS}{token}.webp")
    return account


def _square(source: IO[bytes] | File) -> bytes:
    unreadable = _("This is not a picture we can read. Take a PNG, JPEG, WebP or GIF file.")
    try:
        with Image.open(source, formats=PICTURE_FORMATS) as picture:
            if picture.width * picture.height > PICTURE_PIXELS:
                raise Invalid({"picture": _("This picture is too large. Take one of fewer pixels.")})
            upright = ImageOps.exif_transpose(picture).convert("RGBA")
            small = ImageOps.fit(upright, (PICTURE_SIDE, PICTURE_SIDE), Image.Resampling.LANCZOS)
            target = io.BytesIO()
            small.save(target, "WEBP", quality=86)
            return target.getvalue()
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise Invalid({"picture": unreadable}) from error


def _set_avatar(account: Account, avatar: str) -> None:
    before, account.avatar = account.avatar, avatar
    with transaction.atomic():
        account.save(update_fields=["avatar"])
        _copy_to_memberships(account)
    if before.startswith(PICTURE_ADDRESS):
        old = f"{PICTURE_FOLDER}/{before.removeprefix(PICTURE_ADDRESS)}"
        transaction.on_commit(lambda: default_storage.delete(old))


def _copy_to_memberships(account: Account) -> None:
    """Lists show members without asking the platform table of accounts, so each organization keeps a copy."""
    # Each organization's log is held until all are written: always in one order, so that nobody waits crosswise.
    for membership in sorted(memberships_of(account.pk), key=lambda one: one.organization_id):
        with tenant(membership.organization_id):
            changed = Member.objects.filter(id=membership.id).exclude(name=account.shown_name, avatar=account.avatar)
            if changed.update(name=account.shown_name, avatar=account.avatar):
                publish(member_actor(membership), MemberProfileChanged(membership.id))


def change_password(account: Account, *, password: str) -> None:
    """Set a new password, which ends every session of the account. Raises Invalid."""
    check_password(password, account)
    account.set_password(password)
    account.save(update_fields=["password"])


def confirm_email(account: Account) -> None:
    """Note that a link mailed to the account's address was followed."""
    if account.email_confirmed_at is None:
        account.email_confirmed_at = timezone.now()
        account.save(update_fields=["email_confirmed_at"])


def change_email(account: Account, *, email: str) -> Account:
    """Make a proven address the one to sign in with. Raises Conflict when somebody else has it by now."""
    account.email, account.email_confirmed_at = fold_email(email), timezone.now()
    try:
        with transaction.atomic():
            account.save(update_fields=["email", "email_confirmed_at"])
    except IntegrityError as error:
        raise Conflict(_("There is already an account with this address."), code="account_exists") from error
    return account
