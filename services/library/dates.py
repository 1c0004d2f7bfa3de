"""Dates as people say them: "last week", "yesterday", "in May 2024", "before 2020"."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

MONTHS = "january february march april may june july august september october november december".split()
_MONTH = "|".join(f"{name}|{name[:3]}" for name in MONTHS)
_NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "ten": 10}
_DAYS = {"day": 1, "week": 7, "month": 30, "year": 365}
_LEAD = r"\b(?:(?:taken|made|uploaded|added|shot|from|in|on|during|since|of) )*(?:the )?"


@dataclass(frozen=True, slots=True)
class Period:
    """From an instant to another, either open; `words` say it."""

    since: datetime | None
    until: datetime | None
    words: str

    def holds(self, at: datetime) -> bool:
        return (self.since is None or at >= self.since) and (self.until is None or at < self.until)


def period_in(text: str, now: datetime) -> tuple[Period | None, str]:
    """The period a folded text names, and the text without it.

    Args:
        now: with the zone whose days are meant.
    """
    for finder, make in _RULES:
        found = finder.search(text)
        if found:
            period = make(found, now)
            if period is not None:
                return period, f"{text[: found.start()]} {text[found.end() :]}"
    return None, text


def _midnight(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def _month(year: int, month: int, now: datetime) -> datetime:
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return _midnight(now).replace(year=year, month=month, day=1)


def _day(days_ago: int, words: str) -> Callable[[re.Match[str], datetime], Period]:
    def make(_found: re.Match[str], now: datetime) -> Period:
        since = _midnight(now) - timedelta(days=days_ago)
        return Period(since, since + timedelta(days=1), words)

    return make


def _last(found: re.Match[str], now: datetime) -> Period | None:
    count = found["count"]
    if count and not count.isdigit() and count not in _NUMBERS:
        return None
    number = 1 if not count else _NUMBERS.get(count) or int(count)
    days = number * _DAYS[found["unit"]]
    return Period(_midnight(now) - timedelta(days=days), None, f"last {days} days")


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


def _in_month(found: re.Match[str], now: datetime) -> Period | None:
    month = next(number for number, name in enumerate(MONTHS, 1) if name.startswith(found["month"][:3]))
    year = int(found["year"]) if found["year"] else now.year - (month > now.month)
    return _bounded(
        found, _month(year, month, now), _month(year, month + 1, now), f"{MONTHS[month - 1].capitalize()} {year}"
    )


def _in_year(found: re.Match[str], now: datetime) -> Period | None:
    year = int(found["year"])
    return _bounded(found, _month(year, 1, now), _month(year + 1, 1, now), str(year))


def _on_day(found: re.Match[str], now: datetime) -> Period | None:
    try:
        since = _midnight(now).replace(year=int(found["y"]), month=int(found["m"]), day=int(found["d"]))
    except ValueError:
        return None
    return _bounded(found, since, since + timedelta(days=1), since.date().isoformat())


def _bounded(found: re.Match[str], since: datetime, until: datetime, words: str) -> Period:
    match (found["bound"] or "").strip():
        case "before" | "until" | "older than":
            return Period(None, since, f"before {words}")
        case "after":
            return Period(until, None, f"after {words}")
        case "since":
            return Period(since, None, f"since {words}")
        case _:
            return Period(since, until, words)


_BOUND = r"\b(?:(?P<bound>before|until|older than|after|since) |(?:taken |made )?(?:from|in|on|during|of) )?(?:the )?"
_AT = r"\b(?:(?P<bound>before|until|older than|after|since)|from|in|during|of) "
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_RULES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], datetime], Period | None]], ...] = (
    (re.compile(_LEAD + r"day before yesterday\b"), _day(2, "the day before yesterday")),
    (re.compile(_LEAD + r"(?:yesterday|कल|काल)(?:'s)?\b"), _day(1, "yesterday")),
    (re.compile(_LEAD + r"(?:today|आज)(?:'s)?\b"), _day(0, "today")),
    (
        re.compile(_LEAD + r"(?:last|past|previous) (?:(?P<count>\d{1,3}|[a-z]+) )?(?P<unit>day|week|month|year)s?\b"),
        _last,
    ),
    (re.compile(_LEAD + r"this (?P<unit>week|month|year)\b"), _this),
    (re.compile(_BOUND + r"(?P<y>(?:19|20)\d\d)-(?P<m>\d\d)-(?P<d>\d\d)\b"), _on_day),
    (re.compile(rf"{_AT}(?P<month>{_MONTH})(?: {_YEAR})?\b"), _in_month),
    (re.compile(rf"(?P<bound>)\b(?P<month>{_MONTH}) {_YEAR}\b"), _in_month),
    (re.compile(rf"{_AT}{_YEAR}\b"), _in_year),
)
