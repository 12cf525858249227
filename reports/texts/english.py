"""The English texts."""

from __future__ import annotations

from reports.texts.schema import Texts
from shared.domain.failure import FailureCode
from shared.domain.recording import RecordingWarning
from shared.domain.segment import SegmentFlag

ENGLISH = Texts(
    locale="en",
    title="Emotion report",
    emotions={
        "angry": "angry",
        "disgusted": "disgusted",
        "fearful": "fearful",
        "happy": "happy",
        "neutral": "neutral",
        "other": "other",
        "sad": "sad",
        "surprised": "surprised",
        "unknown": "unknown",
    },
    percent="{number}\N{NO-BREAK SPACE}%",
    span="{start}\N{EN DASH}{end}",
    separator=", ",
    emotion_share="{emotion} {share}",
    mono="one channel",
    mixed="all channels as one",
    sides=("left channel", "right channel"),
    recording="Recording",
    length="Length",
    channels="Channels",
    analysed_at="Analysed",
    model="Model",
    revision="revision {revision}",
    weights="SHA-256 of its weights begins",
    coverage="Coverage",
    job="Job",
    not_analysed="{channel}: not analysed, as asked",
    lead="Mostly {emotion}: {share} of the analysed time, with a mean confidence of {confidence}.",
    mixed_lead="Mixed, most often {emotion}: {share} of the analysed time, with a mean confidence of {confidence}.",
    nothing="Nothing of this recording was analysed, so there is nothing to say of its emotions.",
    no_speech="No speech was found in this recording, so there is nothing to say of its emotions.",
    demonstration="Made with emoline/mini, a small demonstration model. Its answers are not to be relied on.",
    over_time="Over time",
    heat_map="Scores of all emotions",
    score="score",
    no_scores="No speech was analysed.",
    minutes="min:s",
    hours="h:min",
    what_happened="What happened when",
    overall="Overall",
    key_segments="Segments to listen to",
    shares="Shares of the analysed time",
    gaps="Coverage and gaps",
    reading="How to read this, and its limits",
    all_segments="All segments ({count})",
    throughout="{span} {emotion} throughout",
    mostly="{span} mostly {emotion} ({share})",
    mixture="{span} mixed, most of it {emotion} ({share})",
    turn="At {time} it turns from {before} to {after}.",
    no_turn="There is no turning point.",
    peak="{emotion} at its strongest: {where} ({score})",
    quarter="{which} quarter, {span}: {shares}",
    quarters=("First", "Second", "Third", "Last"),
    quiet_quarter="{which} quarter, {span}: nothing analysed",
    of_channel="{channel}: {shares}",
    change="Most frequent change: from {before} to {after} ({count} times)",
    listen="Listen",
    time="Time",
    channel="Channel",
    emotion="Emotion",
    confidence="Confidence",
    why="Why",
    number="No.",
    flags="Flags",
    strongest="{emotion} at its strongest",
    longest="long stretch: {span}",
    reason_separator="; ",
    unsure="among the least certain",
    links_play="Links play the segment from {url}, which may ask for a key.",
    links_are_files="Links play the files that lie beside this report.",
    no_links="There are no links: the sound of the segments was not kept.",
    audio_deleted="The recording and the sound of its segments were deleted, as their retention says: nothing can be "
    "played any more.",
    clips_inside="The players need no network: their sound is in this file.",
    plays="play",
    whole="Whole recording",
    cloud="The emotions, larger where their share is: {shares}",
    skipped_row="skipped",
    picture="Timeline: a row for each emotion, {span}",
    covered="{analysed} of {speech} of detected speech were analysed ({share}).",
    covered_channels="{analysed} of {speech} of detected speech, all channels added up, were analysed ({share}).",
    complete="Nothing is missing.",
    skipped="Skipped: {count} of {total} segments ({length} of speech). {reason} At {spans}",
    and_more=" and {count} more",
    clicks="Not made into segments: {length}, in sounds too short to be speech.",
    unnamed="Left as unknown: {share} of the analysed time, where the confidence is under {least}.",
    flagged="{count} of {total} segments: {meaning}",
    reasons={
        FailureCode.TIMEOUT: "The model did not answer in time.",
        FailureCode.CRASH: "The model's process died.",
        FailureCode.BAD_AUDIO: "The sound cannot be analysed.",
    },
    flag_meanings={
        SegmentFlag.TOO_SHORT: "shorter than a second, too little to go by (too_short)",
        SegmentFlag.NARROWBAND: "without high frequencies, as from a telephone (narrowband)",
        SegmentFlag.CLIPPED: "overdriven (clipped)",
        SegmentFlag.QUIET: "very quiet (quiet)",
        SegmentFlag.CROSSTALK: "with the voice of the other channel (crosstalk)",
    },
    warnings={
        RecordingWarning.NO_SPEECH: "No speech was found.",
        RecordingWarning.TRUNCATED: "The end of the file is missing; what is there was analysed.",
        RecordingWarning.CORRUPT_AUDIO: "Parts of the file could not be decoded; what they held is missing or silent.",
        RecordingWarning.NOT_SPLIT: "The channels were to be told apart, but the sound was analysed as one.",
        RecordingWarning.OTHER_TRACKS: "The file has other sound tracks, which were not analysed.",
        RecordingWarning.CONCATENATED: "The file is several recordings, one put after the other; times count from the "
        "start of the first.",
        RecordingWarning.CHANNELS_CANCEL: "The channels cancel when they are mixed, so the louder one was analysed. "
        "Reverse the wires of one channel.",
        RecordingWarning.CROSSTALK: "A voice is heard in the other channel too. Speech counts where it belongs; "
        "listen to the segments before you rely on them.",
    },
    how=(
        "The recording was cut in its pauses into short segments. The model gave each segment a score for every "
        "emotion; the scores of a segment add up to 100\N{NO-BREAK SPACE}%. Its emotion is the one with the highest "
        "score, and that score is the confidence.",
        "Shares are of the analysed time. Segments of one emotion that are less than {gap} apart are one stretch of "
        "the picture.",
        "'Mostly' names the emotion with over half of the analysed time between two points; turning points are where "
        "the stretches that describe a channel best meet.",
    ),
    limits=(
        "Scores are what a model makes of the sound of a voice, not what a person feels. The model does not know the "
        "words, the people or the situation.",
        "A confidence of 90\N{NO-BREAK SPACE}% does not mean that nine of ten such answers are right. Listen to the "
        "segments before you act on them, and let no decision about a person rest on this report alone.",
    ),
    law="In the EU, the AI Act (Article\N{NO-BREAK SPACE}5(1)(f)) prohibits inferring the emotions of employees at the "
    "workplace; the emotions of customers do not come under that article. This is no legal advice.",
    rows="No. {first} to {last}, {span}",
)
