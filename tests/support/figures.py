"""The samples of a metrics page, as Prometheus reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

_SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}


class Figures:
    """The samples of a scrape."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = list(families)

    @property
    def names(self) -> set[str]:
        """The names of all series, also of those without samples."""
        return {family.name + suffix for family in self._families for suffix in _SUFFIXES.get(family.type, ("",))}

    def __getitem__(self, which: tuple[str, Mapping[str, str]]) -> float:
        """The sum over the series of a name that have these labels."""
        name, labels = which
        return sum(
            sample.value
            for family in self._families
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def total(self, name: str) -> float:
        return self[name, {}]


def figures(text: str) -> Figures:
    return Figures(text_string_to_metric_families(text))
