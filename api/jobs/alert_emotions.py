"""Emotions of alerts, which a model has to know."""

from __future__ import annotations

from api.suggestions import suggestion
from shared.container import Services
from shared.domain.emotion import EMOTIONS, UNKNOWN
from shared.domain.errors import InvalidConfig
from shared.domain.options import JobOptions


def check_alert_emotions(options: JobOptions, services: Services) -> None:
    """Check that the emotions of the alerts are labels of the models that workers run, or of Emotion2Vec+ before.

    Raises InvalidConfig.
    """
    if not options.alerts:
        return
    models = services.ports.model_registry.all()
    known = {label for model in models for label in model.info.labels} or set(EMOTIONS)
    for index, rule in enumerate(options.alerts):
        for emotion in rule.emotions:
            if emotion not in known | {UNKNOWN}:
                raise InvalidConfig(
                    "The job's config is not valid: "
                    f"config.alerts.{index}.emotions: no model here knows `{emotion}`; {suggestion(emotion, known)}."
                )
