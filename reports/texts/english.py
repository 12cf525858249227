"""The English texts."""

from __future__ import annotations

from reports.texts.schema import Texts
from shared.domain.failure import FailureCode
from shared.domain.recording import RecordingWarning
from shared.domain.segment import SegmentFlag
from shared.findings.quantity import Quantity

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
    purpose="Purpose",
    legal_basis="Legal basis",
    not_analysed="{channel}: not analysed, as asked",
    leads={
        Quantity.THROUGHOUT: "{emotion} throughout, {share} of {speech} of speech, with a mean confidence of "
        "{confidence}.",
        Quantity.MOSTLY: "mostly {emotion}, {share} of {speech} of speech, with a mean confidence of {confidence}.",
        Quantity.MIXED: "mixed, most often {emotion}, {share} of {speech} of speech, with a mean confidence of "
        "{confidence}.",
        Quantity.LITTLE: "little speech, most often {emotion}, {share} of {speech}, with a mean confidence of "
        "{confidence}.",
    },
    lead_of_channel="{channel}: {sentence}",
    sentence_separator=" ",
    nothing="Nothing of this recording was analysed, so there is nothing to say of its emotions.",
    no_speech="No speech was found in this recording, so there is nothing to say of its emotions.",
    demonstration="Made with emoline/mini, a small demonstration model. Its answers are not to be relied on.",
    over_time="Over time",
    valence=("valence", "(derived)"),
    heat_map="Scores of all emotions",
    score="score",
    smoothed="over {window}",
    no_scores="No speech was analysed.",
    minutes="min:s",
    hours="h:min",
    what_happened="What happened when",
    key_segments="Segments to listen to",
    shares="Shares of the analysed speech",
    gaps="Coverage and gaps",
    reading="How to read this, and its limits",
    all_segments="All segments ({count})",
    phases={
        Quantity.THROUGHOUT: "{span} {emotion} throughout ({share} of {speech} of speech, mean confidence "
        "{confidence})",
        Quantity.MOSTLY: "{span} mostly {emotion} ({share} of {speech} of speech, mean confidence {confidence})",
        Quantity.MIXED: "{span} mixed, most often {emotion} ({share} of {speech} of speech, mean confidence "
        "{confidence})",
        Quantity.LITTLE: "{span} little speech, most often {emotion} ({share} of {speech}, mean confidence "
        "{confidence})",
    },
    turn="At {time} it turns from {source} to {target}: {strength} of the score moved to other emotions.",
    growth="At {time} {rising} grows from {before} to {after} of the speech: {strength} of the score moved to other "
    "emotions.",
    shift="At {time} the scores shift, most often {target} before and after: {strength} of the score moved to other "
    "emotions.",
    no_change="No lasting change was found.",
    peak="{emotion} at its strongest: {where} ({score})",
    worst_minute="Worst minute: {span} (negative emotions in {share} of the speech)",
    quarter="{which} quarter, {span}: {shares} of {speech} of speech",
    quarters=("First", "Second", "Third", "Last"),
    quiet_quarter="{which} quarter, {span}: nothing analysed",
    transition="Frequent transition: from {before} to {after} ({count} times)",
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
    replaced="corrected; the model's: {emotion}",
    picture="Timeline: a row for each emotion, {span}",
    account="Of {length}, {analysed} are analysed speech ({share} of the speech), {missed} speech that was not "
    "analysed, and {silence} without speech.",
    account_of_channels="Of {channels} channels of {length}, together {sound}, {analysed} are analysed speech ({share} "
    "of the speech), {missed} speech that was not analysed, and {silence} without speech.",
    complete="Nothing is missing.",
    skipped="Skipped: {count} of {total} segments ({length} of speech). {reason} At {spans}",
    and_more=" and {count} more",
    clicks="Not made into segments: {length}, in sounds too short to be speech.",
    tones="Left out: {length} of tones or noise, which are no voice.",
    unnamed="Left as unknown: {share} of the analysed speech, where the confidence is under {least}.",
    corrected="People corrected {count} of {total} segments. Their emotion counts here; the scores stay the model's.",
    flagged="{count} of {total} segments: {meaning}",
    reasons={
        FailureCode.TIMEOUT: "The model did not answer in time.",
        FailureCode.CRASH: "The model's process died.",
        FailureCode.BAD_AUDIO: "The sound cannot be analysed.",
        FailureCode.EMOTIONS_MISSING: "The model has none of the emotions that were chosen.",
    },
    flag_meanings={
        SegmentFlag.TOO_SHORT: "shorter than a second, too little to go by (too_short)",
        SegmentFlag.NARROWBAND: "without high frequencies, as from a telephone (narrowband)",
        SegmentFlag.CLIPPED: "overdriven (clipped)",
        SegmentFlag.QUIET: "very quiet (quiet)",
        SegmentFlag.CROSSTALK: "with the voice of the other channel (crosstalk)",
        SegmentFlag.NOT_SPEECH: "with music or noise instead of a voice (not_speech)",
        SegmentFlag.UNFAMILIAR: "unlike the speech that the model was measured on, so that its answer is a guess "
        "(unfamiliar)",
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
        RecordingWarning.ALERT_EMOTION_MISSING: "An alert names an emotion that the model does not have; nothing was "
        "heard for it.",
        RecordingWarning.EMOTION_MISSING: "The model does not have one of the chosen emotions; only the others were "
        "told apart.",
        RecordingWarning.UNFAMILIAR: "Most of the speech sounds unlike what the model was measured on: its answers "
        "there are guesses, and no superlative or alert rests on them.",
    },
    how=(
        "The recording was cut in its pauses into short segments. The model gave each segment a score for every "
        "emotion; the scores of a segment add up to 100\N{NO-BREAK SPACE}%. Its emotion is the one with the highest "
        "score, and that score is the confidence.",
        "Shares are of the analysed speech. Segments of one emotion that are less than {gap} apart are one stretch of "
        "the picture.",
        "'Throughout' is at least 95\N{NO-BREAK SPACE}% of at least 30\N{NO-BREAK SPACE}s of speech with a mean "
        "confidence of at least 50\N{NO-BREAK SPACE}%; 'mostly' is over half; anything else is 'mixed', and "
        "'little speech' is under 10\N{NO-BREAK SPACE}s. The strongest segment has at least "
        "2\N{NO-BREAK SPACE}s of speech and is not flagged as too short, quiet, crosstalk or no voice.",
        "Phases lie between the changes of a channel's scores that last. Valence, from unpleasant below the line to "
        "pleasant above it, is not measured but derived from the scores, by published ratings of the words for the "
        "emotions (Warriner, Kuperman and Brysbaert 2013); the band is a standard error, without the model's "
        "errors.",
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
    conversation="The conversation",
    talk_time="Talk time",
    talk_share="{time} ({share})",
    longest_turn="Longest monologue",
    turns="Turns",
    answer_time="Time to answer, median",
    slow_answers="Nine of ten answers within",
    interruptions="Interruptions of the other",
    backchannels="Short utterances, such as mhm",
    loudness="Loudness, median",
    seconds="{number}\N{NO-BREAK SPACE}s",
    level="{number}\N{NO-BREAK SPACE}dBFS",
    overlap="Both talk at once for {time} in all.",
    silence="Nobody talks for {time} in all, at the longest {span}.",
    silence_of_one="Silence",
    response="After turns of {speaker} that are {emotion}, {channel} is: {answers} ({cases} cases).",
    score_higher=" Its score of {emotion} is then {points} points of 100 higher than in its other answers.",
    score_lower=" Its score of {emotion} is then {points} points of 100 lower than in its other answers.",
    turns_defined="A turn lasts until the other says more than a short utterance of under a second, or nobody talks "
    "for three seconds. It is an interruption if it begins half a second or more before the other stops. Times to "
    "answer are negative where turns overlap.",
    rise="More {emotion} than usual for this channel: {span}, in {speech} of speech ({score} instead of {usual})",
)
