"""Made-up tickets, straight into the tables: rows written by a superuser with COPY, indexes built afterwards."""

import json
import multiprocessing
import random
import time
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

import psycopg

from bench.django_ready import set_up
from bench.terms import RARE
from bench.words import language_of, texts
from maru.core.ids import CROCKFORD
from maru.tickets.search.idents import phone_value
from maru.tickets.search.text import normalise

START = datetime(2024, 1, 1, tzinfo=UTC)
SPAN = timedelta(days=1040)
CHUNK = 20_000
MESSAGE_STEP = 12
PROCESSES = 2
# This part of the assigned tickets has a second member, somewhat less where a few members share the work.
HELPED = 0.11

TABLES: dict[str, str] = {
    "tickets_ticket": "id, organization_id, number, service_id, title, status, stage_id, is_spam, priority, channel,"
    " language, category_id, category_name, group_id, assignee_id, customer_id, requester_name, requester_email,"
    " requester_phone, requester_company, created_at, updated_at, updated_by_name, last_message_id, last_comment,"
    " last_customer_at, last_agent_at, resolved_at, closed_at, answer_due_at, board_rank, shared_note,"
    " shared_note_version",
    "tickets_message": "id, organization_id, ticket_id, kind, channel, author_id, author_name, author_address,"
    " author_avatar, text, html, quoted, language, outcome, mentions, recipients, remote_images, is_automatic,"
    " is_unverified, header_id, created_at",
    "tickets_assignment": "organization_id, ticket_id, member_id, is_helper, created_at",
    "tickets_participant": "organization_id, ticket_id, address, name, role, is_confirmed, created_at",
    "core_event": "organization_id, kind, subject_type, subject_id, actor_kind, actor_name, data, created_at",
    "ticket_search": "organization_id, ticket_id, upto, head, norm",
    "ticket_ident": "organization_id, value, ticket_id",
}
_FAMILY = "김이박최정강조윤장임한오서신권황안송류홍"
_GIVEN = (
    "서연",
    "민준",
    "지우",
    "하은",
    "도윤",
    "예준",
    "수아",
    "지호",
    "서윤",
    "하준",
    "은우",
    "시우",
    "유나",
    "지안",
)


def organization_sizes(tickets: int, organizations: int, largest: int) -> list[int]:
    """The largest as asked, the others smaller and smaller by a power law."""
    weights = [(n + 1) ** -1.25 for n in range(organizations - 1)]
    rest = max(0, tickets - largest)
    sizes = [largest, *(max(1, round(rest * weight / sum(weights))) for weight in weights)]
    sizes[-1 if len(sizes) == 1 else 1] += tickets - sum(sizes)
    return sizes


def make_organizations(sizes: list[int], seed: int) -> list[dict[str, Any]]:
    """Organizations with services, stages, categories, groups and members, through the same code that people use."""
    from django.contrib.auth.hashers import make_password

    from maru.accounts.models import Account, Group, GroupMember, Member
    from maru.core.tenancy import tenant
    from maru.organizations.models import Service
    from maru.testing.makers import PASSWORD, make_organization
    from maru.tickets.models import IntakeCategory, Stage

    rng = random.Random(seed)
    password = make_password(PASSWORD)
    houses = []
    for place, size in enumerate(sizes):
        slug = f"bench{place}"
        organization = make_organization(slug, f"Bench {place}")
        people = min(30, (12 if place == 0 else 3) + size // 4_000)
        accounts = Account.objects.bulk_create(
            [Account(email=f"agent{n}@{slug}.example", name=f"Agent {n}", password=password) for n in range(people)]
        )
        with tenant(organization.id):
            members = Member.bulk(
                [
                    Member(account=account, name=account.name, role="manager" if n == 0 else "agent", is_admin=n == 0)
                    for n, account in enumerate(accounts)
                ]
            )
            groups = Group.bulk([Group(name=f"Group {n}", order=n) for n in range(3)])
            GroupMember.bulk([GroupMember(group=groups[n % 3], member=member) for n, member in enumerate(members)])
            houses.append(
                {
                    "id": organization.id,
                    "slug": slug,
                    "size": size,
                    "service": Service.objects.get(slug="help").id,
                    "stages": {stage.status: stage.id for stage in Stage.objects.all()},
                    "categories": list(IntakeCategory.objects.values_list("id", "name")),
                    "members": [(member.id, member.name) for member in members],
                    "groups": [group.id for group in groups],
                    "customers": max(1, size // 4),
                    "salt": rng.random(),
                }
            )
    return houses


def fill(
    connection: psycopg.Connection[Any],
    url: str,
    seed: int,
    houses: list[dict[str, Any]],
    sizes: list[int],
    began: float,
) -> None:
    """Write all tickets with several processes, then build the indexes and gather statistics."""
    connection.execute("set session_replication_role = replica")
    first = make_customers(connection, houses)
    say(began, "customers")
    indexes = drop_indexes(connection)
    total = sum(sizes)
    chunks = [(url, seed, n, min(CHUNK, total - n), total, houses, first) for n in range(0, total, CHUNK)]
    with multiprocessing.get_context("spawn").Pool(PROCESSES, initializer=set_up) as pool:
        for done, _chunk in enumerate(pool.imap_unordered(write_chunk, chunks), 1):
            if done % 10 == 0:
                say(began, f"{min(total, done * CHUNK):,} tickets")
    say(began, "rows written")
    connection.execute("set maintenance_work_mem = '1500MB'")
    connection.execute("set max_parallel_maintenance_workers = 2")
    for statement in indexes:
        connection.execute(statement.encode())
    say(began, "indexes built")
    for table in ("tickets_ticket", "tickets_message"):
        connection.execute(f"select setval(pg_get_serial_sequence('{table}', 'id'), max(id)) from {table}".encode())
    connection.execute("vacuum analyze")
    connection.execute("checkpoint")
    say(began, "statistics gathered")


def make_customers(connection: psycopg.Connection[Any], houses: list[dict[str, Any]]) -> dict[int, int]:
    """Customers with a mail address each; the first id of each organization."""
    first, following = {}, 1
    for house in houses:
        first[house["id"]] = following
        values = (house["id"], following, house["customers"])
        connection.execute(
            "insert into customers_customer (organization_id, id, number, name, company, language)"
            " overriding system value select %s, %s + n, n + 1, '고객 ' || n, '', 'ko'"
            " from generate_series(0, %s - 1) n",
            values,
        )
        connection.execute(
            "insert into customers_identity (organization_id, customer_id, kind, value, shown)"
            " select %s, %s + n, 'email', 'user' || n || '@mail' || n %% 50 || '.example', 'user' || n || '@mail' || n %% 50 || '.example'"
            " from generate_series(0, %s - 1) n",
            values,
        )
        following += house["customers"]
    connection.execute("select setval(pg_get_serial_sequence('customers_customer', 'id'), %s)", [following])
    return first


def drop_indexes(connection: psycopg.Connection[Any]) -> list[str]:
    """Drop what is faster to build afterwards, and give back how to."""
    rows = connection.execute(
        "select i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) from pg_index i"
        " join pg_class c on c.oid = i.indexrelid"
        " where i.indrelid = any(%s::regclass[]) and not exists"
        " (select from pg_constraint k where k.conindid = i.indexrelid)",
        [list(TABLES)],
    ).fetchall()
    for name, _definition in rows:
        connection.execute(f"drop index {name}".encode())
    again = [definition.replace(" ON ONLY ", " ON ") for _name, definition in rows]
    return [*again, *(f"alter index ticket_search_{n}_grams_idx alter column 1 set statistics 0" for n in range(16))]


def write_chunk(job: tuple[str, int, int, int, int, list[dict[str, Any]], dict[int, int]]) -> None:
    """Write the tickets ``first`` to ``first + count``; they are spread over organizations and over time."""
    url, seed, first, count, total, houses, customers = job
    maker = Maker(seed, first, total, houses, customers)
    rows: dict[str, list[str]] = {table: [] for table in TABLES}
    for n in range(first + 1, first + count + 1):
        maker.ticket(n, rows)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute("set synchronous_commit = off")
        for table, lines in rows.items():
            with connection.cursor().copy(f"copy {table} ({TABLES[table]}) from stdin".encode()) as copy:
                copy.write("".join(lines).encode())


class Maker:
    """Makes the rows of single tickets as lines for COPY."""

    def __init__(
        self, seed: int, first: int, total: int, houses: list[dict[str, Any]], customers: dict[int, int]
    ) -> None:
        self.rng = random.Random(f"{seed}:{first}")
        # A sequence of its own, so that everything else stays what it was before tickets had helpers.
        self.helpers = random.Random(f"{seed}:{first}:helpers")
        self.texts = texts(seed)
        self.total, self.houses, self.customers = total, houses, customers
        self.weights = list(accumulate(house["size"] for house in houses))
        self.rare_share = 6 * len(RARE) / max(1, houses[0]["size"])

    def ticket(self, n: int, rows: dict[str, list[str]]) -> None:
        rng = self.rng
        house = rng.choices(self.houses, cum_weights=self.weights)[0]
        created = START + SPAN * (n / self.total)
        language = language_of(rng)
        title, _folded = self.texts.text(rng, language, 0 if language == "ko" else 1)
        title = title[:120] or "문의드립니다"
        customer = int(rng.random() ** 2 * house["customers"])
        who = Requester(rng, customer)
        newest = n > self.total * 0.95
        status = rng.choices((1, 2, 3, 6, 7), (1, 2, 1, 26, 270) if not newest else (30, 35, 10, 15, 10))[0]
        conversation = self._conversation(n, house, language, created, status)
        head = normalise(f"{title} {who.name} {who.email} {who.phone} {who.digits}")
        norm = (head + "".join(part for *_rest, part in conversation))[:20_000]
        number = "T" + "".join(rng.choices(CROCKFORD, k=12))
        member = rng.choice(house["members"]) if status not in (1,) else None
        category = rng.choice(house["categories"])
        updated = conversation[-1][0]
        stage = house["stages"][6 if status == 7 else status]
        done = stamp(updated) if status >= 6 else NULL
        last_public = max(identity for _at, identity, kind, *_rest in conversation if kind != "comment")
        rows["tickets_ticket"].append(
            line(
                n,
                house["id"],
                number,
                house["service"],
                title,
                status,
                stage,
                "f",
                rng.choices((1, 2, 3, 4), (5, 80, 11, 4))[0],
                rng.choice(("web", "email", "api")),
                language,
                *category,
                rng.choice(house["groups"]),
                member[0] if member else NULL,
                self.customers[house["id"]] + customer,
                who.name,
                who.email,
                who.phone,
                "",
                stamp(created),
                stamp(updated),
                member[1] if member else who.name,
                last_public,
                "",
                stamp(created),
                stamp(updated) if len(conversation) > 1 else NULL,
                done,
                done if status == 7 else NULL,
                stamp(created + timedelta(hours=8)) if status == 1 else NULL,
                created.timestamp(),
                "",
                0,
            )
        )
        self._write_conversation(n, house, who, member, language, conversation, rows)
        if member:
            rows["tickets_assignment"].append(line(house["id"], n, member[0], "f", stamp(created)))
            helper = self.helpers.choice(house["members"]) if self.helpers.random() < HELPED else member
            if helper != member:
                rows["tickets_assignment"].append(line(house["id"], n, helper[0], "t", stamp(created)))
        rows["tickets_participant"].append(line(house["id"], n, who.email, who.name, "requester", "t", stamp(created)))
        data = json.dumps({"number": number, "channel": "web", "message_id": n * MESSAGE_STEP, "wants_receipt": True})
        rows["core_event"].append(
            line(house["id"], "ticket.opened", "ticket", n, "requester", who.name, data, stamp(created))
        )
        rows["ticket_search"].append(line(house["id"], n, conversation[-1][1], head, norm))
        for value in {number.lower(), who.email, phone_value(who.phone)}:
            rows["ticket_ident"].append(line(house["id"], value, n))

    def _conversation(
        self, n: int, house: dict[str, Any], language: str, created: datetime, status: int
    ) -> list[tuple[datetime, int, str, str, str]]:
        """(time, id, kind, text, folded text) of one message, and of up to ten for a part of the tickets."""
        rng = self.rng
        length = 1
        if status != 1 and rng.random() < 0.2:
            length = rng.randint(2, 10)
        found = []
        for place in range(length):
            text, norm = self.texts.text(rng, language, rng.randint(3, 6) if place == 0 else 2)
            if place == 0 and rng.random() < self.rare_share:
                word = rng.choice(RARE)
                text, norm = f"{text} {word}", f"{norm}{word} "
            kind = "customer" if place == 0 else rng.choice(("reply", "reply", "customer", "comment"))
            found.append((created + timedelta(hours=place * 2), n * MESSAGE_STEP + place, kind, text, norm))
        return found

    def _write_conversation(
        self,
        n: int,
        house: dict[str, Any],
        who: "Requester",
        member: tuple[int, str] | None,
        language: str,
        conversation: list[tuple[datetime, int, str, str, str]],
        rows: dict[str, list[str]],
    ) -> None:
        for at, identity, kind, text, _norm in conversation:
            author, name = (member or (NULL, "Agent")) if kind != "customer" else (NULL, who.name)
            outcome = "open" if kind == "reply" else ""
            rows["tickets_message"].append(
                line(
                    identity,
                    house["id"],
                    n,
                    kind,
                    "web",
                    author,
                    name,
                    who.email if kind == "customer" else "",
                    "",
                    text,
                    f"<p>{text}</p>",
                    "",
                    language,
                    outcome,
                    "[]",
                    "[]",
                    "[]",
                    "f",
                    "f",
                    "",
                    stamp(at),
                )
            )


class Requester:
    """Somebody who asks; the same customer is always the same person."""

    def __init__(self, rng: random.Random, customer: int) -> None:
        self.name = _FAMILY[customer % len(_FAMILY)] + _GIVEN[customer // 7 % len(_GIVEN)]
        self.email = f"user{customer}@mail{customer % 50}.example"
        self.digits = f"010{10_000_000 + customer * 7_919 % 90_000_000}"
        self.phone = f"{self.digits[:3]}-{self.digits[3:7]}-{self.digits[7:]}"


NULL = "\\N"


def stamp(moment: datetime) -> str:
    return moment.isoformat()


def line(*values: Any) -> str:
    """One line of COPY's text format; our texts hold no tabs, line ends or backslashes."""
    return "\t".join(map(str, values)) + "\n"


def say(began: float, text: str) -> None:
    print(f"{time.monotonic() - began:7.1f} s  {text}", flush=True)
