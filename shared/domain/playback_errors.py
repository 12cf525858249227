"""Errors of playing, of sharing a recording and of naming its speakers; `shared.domain.errors` has the categories."""

from __future__ import annotations

from shared.domain.errors import Conflict, Invalid, NotFound


class AudioNotPlayable(Conflict):
    """Browsers do not play this recording as it came, and no copy for them can be made; play its segments instead."""

    code = "audio_not_playable"


class AudioCopyPending(Conflict):
    """Browsers do not play this recording exactly as it came; a copy that they play is being made."""

    code = "audio_copy_pending"


class AudioWithheld(Conflict):
    """The job's config leaves out channels of this recording, so it is not served; its segments are."""

    code = "audio_withheld"


class ShareNotFound(NotFound):
    """There is no share link with this id, or it was revoked."""

    code = "share_not_found"


class SpeakerNotFound(NotFound):
    """The recording has no speaker with this id; `speakers` of the result lists them."""

    code = "speaker_not_found"


class InvalidSpeaker(Invalid):
    """The speaker to merge into does not exist, or is this one."""

    code = "invalid_speaker"
