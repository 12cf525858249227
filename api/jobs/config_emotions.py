"""Emotions that a config names, which a model has to know."""

from __future__ import annotations

from collections.abc import Sequence

from shared.container import Services
from shared.domain.emotion import EMOTIONS, UNKNOWN, unknown_emotion
from shared.domain.errors import InvalidConfig
from shared.domain.options import JobOptions


def names_emotions(options: JobOptions) -> bool:
    """Whether there is something to check."""
    return bool(options.alerts) or options.emotions is not None


def check_emotions(options: JobOptions, services: Services) -> None:
    """Check that the named emotions are labels of the models that workers run, or of Emotion2Vec+ before.

    An alert may name `unknown` too, which is no label of every model. Raises InvalidConfig.
    """
    if not names_emotions(options):
        return
    models = services.ports.model_registry.all()
    known = {label for model in models for label in model.info.labels} or set(EMOTIONS)
    named = {f"alerts.{index}.emotions": [*rule.emotions] for index, rule in enumerate(options.alerts)}
    for place, emotions in named.items():
        _refuse_unknown(place, [emotion for emotion in emotions if emotion != UNKNOWN], known)
    _refuse_unknown("emotions", options.emotions or (), known)


def _refuse_unknown(place: str, emotions: Sequence[str], known: set[str]) -> None:
    if problem := unknown_emotion(emotions, known):
        raise InvalidConfig(f"The job's config is not valid: config.{place}: {problem}.")
