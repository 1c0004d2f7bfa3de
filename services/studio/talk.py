"""Words to the local editor that ask for no edit: a greeting, thanks, what it can do, what the picture shows."""

from __future__ import annotations

import re
from collections.abc import Callable

CAN = (
    "I can crop, turn, flip and resize a picture; change its brightness, contrast, colours and sharpness; blur and "
    "pixelate it or a part of it; add borders, words and simple shapes; and make plain canvases, gradients and "
    "patterns. Say for example “make it black and white, then crop it to a square”."
)
_POLITE = r"^\W*(?:(?:please|ok(?:ay)?|so|and|well|can you|could you)[ ,]+)*"
_PICTURE = r"(?:this|that|it|here|(?:the|this|that|my) (?:picture|image|photo))"
_GREETING = re.compile(
    r"^\W*(?:hi|hello|hey|good (?:morning|afternoon|evening)|namaste|नमस्ते|नमस्कार)(?: there)?\W*$", re.IGNORECASE
)
_THANKS = re.compile(
    r"^\W*(?:thanks?(?: you)?|thx|cheers|धन्यवाद|शुक्रिया|great|perfect|nice|cool|lovely|well done|good(?: job)?)"
    r"(?:[ ,]+(?:a lot|so much|very much|thank you|thanks|job|work))*\W*$",
    re.IGNORECASE,
)
_HELP = re.compile(
    rf"{_POLITE}(?:help(?: me)?|what (?:can|do) you do|how does this work|what can i (?:do|say|ask)(?: here)?)\W*$",
    re.IGNORECASE,
)
_WHAT = re.compile(
    rf"{_POLITE}(?:what(?:'s|’s| is| does| do you see)?(?: (?:in|on|can be seen in|shown in|see in))? {_PICTURE}"
    rf"(?: show)?|describe {_PICTURE}|what do you see(?: (?:in|on) {_PICTURE})?)\W*$",
    re.IGNORECASE,
)


def answered(prompt: str, shows: Callable[[], str | None]) -> str | None:
    """The answer to what is no wish for an edit; None where it is one, or something else.

    Args:
        shows: says what the picture shows, if there is one and somebody can tell.
    """
    if _GREETING.match(prompt):
        return f"Hello. {CAN}"
    if _THANKS.match(prompt):
        return "You are welcome."
    if _HELP.match(prompt):
        return CAN
    if _WHAT.match(prompt) and (seen := shows()):
        return f"{seen.rstrip('.')}. To ask more about a picture, use “Ask”; here pictures are made and changed."
    return None
