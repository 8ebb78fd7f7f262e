"""Moments, days and sizes as people say them, in the viewer's language and time zone."""

from datetime import date, datetime

from django.utils import timezone
from django.utils.translation import get_language, gettext
from markupsafe import Markup

from maru.ui.markup import safe

_WEEKDAYS = {"ko": "월화수목금토일", "ja": "月火水木金土日"}
_WEEKDAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS_EN = (
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
)


def _language() -> str:
    return (get_language() or "en")[:2]


def _local(moment: datetime) -> datetime:
    return timezone.localtime(moment) if timezone.is_aware(moment) else moment


def _hour(moment: datetime) -> str:
    language = _language()
    if language == "ja":
        return f"{moment:%H:%M}"
    half = moment.hour % 12 or 12
    if language == "ko":
        return f"{'오전' if moment.hour < 12 else '오후'} {half}:{moment:%M}"
    return f"{half}:{moment:%M} {'AM' if moment.hour < 12 else 'PM'}"


def date_text(day: date | datetime, weekday: bool = False, year: bool | None = None) -> str:
    """A day in words; the year is left out within the current year unless `year` says otherwise."""
    when = _local(day).date() if isinstance(day, datetime) else day
    with_year = when.year != timezone.localdate().year if year is None else year
    language = _language()
    if language in _WEEKDAYS:
        signs = ("년 ", "월 ", "일") if language == "ko" else ("年", "月", "日")
        text = f"{when.year}{signs[0]}" if with_year else ""
        text += f"{when.month}{signs[1]}{when.day}{signs[2]}"
        gap = " " if language == "ko" else ""
        return f"{text}{gap}({_WEEKDAYS[language][when.weekday()]})" if weekday else text
    text = f"{_MONTHS_EN[when.month - 1]} {when.day}"
    text = f"{_WEEKDAYS_EN[when.weekday()]}, {text}" if weekday else text
    return f"{text}, {when.year}" if with_year else text


def clock_text(moment: datetime) -> str:
    """The time of day alone."""
    return _hour(_local(moment))


def full_text(moment: datetime) -> str:
    """Day and time in full, for titles and records."""
    local = _local(moment)
    return f"{date_text(local, weekday=True, year=True)} {_hour(local)}"


def ago_text(moment: datetime, now: datetime | None = None) -> str:
    """How long ago: minutes, hours, then days; past a week the date."""
    minutes = int(((now or timezone.now()) - moment).total_seconds() // 60)
    if minutes < 1:
        return gettext("just now")
    if minutes < 60:
        return gettext("%(n)sm ago") % {"n": minutes}
    if minutes < 1440:
        return gettext("%(n)sh ago") % {"n": minutes // 60}
    if minutes < 1440 * 7:
        return gettext("%(n)sd ago") % {"n": minutes // 1440}
    return date_text(moment)


def _time(moment: datetime, text: str, extra: str = "") -> Markup:
    return safe(f'<time datetime="{moment.isoformat()}" title="{full_text(moment)}"{extra}>{text}</time>')


def ago(moment: datetime | None) -> Markup:
    """A `<time>` telling how long ago; the page keeps it current. Empty for None."""
    return _time(moment, ago_text(moment), " data-ago") if moment else safe("")


def clock(moment: datetime | None) -> Markup:
    """A `<time>` with the time today, else with the day and the time. Empty for None."""
    if not moment:
        return safe("")
    local = _local(moment)
    if local.date() == timezone.localdate():
        return _time(moment, _hour(local))
    return _time(moment, f"{date_text(local)} {_hour(local)}")


def hour(moment: datetime | None) -> Markup:
    """A `<time>` with the time of day alone, for lines below a day divider."""
    return _time(moment, clock_text(moment)) if moment else safe("")


def day(moment: datetime | date) -> str:
    """A day divider: Today, Yesterday, else the date with its weekday."""
    when = _local(moment).date() if isinstance(moment, datetime) else moment
    gap = (timezone.localdate() - when).days
    if gap == 0:
        return gettext("Today")
    if gap == 1:
        return gettext("Yesterday")
    return date_text(when, weekday=True)


def filesize(size: int | None) -> str:
    """Bytes as KB or MB of 1024, one decimal place below ten."""
    if not size:
        return "0 KB"
    for unit, step in (("KB", 1024), ("MB", 1024**2), ("GB", 1024**3)):
        value = size / step
        if value < 1000 or unit == "GB":
            return f"{max(value, 0.1):.1f} {unit}" if value < 10 else f"{value:.0f} {unit}"
    return ""
