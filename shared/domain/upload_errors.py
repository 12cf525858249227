"""Errors of uploads: of whole files, in parts and over tus. `shared.domain.errors` explains codes and categories."""

from __future__ import annotations

from shared.domain.errors import Conflict, EmolineError, Invalid, Malformed, NotFound, TooLarge, UnsupportedType


class MissingFile(Invalid):
    """The form has no part named `file`."""

    code = "missing_file"


class MalformedUpload(Malformed):
    """The body of the request is not a well-formed upload."""

    code = "malformed_upload"


class EmptyUpload(Invalid):
    """The file is empty: it has no bytes at all."""

    code = "empty_file"


class UploadTooLarge(TooLarge):
    """The file is larger than this service accepts."""

    code = "upload_too_large"


class UploadNotFound(NotFound):
    """There is no upload with this id, or its time is over."""

    code = "upload_not_found"


class PartNotFound(NotFound):
    """The upload has no part with this number."""

    code = "part_not_found"


class PartSize(Malformed):
    """The request brings another number of bytes than there is room for."""

    code = "part_size"


class UploadIncomplete(Conflict):
    """Parts of the upload are missing or of the wrong size."""

    code = "upload_incomplete"


class UploadComplete(Conflict):
    """All of the upload has come: it takes nothing more."""

    code = "upload_complete"


class UploadOffset(Conflict):
    """The upload does not go on at this offset; ask for the one at which it does."""

    code = "upload_offset"


class UploadBusy(Conflict):
    """Another request is at work on this upload; look in a moment what came of it."""

    code = "upload_busy"


class UploadUsed(Conflict):
    """A job was made of this upload already."""

    code = "upload_used"


class ChecksumMismatch(Invalid):
    """What has come is not what the `sha256` is of."""

    code = "checksum_mismatch"


class TusVersion(EmolineError):
    """Tus-Resumable must be 1.0.0, the only version of tus that this service speaks."""

    code = "tus_version"


class TusContentType(UnsupportedType):
    """The content type of what goes on with an upload is application/offset+octet-stream."""

    code = "tus_content_type"


class NotMedia(UnsupportedType):
    """The file is neither audio nor video."""

    code = "unsupported_media_type"
