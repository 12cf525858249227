"""Variables of the environment that are no setting."""

from __future__ import annotations

from shared.settings import unknown_variables, variable_names


def test_every_setting_is_known_in_either_case() -> None:
    names = list(variable_names())
    assert {"EMOLINE_MODEL", "EMOLINE_SEGMENTATION__MAX_MS", "EMOLINE_LIMITS__OPEN_JOBS", "EMOLINE_URL"} < set(names)
    assert unknown_variables([*names, *map(str.lower, names), "PATH", "EMOLINE", "EMOLINE_TEST_CHROMIUM"]) is None


def test_an_unknown_variable_is_named_with_the_nearest_setting() -> None:
    warning = unknown_variables(["EMOLINE_MODLE", "EMOLINE_ZZZ", "emoline_lease"])
    assert warning == (
        "EMOLINE_MODLE is not a setting and has no effect; the nearest name is EMOLINE_MODEL. "
        "EMOLINE_ZZZ is not a setting and has no effect; docs/settings.md has all of them. "
        "emoline_lease is not a setting and has no effect; the nearest name is EMOLINE_LEASE_S."
    )
