"""What an invitation says (RFC 5545), for mail that holds nothing else to read."""

from __future__ import annotations

import re

_FOLD = re.compile(r"\r?\n[ \t]")
_LINE = re.compile(r"(?im)^(SUMMARY|DTSTART|DTEND|LOCATION|DESCRIPTION)(;[^:\r\n]*)?:(.*)$")
_MOMENT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})\d{2}(Z?))?")
_ZONE = re.compile(r"TZID=\"?([^;:\"]{1,60})", re.IGNORECASE)


def words(ics: str) -> str:
    """Title, times, place and description of the first event, each on a line of its own; "" when there is none."""
    begin = re.search(r"(?im)^BEGIN:VEVENT\s*$", ics)
    if begin is None:
        return ""
    event = _FOLD.sub("", ics[begin.end() : begin.end() + 64 * 1024])
    event = re.split(r"(?im)^END:VEVENT", event)[0]
    found: dict[str, str] = {}
    for match in _LINE.finditer(event):
        found.setdefault(match[1].upper(), _value(match[1].upper(), match[2] or "", match[3].strip()))
    times = " – ".join(found[name] for name in ("DTSTART", "DTEND") if found.get(name))
    lines = [found.get("SUMMARY", ""), times, found.get("LOCATION", ""), found.get("DESCRIPTION", "")]
    return "\n".join(line for line in lines if line)


def _value(name: str, parameters: str, value: str) -> str:
    if not name.startswith("DT"):
        return re.sub(r"\\(.)", lambda one: "\n" if one[1] in "nN" else one[1], value)
    moment = _MOMENT.match(value)
    if moment is None:
        return value[:40]
    year, month, day, hour, minute, zulu = moment.groups()
    zone = _ZONE.search(parameters)
    named = "UTC" if zulu else zone[1] if zone else ""
    return f"{year}-{month}-{day}" + (f" {hour}:{minute} {named}".rstrip() if hour else "")
