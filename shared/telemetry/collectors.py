"""Prometheus collectors of a process, with the version of Emoline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from prometheus_client import Metric, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from shared.version import VERSION


class Collectors:
    """Joins several collectors to one and adds `emoline_build_info`."""

    def __init__(self, collectors: Sequence[Collector]) -> None:
        self._collectors = collectors
        disable_created_metrics()  # these are one more series for each metric

    def collect(self) -> Iterator[Metric]:
        build = GaugeMetricFamily("emoline_build_info", "Always 1.", labels=["version"])
        build.add_metric([VERSION], 1)
        yield build
        for collector in self._collectors:
            yield from collector.collect()
