"""The page that explains the codes of problems."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from api.error_page import render_html
from api.errors import ERRORS_PATH

router = APIRouter(include_in_schema=False)


@router.get(ERRORS_PATH)
def explained() -> HTMLResponse:
    return HTMLResponse(render_html())
