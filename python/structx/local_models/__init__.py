"""Embedded models: which ones structx knows, and where their weights are stored."""

from structx.local_models.known import DEFAULT, KNOWN, KnownModel, Wheel
from structx.local_models.models import (
    Source,
    StoredModel,
    cache_dir,
    list_models,
    locate,
    pull,
    remove,
)

__all__ = [
    "DEFAULT",
    "KNOWN",
    "KnownModel",
    "Source",
    "StoredModel",
    "Wheel",
    "cache_dir",
    "list_models",
    "locate",
    "pull",
    "remove",
]
