"""Settings of all processes. Every field is an environment variable `EMOLINE_<NAME>`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field, IPvAnyNetwork
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.domain.limits import Limits
from shared.domain.options import RetentionOptions, SegmentationOptions, SpeakerMode
from shared.domain.policy import NO_POLICY, Policy
from shared.domain.suggestions import nearest_name

PREFIX = "EMOLINE_"

OTHER_VARIABLES = ("EMOLINE_URL", "EMOLINE_API_KEY")
"""Variables of `emoline submit`, which is a client."""

_TESTS_AND_BENCHMARKS = ("EMOLINE_TEST_", "EMOLINE_BENCH_")

MODELS_DIR = Path("~/.cache/emoline/models")
"""The default folder of downloaded models."""


class Settings(BaseSettings):
    """The settings of a process: its stores, its limits and its model."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", use_attribute_docstrings=True, extra="forbid"
    )

    data_dir: Path = Path("data")
    """Folder of the embedded service: its database and its recordings."""

    database_url: str | None = None
    """`postgresql://user:password@host/name`, whose tables `emoline migrate` makes and brings up to date; by default a
    SQLite file in `data_dir`."""

    broker_url: str | None = Field(default=None, pattern=r"^(rediss?|amqps?)://")
    """`redis://host:6379/0` or `amqp://…`, by which the API wakes workers in other processes; by default the service
    does all work in its own process."""

    api_processes: int | None = Field(default=None, ge=1)
    """Processes that answer requests where a broker is set; by default one for each core, but four at most."""

    store_url: str | None = Field(default=None, pattern=r"^s3://[^/]+")
    """The object store of recordings, segments and frames: `s3://bucket` or `s3://bucket/prefix`; by default a folder
    in `data_dir`. Keys and region come by AWS's own variables (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`,
    `AWS_DEFAULT_REGION`), a profile, or the machine's role."""

    store_endpoint_url: str | None = Field(default=None, pattern=r"^https?://")
    """URL of an S3-compatible store other than AWS."""

    store_public_url: str | None = Field(default=None, pattern=r"^https?://")
    """URL by which clients reach the store, to which they send parts of uploads; by default `store_endpoint_url`."""

    store_path_style: bool = False
    """Whether the store wants the bucket in the path of its URLs, not in the host's name: most that are not AWS do."""

    private_network: bool = False
    """Whether an address that is not this machine's own may be listened on without API keys, because only those who may
    use the service reach it: as in a container whose port is published on 127.0.0.1."""

    allowed_hosts: list[str] = []
    """JSON list of names, besides this machine's own, by which clients reach the service."""

    cors_origins: list[str] = []
    """JSON list of origins, as `["https://app.example"]`, whose pages may use the service by scripts in browsers."""

    allowed_networks: list[IPvAnyNetwork] = []
    """JSON list of networks, as `["10.1.0.0/16"]`, in which users' URLs, of webhooks and of recordings, may lead to
    addresses that are not public."""

    model: str = "mini"
    """`mini` (bundled, for demonstrations), a model directory in FunASR's layout, `iic/emotion2vec_plus_large` (from
    ModelScope) or `hf:emotion2vec/emotion2vec_plus_large` (from Hugging Face). `@revision` may follow the id of a
    hub."""

    models_dir: Path = MODELS_DIR
    """Folder of downloaded models."""

    speakers: SpeakerMode = "off"
    """The default `speakers` of a job: `off`, or `auto`, which tells the speakers in one channel apart."""

    speaker_model: Path | None = None
    """Folder of the speaker encoder, which `emoline models speakers` makes; by default `campplus` in `models_dir`."""

    device: Literal["cpu", "cuda"] = "cpu"
    """Device of the model: `cpu` or `cuda`."""

    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    """Number format of the model's matrix products; `auto` is bf16 on a CPU with AMX or AVX-512 BF16 and on GPUs (fp16
    on those that lack bf16), else fp32. The shorter ones are faster where the device has units for them;
    docs/explanation/engine.md has their cost in accuracy."""

    segment_timeout_s: float = Field(default=8.0, gt=0)
    """Seconds that the model may take for one segment before its process is killed, besides four times the time
    expected at the speed measured so far."""

    batch_audio_s: float | None = Field(default=None, ge=25)
    """Seconds of audio that the model analyses at once; by default a number that suits the device and its
    free memory."""

    segmentation: SegmentationOptions = SegmentationOptions()
    """The default `segmentation` of a job; each of its numbers is a variable of its own, as
    `EMOLINE_SEGMENTATION__MAX_MS` or `EMOLINE_SEGMENTATION__VAD`."""

    retention: RetentionOptions = RetentionOptions()
    """The default `retention` of a job, as `EMOLINE_RETENTION__AUDIO_S` and `EMOLINE_RETENTION__RESULTS_S`."""

    require_purpose: bool = False
    """Whether every job must say its `purpose` and its `legal_basis`."""

    barred_roles: list[str] = []
    """JSON list of roles that may not be analysed, as `["agent"]`, in any case; every job must name its `roles`
    then."""

    tenant_policies: dict[str, Policy] = {}
    """JSON object of rules for the jobs of single tenants, which hold besides those for all, as
    `{"acme": {"require_purpose": true, "barred_roles": ["agent"]}}`."""

    limits: Limits = Limits()
    """The limits of each tenant, as `EMOLINE_LIMITS__REQUESTS_PER_S` or `EMOLINE_LIMITS__OPEN_JOBS`."""

    max_upload_bytes: int = Field(default=20 * 2**30, ge=1)
    """Largest recording accepted, in bytes."""

    download_timeout_s: float = Field(default=3600.0, gt=0)
    """Seconds that the download of a recording may take."""

    max_duration_s: int = Field(default=36 * 3600, ge=1)
    """Longest recording accepted, in seconds of decoded sound."""

    max_segments: int = Field(default=50_000, ge=1)
    """Most segments of one recording; a day of talk has some ten thousand."""

    decode_timeout_s: float = Field(default=30.0, gt=0)
    """Seconds that the decoder may go without giving any sound before it is stopped."""

    lease_s: float = Field(default=30.0, ge=1)
    """Seconds after which the work of a worker that no longer answers is given to another."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """Lowest level that is logged."""

    log_format: Literal["console", "json"] | None = None
    """Format of the log: `console`, readable text, or `json`, one object per line; by default `console` where standard
    error is a terminal, else `json`."""

    metrics_port: int | None = Field(default=None, ge=1, le=65535)
    """Port at which a worker shows its metrics to Prometheus; by default at none. The API has `GET /metrics`."""

    metrics_host: str = "127.0.0.1"
    """Address of that port."""

    def resolved_database_url(self) -> str:
        """Return the URL of the database, by default that of the SQLite file in `data_dir`."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'emoline.db').resolve()}"

    def resolved_speaker_model(self) -> Path:
        """Return the folder of the speaker encoder, by default that in `models_dir`."""
        return (self.speaker_model or self.models_dir / "campplus").expanduser()

    @property
    def keeps_data_in_folder(self) -> bool:
        """Whether the database or the objects are in `data_dir`."""
        return self.database_url is None or self.store_url is None

    def policy(self, tenant: str) -> Policy:
        """Return the rules that every job of a tenant must keep: those for all, and its own."""
        return Policy(self.require_purpose, tuple(self.barred_roles)) | self.tenant_policies.get(tenant, NO_POLICY)

    @property
    def objects_dir(self) -> Path:
        """The folder of the local object store."""
        return self.data_dir / "objects"


def variable_names() -> Iterator[str]:
    """Yield the names of all variables, those of the numbers of a group as `EMOLINE_SEGMENTATION__MAX_MS` too."""
    yield from OTHER_VARIABLES
    for name, setting in Settings.model_fields.items():
        yield f"{PREFIX}{name.upper()}"
        if is_dataclass(setting.default):
            yield from (f"{PREFIX}{name}__{field.name}".upper() for field in fields(setting.default))


def unknown_variables(environment: Iterable[str]) -> str | None:
    """Return a sentence for each name that begins with `EMOLINE_` and is no setting, None if there are none."""
    known = list(variable_names())
    sentences: list[str] = []
    for name in sorted(environment):
        upper = name.upper()
        if upper in known or not upper.startswith(PREFIX) or upper.startswith(_TESTS_AND_BENCHMARKS):
            continue
        nearest = nearest_name(upper.removeprefix(PREFIX), [setting.removeprefix(PREFIX) for setting in known])
        where = f"the nearest name is {PREFIX}{nearest}" if nearest else "docs/settings.md has all of them"
        sentences.append(f"{name} is not a setting and has no effect; {where}.")
    return " ".join(sentences) or None
