"""What models cost, as whoever runs the server writes it down. None is known here: prices change, and contracts differ.

The file is TOML, a table for each model by its provider and name, in US dollars for a million tokens:

    [openai."gpt-5.4-mini"]
    input = 0.75
    output = 4.5
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config import BadSetting
from services.content import Usage

MILLION = 1_000_000
SETTING = "PRICE_LIST"


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens."""

    input: float
    output: float

    def of(self, usage: Usage) -> float:
        """US dollars."""
        return (usage.prompt_tokens * self.input + usage.completion_tokens * self.output) / MILLION


Prices = Mapping[tuple[str, str], Price]
"""By provider, as in `VISION_PROVIDER`, and model."""


def read(path: Path | None) -> Prices:
    """The prices of a file; none without one.

    Raises:
        BadSetting: it cannot be read, or holds something else.
    """
    if path is None:
        return {}
    try:
        providers = tomllib.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise BadSetting(SETTING, str(path), f"a TOML file ({type(error).__name__})") from None
    prices: dict[tuple[str, str], Price] = {}
    for provider, models in providers.items():
        for model, table in models.items() if isinstance(models, dict) else [("", models)]:
            prices[provider, model] = _price(path, f'[{provider}."{model}"]', table)
    return prices


def _price(path: Path, name: str, table: Any) -> Price:
    if not isinstance(table, dict) or set(table) != {"input", "output"} or not all(map(_is_price, table.values())):
        raise BadSetting(SETTING, str(path), f"tables of `input` and `output` in US dollars, which {name} is not")
    return Price(**table)


def _is_price(value: object) -> bool:
    """A number, neither true nor infinite nor none at all."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < MILLION
