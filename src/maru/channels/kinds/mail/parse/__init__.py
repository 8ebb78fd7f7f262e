"""Reading mail: bytes in, `ParsedMail` or `Quarantine` out. The reading itself happens in a killable child."""

from maru.channels.kinds.mail.parse.limits import scan
from maru.channels.kinds.mail.parse.model import Address, Bounce, ParsedAttachment, ParsedMail, Quarantine
from maru.channels.kinds.mail.parse.pool import ParserPool, parse, pool

__all__ = [
    "Address",
    "Bounce",
    "ParsedAttachment",
    "ParsedMail",
    "ParserPool",
    "Quarantine",
    "parse",
    "pool",
    "scan",
]
