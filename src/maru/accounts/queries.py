"""Reading accounts, members and groups."""

from django.db.models import QuerySet

from maru.accounts.models import Account, Group, GroupMember, Member, SignInRecord, fold_email
from maru.core.actors import Actor
from maru.core.errors import NotFound
from maru.core.tenancy import acting_account


def find_account(email: str) -> Account | None:
    """The account that signs in with ``email``, in any spelling of upper and lower case."""
    return Account.objects.filter(email=fold_email(email)).first()


def memberships_of(account_id: int) -> list[Member]:
    """Every membership of one account, in all organizations, oldest first (only its own rows can be seen so)."""
    with acting_account(account_id):
        return list(QuerySet(Member).filter(account_id=account_id).order_by("id"))


def first_organization_id(account_id: int) -> int | None:
    """The organization in whose name an account gets mail about itself."""
    present = (Member.State.ACTIVE, Member.State.WAITING)
    return next((member.organization_id for member in memberships_of(account_id) if member.state in present), None)


def members_of(actor: Actor) -> list[Member]:
    """Members of the actor's organization that are or wait to be: by state, then name."""
    found = Member.objects.filter(state__in=[Member.State.ACTIVE, Member.State.WAITING])
    return sorted(found, key=lambda member: (member.state != Member.State.WAITING, member.name.casefold(), member.id))


def emails_of(members: list[Member]) -> dict[int, Account]:
    """Accounts of ``members`` by account id."""
    return Account.objects.in_bulk({member.account_id for member in members})


def get_member_for(actor: Actor, member_id: int) -> Member:
    """A member of the actor's organization. Raises NotFound."""
    member: Member | None = Member.objects.filter(id=member_id).exclude(state=Member.State.REMOVED).first()
    if member is None:
        raise NotFound()
    return member


def waiting_count(actor: Actor) -> int:
    """How many people wait for approval."""
    return Member.objects.filter(state=Member.State.WAITING).count()


def active_admins(actor: Actor) -> list[Member]:
    """Organization admins of the actor's organization."""
    return list(Member.objects.filter(state=Member.State.ACTIVE, is_admin=True).order_by("id"))


def groups_of(actor: Actor) -> list[Group]:
    """Groups of the actor's organization in the order shown when forwarding."""
    return list(Group.objects.order_by("order", "id"))


def get_group_for(actor: Actor, group_id: int) -> Group:
    """A group of the actor's organization. Raises NotFound."""
    group: Group | None = Group.objects.filter(id=group_id).first()
    if group is None:
        raise NotFound()
    return group


def seats(actor: Actor) -> dict[int, list[int]]:
    """Ids of members by group id."""
    found: dict[int, list[int]] = {}
    for group_id, member_id in GroupMember.objects.order_by("id").values_list("group_id", "member_id"):
        found.setdefault(group_id, []).append(member_id)
    return found


def last_sign_ins(account: Account, limit: int = 10) -> list[SignInRecord]:
    """The newest sign-ins, sign-outs and failures of one account."""
    return list(SignInRecord.objects.filter(account=account).order_by("-id")[:limit])
