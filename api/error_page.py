"""All codes of errors, failures and warnings, and what they mean, on one page made from the code that has them.

`python -m api.error_page > docs/errors.md` writes the page anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from http import HTTPStatus

from api.errors import ERRORS_PATH, GENERAL, RETRY, STATUS
from shared.domain.errors import EmolineError
from shared.domain.failure import FAILURES, SEGMENT_REASONS, Failure, FailureCode
from shared.domain.recording import WARNINGS, RecordingWarning

_PAGE = """# Errors

<!-- Made by `python -m api.error_page`; a test compares. -->

## Answers of the API

Every error is `application/problem+json` (RFC 9457) with a stable `code`; `type` is `{path}#<code>`, where the service
itself has this page, and `detail` a sentence for people.

{answers}

These come with `Retry-After`: {retry}.

Any path of `/v1` may answer with `unauthorized`, `invalid_key`, `missing_scope`, `rate_limited` or
`database_unavailable`. After the last of these it is not known whether what was asked for was done, if the connection
was lost at the very end: a job that was submitted may be in the list.

## Why a job failed

A job with `status: failed` has an `error` with one of these codes. `worker/failures.py` says which exception means
which. What may pass is tried three times before the job fails.

{failures}

`channel_missing` comes before anything is analysed: where `analyse` has channel 1 and the recording is mono, where it
has a role and the recording has fewer channels than roles (whose voice it holds is not known), or where there are over
two channels, which are mixed while they are decoded.

An outage is not the recording's fault, and no job fails of it: what was claimed is given back as if it had not been
tried, and tried again every few seconds for as long as it lasts. The workers log it with one of these codes. Failures
of the store that are none of these, such as a recording that is not there, are `storage_error`.

{outages}

## Why a segment was skipped

A segment with `status: skipped` has the emotion `unknown` and one of these as its `reason`.

{reasons}

## Warnings

In the job's `audio.warnings`; the job succeeds all the same.

{warnings}
"""
_Rows = Iterable[Sequence[str]]


def page() -> str:
    """The page as Markdown."""
    failures = [failure for failure in map(_failure, FailureCode) if failure.code not in SEGMENT_REASONS]
    return _PAGE.format(
        path=ERRORS_PATH,
        answers=_table(
            ("code", "status", "sentence"), ((code, str(status), said) for status, code, said in _answers())
        ),
        retry=", ".join(sorted(f"`{kind.code}`" for kind in RETRY)),
        failures=_table(
            ("code", "sentence", "may pass"),
            ((it.code, it.message, "yes" if it.retryable else "no") for it in failures if not it.outage),
        ),
        outages=_table(("code", "sentence"), ((it.code, it.message) for it in failures if it.outage)),
        reasons=_table(("code", "sentence"), ((code, _failure(code).message) for code in SEGMENT_REASONS)),
        warnings=_table(("code", "meaning"), ((warning, WARNINGS[warning]) for warning in RecordingWarning)),
    )


def html() -> str:
    """The answers of the API as the page that the `type` of a problem leads to."""
    entries = (
        f'<dt id="{code}"><code>{code}</code> ({status} {status.phrase})</dt><dd>{escape(said)}</dd>'
        for status, code, said in _answers()
    )
    return f'<!doctype html><html lang="en"><title>Errors of Emoline</title><h1>Errors</h1><dl>{"".join(entries)}</dl>'


def _answers() -> list[tuple[HTTPStatus, str, str]]:
    known = ((status, kind.code, _sentence(kind)) for kind, status in STATUS.items())
    general = ((status, code, sentence) for status, (code, sentence) in GENERAL.items())
    return sorted({*known, *general})  # one may be found by FastAPI and by us


def _sentence(kind: type[EmolineError]) -> str:
    assert kind.__doc__, kind
    return " ".join(kind.__doc__.split())


def _failure(code: FailureCode) -> Failure:
    return FAILURES[code]


def _table(head: Sequence[str], rows: _Rows) -> str:
    body = (f"| `{code}` | {' | '.join(rest)} |" for code, *rest in rows)
    return "\n".join([f"| {' | '.join(head)} |", f"| {' | '.join('---' for _ in head)} |", *body])


if __name__ == "__main__":
    print(page(), end="")
