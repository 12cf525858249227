"""Names of the operations in the API's document, and so of the functions of generated clients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

OPERATIONS = {
    "POST /v1/jobs": "submit_job",
    "GET /v1/jobs": "list_jobs",
    "GET /v1/jobs/{job_id}": "get_job",
    "DELETE /v1/jobs/{job_id}": "delete_job",
    "GET /v1/jobs/{job_id}/deletion": "get_deletion_certificate",
    "GET /v1/jobs/{job_id}/events": "follow_job",
    "POST /v1/jobs/{job_id}/cancel": "cancel_job",
    "POST /v1/jobs/{job_id}/retry": "retry_job",
    "GET /v1/insights": "get_insights",
    "POST /v1/batches": "submit_batch",
    "GET /v1/batches/{batch_id}": "get_batch",
    "GET /v1/jobs/{job_id}/result": "get_result",
    "GET /v1/jobs/{job_id}/timeline": "get_timeline",
    "GET /v1/jobs/{job_id}/curve": "get_curve",
    "GET /v1/jobs/{job_id}/segments": "list_segments",
    "GET /v1/jobs/{job_id}/segments/{index}/audio": "get_segment_audio",
    "GET /v1/jobs/{job_id}/audio": "get_audio",
    "GET /v1/jobs/{job_id}/audio/link": "get_audio_link",
    "POST /v1/jobs/{job_id}/shares": "share_job",
    "GET /v1/jobs/{job_id}/shares": "list_shares",
    "DELETE /v1/jobs/{job_id}/shares/{share_id}": "revoke_share",
    "GET /v1/jobs/{job_id}/speakers": "list_speakers",
    "PUT /v1/jobs/{job_id}/speakers/{speaker}": "describe_speaker",
    "PUT /v1/jobs/{job_id}/segments/{index}/correction": "correct_segment",
    "DELETE /v1/jobs/{job_id}/segments/{index}/correction": "withdraw_correction",
    "GET /v1/jobs/{job_id}/export": "export_job",
    "GET /v1/jobs/{job_id}/frames": "get_frames",
    "GET /v1/jobs/{job_id}/embeddings": "get_embeddings",
    "GET /v1/jobs/{job_id}/waveform": "get_waveform",
    "GET /v1/jobs/{job_id}/heatmap.png": "get_heatmap",
    "GET /v1/jobs/{job_id}/report.pdf": "get_pdf_report",
    "GET /v1/jobs/{job_id}/report.html": "get_html_report",
    "POST /v1/uploads/tus": "create_tus_upload",
    "HEAD /v1/uploads/tus/{upload_id}": "get_tus_offset",
    "PATCH /v1/uploads/tus/{upload_id}": "continue_tus_upload",
    "DELETE /v1/uploads/tus/{upload_id}": "delete_tus_upload",
    "POST /v1/uploads": "create_upload",
    "GET /v1/uploads/{upload_id}": "get_upload",
    "DELETE /v1/uploads/{upload_id}": "delete_upload",
    "PUT /v1/uploads/{upload_id}/parts/{number}": "put_part",
    "POST /v1/uploads/{upload_id}/complete": "complete_upload",
    "POST /v1/webhook-secret/rotate": "rotate_webhook_secret",
    "GET /v1/webhook-endpoints": "list_endpoints",
    "POST /v1/webhook-endpoints": "create_endpoint",
    "GET /v1/webhook-endpoints/{endpoint_id}": "get_endpoint",
    "PATCH /v1/webhook-endpoints/{endpoint_id}": "change_endpoint",
    "DELETE /v1/webhook-endpoints/{endpoint_id}": "delete_endpoint",
    "POST /v1/webhook-endpoints/{endpoint_id}/rotate-secret": "rotate_endpoint_secret",
    "POST /v1/webhook-endpoints/{endpoint_id}/test": "test_endpoint",
    "GET /v1/webhook-deliveries": "list_deliveries",
    "POST /v1/webhook-deliveries/redeliver": "redeliver_deliveries",
    "POST /v1/webhook-deliveries/{delivery_id}/redeliver": "redeliver_delivery",
    "GET /v1/keys": "list_keys",
    "POST /v1/keys": "create_key",
    "DELETE /v1/keys/{key_id}": "revoke_key",
    "GET /v1/usage": "get_usage",
    "GET /v1/record-of-use": "get_record_of_use",
    "GET /v1/models": "list_models",
    "GET /livez": "check_life",
    "GET /readyz": "check_readiness",
    "GET /metrics": "get_metrics",
}


def name_operations(document: dict[str, Any]) -> dict[str, Any]:
    """Give each operation of an OpenAPI document its name, and a summary made of it."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            name = OPERATIONS.get(f"{method.upper()} {path}")
            if name:
                operation |= {"operationId": name, "summary": name.replace("_", " ").capitalize()}
    return document


def named(describe: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
    """Return a function that describes an API as `describe` does, with named operations."""
    return lambda: name_operations(describe())
