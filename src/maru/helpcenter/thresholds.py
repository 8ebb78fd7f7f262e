"""How much the public pages take from one network, one address, one organization. Pairs of (limit, seconds).

Only wrong guesses are counted as guesses, so an office behind one address may open as many right pages as it likes.
"""

from maru.core.limits import fold_address, hit, note, note_all, private_key, refuse_when_over
from maru.core.robots import HEAT_SECONDS, heat_keys

HOUR, DAY = 3600, 86_400
CODE_GUESSES = ((20, 600), (200, DAY))
NUMBER_GUESSES = ((30, 600), (300, DAY))
FORMS_OF_NETWORK = (300, HOUR)
FORMS_OF_ADDRESS = (10, HOUR)
FORMS_OF_ORGANIZATION = (3000, HOUR)
ANSWERS_TO_TICKET = (30, HOUR)
UPLOADS_OF_NETWORK = (200, HOUR)


def refuse_guessing(kind: str, network: str, limits: tuple[tuple[int, int], ...]) -> None:
    """:raises TooMany: this network has guessed wrong too often."""
    for limit, seconds in limits:
        refuse_when_over(f"guess:{kind}:{network}:{seconds}", limit=limit, seconds=seconds)


def count_wrong_guess(kind: str, network: str, organization_id: int, limits: tuple[tuple[int, int], ...]) -> None:
    """Remember a wrong company code or ticket number. Reaching the limit shows at the next attempt."""
    for _limit, seconds in limits:
        note(f"guess:{kind}:{network}:{seconds}", seconds)
    count_heat(network, organization_id)


def count_heat(network: str, organization_id: int) -> None:
    """Remember an attempt; many of them make the forms ask for work."""
    note_all(heat_keys(network, organization_id), HEAT_SECONDS)


def count_form(network: str, organization_id: int, address: str) -> None:
    """Count a complete form. :raises TooMany:"""
    hit(f"form:net:{network}", limit=FORMS_OF_NETWORK[0], seconds=FORMS_OF_NETWORK[1])
    if address:
        hit(private_key("form:mail", fold_address(address)), limit=FORMS_OF_ADDRESS[0], seconds=FORMS_OF_ADDRESS[1])
    hit(f"form:org:{organization_id}", limit=FORMS_OF_ORGANIZATION[0], seconds=FORMS_OF_ORGANIZATION[1])


def count_answer(network: str, ticket_id: int) -> None:
    """Count an answer given on a status page. :raises TooMany:"""
    hit(f"form:net:{network}", limit=FORMS_OF_NETWORK[0], seconds=FORMS_OF_NETWORK[1])
    hit(f"answer:{ticket_id}", limit=ANSWERS_TO_TICKET[0], seconds=ANSWERS_TO_TICKET[1])


def count_upload(network: str) -> None:
    """Count one uploaded file. :raises TooMany:"""
    hit(f"upload:net:{network}", limit=UPLOADS_OF_NETWORK[0], seconds=UPLOADS_OF_NETWORK[1])
