"""`emoline models`."""

from __future__ import annotations

import json

import pytest

from tests.support.command_line import emoline
from tests.support.media.case import spoken
from tests.support.service_client import Client


def test_the_bundled_model_is_the_one_that_results_name(client: Client) -> None:
    (mini,) = json.loads(emoline("models", "--json").stdout)
    _, result = client.analysed(spoken("wav"))
    assert mini["name"] == "mini"
    assert set(mini["labels"]) == set(result["segments"][0]["scores"])
    assert {name: mini[name] for name in ("id", "revision", "sha256", "notice")} == {
        name: result["model"][name] for name in ("id", "revision", "sha256", "notice")
    }
    listing = emoline("models").stdout
    assert mini["id"] in listing
    assert mini["labels"][0] in listing


def test_one_that_is_still_to_be_downloaded_is_named_and_one_that_cannot_exist_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EMOLINE_MODEL", "iic/emotion2vec_plus_large")
    mini, large = json.loads(emoline("models", "--json").stdout)
    assert (mini["name"], large["name"], large["sha256"]) == ("mini", "iic/emotion2vec_plus_large", None)
    monkeypatch.setenv("EMOLINE_MODEL", "no-such-model")
    refused = emoline("models")
    assert refused.returncode == 1
    assert "no-such-model" in refused.stderr
    assert "Traceback" not in refused.stderr
