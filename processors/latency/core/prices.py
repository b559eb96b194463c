"""What a call costs: usage that the services report, times a price table."""

import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["Prices", "Unit", "Usage"]

Unit = str
"""A key of the price table: `audio_minute`, `million_characters`, `million_input`, …"""

UNITS = frozenset(
    {
        "audio_minute",
        "million_characters",
        "million_input",
        "million_cached_input",
        "million_output",
        "million_audio_input",
        "million_cached_audio_input",
        "million_audio_output",
    }
)

_NOT_CACHED = {
    "million_cached_input": "million_input",
    "million_cached_audio_input": "million_audio_input",
}


class Usage:
    """What one call has used of each service, in the units that are billed."""

    def __init__(self) -> None:
        self._used: Counter[tuple[str, str, Unit]] = Counter()

    def add(self, provider: str, model: str, unit: Unit, amount: float) -> None:
        """Add usage of a service."""
        self._used[provider, model, unit] += amount  # type: ignore[assignment]

    def cost(self, prices: "Prices") -> tuple[dict[str, float], list[str]]:
        """Return what this costs.

        Args:
            prices: The price table.

        Returns:
            US dollars by provider, and the services, as `provider/model`, that have no price.
        """
        dollars: dict[str, float] = {}
        unpriced: set[str] = set()
        for (provider, model, unit), amount in self._used.items():
            price = prices.of(provider, model, unit)
            if price is None:
                unpriced.add(f"{provider}/{model}" if model else provider)
            else:
                dollars[provider] = dollars.get(provider, 0.0) + price * amount
        return dollars, sorted(unpriced)


@dataclass(frozen=True, kw_only=True)
class Prices:
    """A price table.

    Parameters:
        as_of: The day on which the prices were true, as YYYY-MM-DD.
        dollars: US dollars a unit, by provider, then start of the model's name, then unit.
    """

    as_of: str
    dollars: Mapping[str, Mapping[str, Mapping[Unit, float]]]

    @classmethod
    @cache
    def load(cls, path: str | Path | None = None) -> "Prices":
        """Read a price table; each file is read once.

        Args:
            path: A TOML file in the form of the packaged one, which is the default.

        Raises:
            ValueError: If the file names a unit that nothing is billed in.
        """
        path = Path(path) if path else Path(__file__).with_name("prices.toml")
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        as_of = str(table.pop("as_of", ""))
        for provider, models in table.items():
            for model, units in models.items():
                if unknown := set(units) - UNITS:
                    raise ValueError(
                        f"{path}: {provider} {model!r} is priced by {sorted(unknown)}; "
                        f"choose among {sorted(UNITS)}"
                    )
        return cls(as_of=as_of, dollars=table)

    def of(self, provider: str, model: str, unit: Unit) -> float | None:
        """Return the price of one unit; None if the table has none.

        A cached token without a price of its own costs what any other input does.
        """
        models = self.dollars.get(provider, {})
        fits = sorted((start for start in models if model.startswith(start)), key=len)
        if not fits:
            return None
        units = models[fits[-1]]
        return units.get(unit, units.get(_NOT_CACHED.get(unit, unit)))
