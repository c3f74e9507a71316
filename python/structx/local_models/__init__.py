"""Embedded models and text recognition: which weights structx knows, and where they are stored."""

from structx.local_models.known import DEFAULT, KNOWN, KnownModel, Wheel
from structx.local_models.models import (
    DownloadSource,
    StoredModel,
    default_model,
    list_models,
    locate,
    pull,
    remove,
)
from structx.local_models.ocr import folder as ocr_folder
from structx.local_models.store import cache_dir

__all__ = [
    "DEFAULT",
    "KNOWN",
    "DownloadSource",
    "KnownModel",
    "StoredModel",
    "Wheel",
    "cache_dir",
    "default_model",
    "list_models",
    "locate",
    "ocr_folder",
    "pull",
    "remove",
]
