"""Words that ask for another version, not for an edit: undo, redo, back to the original."""

from __future__ import annotations

import re

from services.studio.base import StudioReply
from services.studio.operations import Navigation, Redo, Restore, Undo
from services.studio.words import regular

_POLITE = r"^\W*(?:(?:please|ok(?:ay)?|no|wait|oops|actually|can you|could you|now|hmm|sorry|let's|just)[ ,]+)*"
_LAST = (
    r"(?:that|it|this|again|(?:the |my )?(?:(?:last|previous|latest)\b ?)?(?:(?P<n>\d+)\b ?)?(?:(?:change|edit|step|"
    r"version|thing|one|action|operation)s?\b)?)"
)
_SHOWN = r"(?:(?:show(?: me)?|go (?:back )?to|back to) )?(?:the )?"
_TIMES = r"(?: (?P<times>twice|\d+ times))?"
_END = r"(?:[ ,]+please)?\W*$"
_UNDO = re.compile(rf"{_POLITE}(?:undo|revert|take back|reverse)(?: {_LAST})?{_TIMES}{_END}", re.IGNORECASE)
_BACK = re.compile(
    rf"{_POLITE}(?:go|step|move|take me)(?: it)? back(?: by)?(?: (?:a|an|(?P<n>\d+)))?(?: (?:step|version|"
    rf"change|edit)s?)?"
    rf"(?: to the (?:previous|last)(?: version| one| picture)?)?{_END}|"
    rf"{_POLITE}{_SHOWN}(?:previous|last) version{_END}",
    re.IGNORECASE,
)
_REDO = re.compile(
    rf"{_POLITE}(?:redo|(?:go|step) forward(?:s)?|do (?:it|that) again)(?: {_LAST})?{_TIMES}{_END}|"
    rf"{_POLITE}{_SHOWN}next version{_END}",
    re.IGNORECASE,
)
_RESTORE = re.compile(
    rf"{_POLITE}(?:(?:go|take me|get|bring|change) (?:it )?back to|restore|revert(?: it)? to|return to|"
    rf"reset(?: it)? to|back to|show(?: me)?)"
    rf"(?: the| my)? (?:original|first|start|beginning|initial)(?: (?:version|picture|photo|image|one))?{_END}|"
    rf"{_POLITE}(?:start (?:over|again|from scratch)|reset(?: (?:it|everything|all))?|undo (?:everything|"
    rf"all(?: changes| edits)?)){_END}",
    re.IGNORECASE,
)


def parse_navigation(clause: str) -> Navigation | None:
    """What one clause asks for, if it is that and nothing else."""
    if _RESTORE.match(clause):
        return Restore()
    if match := _UNDO.match(clause) or _BACK.match(clause):
        return Undo(_steps(match))
    if match := _REDO.match(clause):
        return Redo(_steps(match))
    return None


def _steps(match: re.Match[str]) -> int:
    groups = match.groupdict()
    times = (groups.get("times") or "").lower()
    number = "2" if times == "twice" else re.sub(r"\D", "", times) or groups.get("n") or "1"
    return max(1, int(number))


def split_navigation(prompt: str) -> tuple[Navigation | None, str]:
    """A prompt's leading wish for another version, and what else it says.

    To be asked before any studio is: "undo that and make it brighter" means a version first, an edit second, whoever
    does the edit.
    """
    whole = parse_navigation(regular(prompt).text)
    if whole:
        return whole, ""
    head, joint, tail = _split_once(prompt)
    found = parse_navigation(regular(head).text) if joint else None
    return (found, tail.strip()) if found else (None, prompt)


_GOING = {"undo": "Going back.", "redo": "Going forward.", "restore": "Going back to the first version."}


def navigation_reply(prompt: str) -> StudioReply | None:
    """The reply to a prompt that begins with a wish for another version; None for any other. The words are understood
    here and cost nothing, whoever makes the pictures."""
    navigation, rest = split_navigation(prompt)
    if navigation is None:
        return None
    return StudioReply(
        _GOING[navigation.kind],
        None,
        "navigation",
        "local",
        "words",
        "stop",
        navigation=navigation,
        remaining_prompt=rest,
    )


def _split_once(prompt: str) -> tuple[str, str, str]:
    match = re.search(
        r"\s*(?:,\s*(?:and |then |and then )?|[.;]\s+|\s+(?:and then|and|then|but|और फिर|और|फिर|आणि मग|आणि|मग)\s+)",
        prompt,
        re.IGNORECASE,
    )
    if not match:
        return prompt, "", ""
    return prompt[: match.start()], match[0], prompt[match.end() :]
