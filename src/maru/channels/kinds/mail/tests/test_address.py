"""Reply addresses: one ticket, one recipient, unforgeable."""

import pytest

from maru.channels.kinds.mail import address

OLD, NEW = address.keys_from(["a" * 40, "b" * 40])
NUMBER = "T0123456789AB"
KIM = "kim@customer.example"


@pytest.mark.row("EML-05")
def test_a_token_is_for_one_recipient_of_one_ticket() -> None:
    local = address.reply_address(NEW, 1, NUMBER, KIM, "ab.maru.localhost")
    found = address.read_reply_address(local.upper())
    assert found is not None
    claim, domain = found
    assert domain == "ab.maru.localhost"
    assert address.verify([NEW, OLD], 1, claim, "KIM@Customer.example ")
    assert not address.verify([NEW, OLD], 1, claim, "eve@customer.example")
    assert not address.verify([NEW, OLD], 2, claim, KIM)
    assert not address.verify([NEW], 1, address.Claim("T0123456789AC", claim.token), KIM)
    assert not address.verify([OLD], 1, claim, KIM)


def test_old_keys_verify_while_they_rotate() -> None:
    claim = address.Claim(NUMBER, address.sign(OLD, 1, NUMBER, KIM))
    assert address.verify([NEW, OLD], 1, claim, KIM)


def test_lengths_keep_the_rules() -> None:
    local = address.reply_address(NEW, 1, NUMBER, KIM, "x.example").partition("@")[0]
    assert len(local) <= 64
    assert len(address.sign(NEW, 1, NUMBER, KIM)) == 26


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "reply+@x",
        "reply+t0123456789ab.@x",
        f"reply+t0123456789ab.{'a' * 25}@x",
        f"reply+x0123456789ab.{'a' * 26}@x",
        f"reply+t0123456789ab.{'1' * 26}@x",
        "help@x",
    ],
)
def test_what_is_no_reply_address(bad: str) -> None:
    assert address.read_reply_address(bad) is None


def test_message_ids_carry_the_token() -> None:
    identifier = address.message_id(NEW, 1, NUMBER, KIM, "ab.maru.localhost")
    claim = address.read_message_id(f"<{identifier}>")
    assert claim is not None
    assert address.verify([NEW], 1, claim, KIM)
    assert identifier != address.message_id(NEW, 1, NUMBER, KIM, "ab.maru.localhost")
    assert address.read_message_id("<CAF=abc@mail.gmail.com>") is None


@pytest.mark.parametrize(
    ("subject", "numbers"),
    [
        ("Re: 환불 #[T-0123-4567-89AB]", [NUMBER]),
        ("#[t0123456789ab]", [NUMBER]),
        ("[T-0123-4567-89AB] 환불", [NUMBER]),
        ("＃［Ｔ－０１２３－４５６７－８９ＡＢ］", [NUMBER]),
        ("#[T-O123-4567-89AB]", [NUMBER]),
        ("#T-0123-4567-89AB please", [NUMBER]),
        ("T-shirt-size [T-1]", []),
        ("", []),
    ],
)
def test_numbers_in_subjects(subject: str, numbers: list[str]) -> None:
    assert address.read_subject_tags(subject) == numbers


def test_titles_lose_marks_of_answers() -> None:
    assert address.without_tags("Re: 답장: FW: 환불 #[T-0123-4567-89AB]") == "환불"
    assert address.without_tags("Re:") == ""
    assert address.without_tags("Report: results") == "Report: results"
