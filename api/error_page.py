"""One page of all codes of errors, failures and warnings with their meanings, made from the code that defines them.

`python -m api.error_page > docs/errors.md` writes the page anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from http import HTTPStatus

from api.errors import ERRORS_PATH, GENERAL, RETRY, STATUS
from shared.domain.failure import FAILURES, SEGMENT_REASONS
from shared.domain.recording import WARNINGS, RecordingWarning

_PAGE = """# Errors

<!-- Made by `python -m api.error_page`; a test compares. -->

## Answers of the API

Every error is `application/problem+json` (RFC 9457) with a stable `code`; `type` is `{path}#<code>`, where the service
itself has this page, and `detail` a sentence for people.

{answers}

These come with `Retry-After`: {retry}.

Any path of `/v1` may answer with `unauthorized`, `invalid_key`, `missing_scope`, `rate_limited`,
`overloaded` or `database_unavailable`. After the last of these it is not known whether what was asked for was done, if
the connection was lost at the very end: a job that was submitted may be in the list.

## Why a job failed

A job with `status: failed` has an `error` with one of these codes. `worker/failures.py` says which exception means
which. What may pass is tried three times before the job fails.

{failures}

`channel_missing` comes before anything is analysed: where `analyse` has channel 1 and the recording is mono, where it
has a role and the recording has fewer channels than roles (whose voice it holds is not known), or where there are over
two channels, which are mixed while they are decoded. So does `speakers_unavailable`, where the worker has no speaker
encoder: `emoline models speakers` makes it, and the image of the workers has it.

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


def render_markdown() -> str:
    """Render the whole page as Markdown."""
    failures = [failure for code, failure in FAILURES.items() if code not in SEGMENT_REASONS]
    return _PAGE.format(
        path=ERRORS_PATH,
        answers=_table(("code", "status", "sentence"), ((code, str(status), text) for status, code, text in _errors())),
        retry=", ".join(sorted(f"`{kind.code}`" for kind in RETRY)),
        failures=_table(
            ("code", "sentence", "may pass"),
            (
                (failure.code, failure.message, "yes" if failure.retryable else "no")
                for failure in failures
                if not failure.outage
            ),
        ),
        outages=_table(
            ("code", "sentence"), ((failure.code, failure.message) for failure in failures if failure.outage)
        ),
        reasons=_table(("code", "sentence"), ((code, FAILURES[code].message) for code in SEGMENT_REASONS)),
        warnings=_table(("code", "meaning"), ((warning, WARNINGS[warning]) for warning in RecordingWarning)),
    )


def render_html() -> str:
    """Render the errors of the API as the page that the `type` of a problem leads to."""
    entries = (
        f'<dt id="{code}"><code>{code}</code> ({status} {status.phrase})</dt><dd>{escape(text)}</dd>'
        for status, code, text in _errors()
    )
    return f'<!doctype html><html lang="en"><title>Errors of Emoline</title><h1>Errors</h1><dl>{"".join(entries)}</dl>'


def _errors() -> list[tuple[HTTPStatus, str, str]]:
    """Status, code and sentence of every error of the API."""
    named = ((status, kind.code, " ".join(str(kind.__doc__).split())) for kind, status in STATUS.items())
    general = ((status, code, text) for status, (code, text) in GENERAL.items())
    return sorted({*named, *general})  # FastAPI and this service may both find the same error


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    body = (f"| `{code}` | {' | '.join(cells)} |" for code, *cells in rows)
    return "\n".join([f"| {' | '.join(head)} |", f"| {' | '.join('---' for _ in head)} |", *body])


if __name__ == "__main__":
    print(render_markdown(), end="")
