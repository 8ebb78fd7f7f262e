"""Numbers and addresses that are looked up exactly: mails, phones, order numbers."""

import re

from maru.tickets.search.text import fold

LONGEST = 100
MOST_OF_ONE_TEXT = 60
FEWEST_DIGITS = 4
"""A phone is found by this many of its last digits, or more."""

_MAIL = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+")
_CODE = re.compile(r"[a-z0-9]+(?:[-_/.#][a-z0-9]+)*")
_PHONE = re.compile(r"\+?\(?\d[\d\-.() ]{6,18}\d")
_COUNTRY = re.compile(r"^(?:00)?(?:82|81)(?=[1-9]\d{7,9}$)")


def digits_of(text: str) -> str:
    """The digits of a phone number without country code (Korea, Japan) and leading zero."""
    digits = re.sub(r"\D", "", text)
    return _COUNTRY.sub("", digits).lstrip("0")


def phone_value(text: str) -> str:
    """How a phone is stored: its digits backwards, so that its last digits are the beginning."""
    return "~" + digits_of(text)[::-1]


def idents_of(text: str) -> set[str]:
    """The values under which a text is found: mails, codes with a digit, phones."""
    folded = fold(text)
    found: set[str] = set()
    for mail in _MAIL.findall(folded):
        found.add(mail)
    for code in _CODE.findall(folded):
        if 5 <= len(code) <= LONGEST and sum(map(str.isdigit, code)) >= 3:
            found.add(code)
            if len(found) >= MOST_OF_ONE_TEXT:
                break
    for phone in _PHONE.findall(folded):
        if 8 <= len(re.sub(r"\D", "", phone)) <= 13:
            found.add(phone_value(phone))
    return {value for value in found if len(value) <= LONGEST}


def wanted_idents(query: str) -> list[str]:
    """The beginnings of values that a whole query may mean; empty when it looks like no number or address."""
    folded = fold(query).strip()
    if not folded or len(folded) > LONGEST:
        return []
    wanted = []
    if "@" in folded and " " not in folded:
        wanted.append(folded)
    digits = re.sub(r"\D", "", folded)
    if len(digits) >= FEWEST_DIGITS and re.fullmatch(r"[\d\-+.() ]+", folded):
        wanted.append(phone_value(folded))
    if len(folded) >= 4 and any(map(str.isdigit, folded)) and _CODE.fullmatch(folded):
        wanted.append(folded)
    return [value for value in wanted if len(value) > FEWEST_DIGITS - 1]
