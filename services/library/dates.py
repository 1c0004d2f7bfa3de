"""Dates as people say them: "last week", "yesterday", "in May 2024", "before 2020"; in Hindi and Marathi as well."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.library.date_words import in_english

MONTHS = "january february march april may june july august september october november december".split()
DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
_MONTH = "|".join(f"{name}|{name[:3]}" for name in MONTHS) + "|sept"
_NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "ten": 10}
_UNITS = {"day": 1, "week": 7, "fortnight": 14, "month": 30, "year": 365}
_MOST = 3
"""Periods in one query."""


@dataclass(frozen=True, slots=True)
class Period:
    """From an instant to another, either open; `words` say it."""

    since: datetime | None
    until: datetime | None
    words: str

    def holds(self, at: datetime) -> bool:
        return (self.since is None or at >= self.since) and (self.until is None or at < self.until)


def periods_in(text: str, now: datetime) -> tuple[list[tuple[Period, int]], str]:
    """All periods a folded text names, each with the place in the text that is returned without them.

    Args:
        now: with the zone whose days are meant.
    """
    found: list[tuple[Period, int]] = []
    text = in_english(text)
    while len(found) < _MOST:
        hit = _first(text, now)
        if hit is None:
            break
        period, start, end = hit
        text = f"{text[:start]} {text[end:]}"
        found.append((period, start))
    return found, text


def _first(text: str, now: datetime) -> tuple[Period, int, int] | None:
    for finder, make in _RULES:
        for found in finder.finditer(text):
            period = make(found, now)
            if period is not None:
                return period, found.start(), found.end()
    return None


def _midnight(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def _month(year: int, month: int, now: datetime) -> datetime:
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return _midnight(now).replace(year=year, month=month, day=1)


def _number(word: str) -> int | None:
    return int(word) if word.isdigit() else _NUMBERS.get(word)


def _back(now: datetime, days: int) -> datetime:
    """Midnight so many days ago; years before the first are the first."""
    try:
        return _midnight(now) - timedelta(days=days)
    except OverflowError:
        return _midnight(now).replace(year=1, month=1, day=2)


def _day(days_ago: int, words: str) -> Callable[[re.Match[str], datetime], Period]:
    def make(found: re.Match[str], now: datetime) -> Period:
        since = _midnight(now) - timedelta(days=days_ago)
        return _bounded(found, since, since + timedelta(days=1), words)

    return make


def _last(found: re.Match[str], now: datetime) -> Period | None:
    number = _number(found["count"]) if found["count"] else 1
    if not number:
        return None
    if found["unit"] == "hour":
        return Period(now - timedelta(hours=number), None, f"last {number} hours")
    days = number * _UNITS[found["unit"]]
    if (found["bound"] or "").startswith(("older", "before")):
        return Period(None, _back(now, days), f"before the last {days} days")
    return Period(_back(now, days), None, f"last {days} days")


def _ago(found: re.Match[str], now: datetime) -> Period | None:
    number = _number(found["count"])
    if not number:
        return None
    unit = found["unit"]
    words = f"{number} {unit}{'s' if number > 1 else ''} ago"
    since = _back(now, number * _UNITS[unit])
    # What happened "two weeks ago" may be some days off; "two days ago" is that day.
    slack = {"day": 0, "week": 3, "fortnight": 3, "month": 15, "year": 183}[unit]
    return _bounded(found, since - timedelta(days=slack), since + timedelta(days=slack + 1), words)


def _weekday(found: re.Match[str], now: datetime) -> Period:
    back = (now.weekday() - DAYS.index(found["day"])) % 7 or 7
    since = _midnight(now) - timedelta(days=back)
    return _bounded(found, since, since + timedelta(days=1), f"{found['day'].capitalize()} {since.date().isoformat()}")


def _weekend(found: re.Match[str], now: datetime) -> Period:
    today = _midnight(now)
    saturday = today - timedelta(days=(today.weekday() - 5) % 7)
    if found["which"] != "this" and today.weekday() >= 5:
        saturday -= timedelta(days=7)
    return Period(saturday, saturday + timedelta(days=2), f"weekend of {saturday.date().isoformat()}")


def _this(found: re.Match[str], now: datetime) -> Period:
    today = _midnight(now)
    match found["unit"]:
        case "week":
            since = today - timedelta(days=today.weekday())
        case "month":
            since = today.replace(day=1)
        case _:
            since = today.replace(month=1, day=1)
    return Period(since, None, f"this {found['unit']}")


def _recently(_found: re.Match[str], now: datetime) -> Period:
    return Period(_back(now, 7), None, "last 7 days")


def _number_of(month: str) -> int:
    return next(number for number, name in enumerate(MONTHS, 1) if name.startswith(month[:3]))


def _in_month(found: re.Match[str], now: datetime) -> Period | None:
    month = _number_of(found["month"])
    year = int(found["year"]) if found["year"] else now.year - (month > now.month)
    return _bounded(
        found, _month(year, month, now), _month(year, month + 1, now), f"{MONTHS[month - 1].capitalize()} {year}"
    )


def _in_year(found: re.Match[str], now: datetime) -> Period | None:
    year = int(found["year"])
    return _bounded(found, _month(year, 1, now), _month(year + 1, 1, now), str(year))


def _on_day(found: re.Match[str], now: datetime) -> Period | None:
    named = found.groupdict()
    month = int(named["m"]) if named.get("m") else _number_of(named["month"])
    day = int(named["d"])
    year = int(named["y"]) if named.get("y") else now.year - ((month, day) > (now.month, now.day))
    try:
        since = _midnight(now).replace(year=year, month=month, day=day)
    except ValueError:
        return None
    return _bounded(found, since, since + timedelta(days=1), since.date().isoformat())


def _between(found: re.Match[str], now: datetime) -> Period | None:
    first, last = (_first(f" in {found[name].strip()} ", now) for name in ("first", "last"))
    if last is None or last[0].until is None:
        return None
    year = re.search(_YEAR, found["last"])
    if year and not re.search(_YEAR, found["first"]):
        # "between March and May 2024": the year is said once.
        first = _first(f" in {found['first'].strip()} {year[0]} ", now)
    if first is None or first[0].since is None:
        return None
    return Period(first[0].since, last[0].until, f"{first[0].words} to {last[0].words}")


def _bounded(found: re.Match[str], since: datetime, until: datetime, words: str) -> Period:
    match (found.groupdict().get("bound") or "").strip():
        case "before" | "until" | "older than" | "earlier than" | "prior to":
            return Period(None, since, f"before {words}")
        case "after" | "newer than" | "later than":
            return Period(until, None, f"after {words}")
        case "since":
            return Period(since, None, f"since {words}")
        case _:
            return Period(since, until, words)


_LEAD = r"\b(?:(?:taken|made|uploaded|added|shot|from|in|on|during|since|of|within) )*(?:the )?"
_BOUNDS = "before|until|older than|earlier than|prior to|after|newer than|later than|since"
_BOUND = (
    rf"\b(?:(?:taken |made |uploaded |added )?(?P<bound>{_BOUNDS}) "
    r"|(?:taken |made |uploaded |added )?(?:from|in|on|during|of) |(?:taken|made|uploaded|added|shot) )?(?:the )?"
)
_AT = rf"\b(?:taken |made |uploaded |added )?(?:(?P<bound>{_BOUNDS})|from|in|during|of|or) "
_YEAR = r"(?:19|20)\d\d\b"
_YEARS = rf"(?P<year>{_YEAR})"
_COUNT = r"(?P<count>\d{1,3}|[a-z]+)"
_UNIT = r"(?P<unit>day|week|fortnight|month|year)s?\b"
_POINT = rf"(?:(?:{_MONTH})(?: {_YEAR})?|{_YEAR}-\d\d-\d\d|{_YEAR})"
_RULES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], datetime], Period | None]], ...] = (
    (
        re.compile(rf"\b(?:between|from) (?P<first>{_POINT}) (?:and|to|until|till) (?P<last>{_POINT})(?![\w-])"),
        _between,
    ),
    (re.compile(_BOUND + r"day before yesterday\b"), _day(2, "the day before yesterday")),
    (re.compile(_BOUND + r"yesterday(?:'s)?\b"), _day(1, "yesterday")),
    (re.compile(_BOUND + r"(?:today(?:'s)?|this (?:morning|afternoon|evening))\b"), _day(0, "today")),
    (
        re.compile(
            rf"(?P<bound>\b(?:older|newer|more recent) than )(?:(?:last|past) )?(?:{_COUNT} )?"
            r"(?P<unit>day|week|month|year|hour)s?\b"
        ),
        _last,
    ),
    (
        re.compile(
            rf"{_LEAD}(?P<bound>before the )?(?:last|past|previous) (?:{_COUNT} )?"
            r"(?P<unit>day|week|fortnight|month|year|hour)s?\b"
        ),
        _last,
    ),
    (re.compile(_BOUND + rf"{_COUNT} {_UNIT} ago\b"), _ago),
    (re.compile(_LEAD + r"(?:(?P<which>last|this|past) )?weekend\b"), _weekend),
    (re.compile(_LEAD + r"this (?P<unit>week|month|year)\b"), _this),
    (re.compile(rf"{_BOUND}(?:last )?(?P<day>{'|'.join(DAYS)})\b"), _weekday),
    (re.compile(r"\b(?:taken |uploaded |added )?(?:recently|lately)\b|\b(?:recent|latest|newest)\b"), _recently),
    (re.compile(_BOUND + r"(?P<y>(?:19|20)\d\d)-(?P<m>\d\d)-(?P<d>\d\d)\b"), _on_day),
    (re.compile(_BOUND + r"(?P<d>\d{1,2})[./](?P<m>\d{1,2})[./](?P<y>(?:19|20)\d\d)\b"), _on_day),
    (
        re.compile(
            rf"{_BOUND}(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<month>{_MONTH})\b(?:,? (?P<y>(?:19|20)\d\d)\b)?"
        ),
        _on_day,
    ),
    (
        re.compile(rf"{_BOUND}(?P<month>{_MONTH}) (?P<d>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,? (?P<y>(?:19|20)\d\d)\b)?"),
        _on_day,
    ),
    (re.compile(rf"{_AT}(?P<month>{_MONTH})\b(?: {_YEARS})?"), _in_month),
    (re.compile(rf"(?P<bound>)\b(?P<month>{_MONTH}) {_YEARS}"), _in_month),
    (re.compile(rf"{_AT}(?:the year )?{_YEARS}"), _in_year),
)
