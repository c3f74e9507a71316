"""The exceptions of structx; the core raises these same classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from structx.results import ExtractionResult
    from structx.usage import ExtractorUsage, RawUsage


class StructXError(Exception):
    """The base of all exceptions of structx."""


class ConfigurationError(StructXError):
    """A setting is wrong, a key is missing, or the embedded model is not on this machine."""


class ExtractionError(StructXError):
    """A public operation failed as a whole; `__cause__` is the reason.

    A row that fails is no error: it is recorded in the result.
    """

    def __init__(
        self,
        message: str,
        results: Mapping[str, ExtractionResult[Any]] | None = None,
        planning: Sequence[RawUsage] = (),
    ) -> None:
        # All facts are in `args`, so that the exception survives pickling.
        super().__init__(message, results, planning)
        self.results: Mapping[str, ExtractionResult[Any]] = results or {}
        """What was extracted all the same, by query: by the other queries of `extract_queries`, or
        by one whose items can't be written as a table. Empty otherwise."""
        self.planning = planning
        """The counts of the planning requests that failed; see `usage`."""

    @property
    def usage(self) -> ExtractorUsage:
        """Tokens of the planning requests that failed; those of `results` are theirs."""
        from structx.usage import of_planning

        return of_planning(self.planning)

    def __str__(self) -> str:
        return str(self.args[0])


class ValidationError(StructXError):
    """Data does not have the form that its model or definition asks for."""


class ModelGenerationError(StructXError):
    """No usable model could be made of a plan, a definition or another model."""


class BudgetError(StructXError):
    """The budget of an operation, `max_cost` or `max_tokens`, was too small for its plan."""


class DeadlineError(StructXError):
    """The deadline of an operation passed before its rows were begun."""


class JournalError(StructXError):
    """A journal could not be opened, read or written."""


class FileError(StructXError):
    """A file could not be read or written."""

    def __init__(self, message: str, path: str | None = None) -> None:
        super().__init__(message, path)
        self.path = path
        """The file, or the name of the source; None where there is none."""

    def __str__(self) -> str:
        return str(self.args[0])


class CorruptFileError(FileError):
    """A file is damaged, or not of the format that its name says."""


class LimitExceededError(FileError):
    """A file costs more to read than `structx.DocumentLimits` allow."""


class NoTextLayerError(FileError):
    """The pages have no usable text, as in a scan, and can't be seen."""


class PasswordRequiredError(FileError):
    """A file is protected, and no password was given or a wrong one."""


class UnsupportedFileError(FileError):
    """A file is of a format that structx does not read."""


class ProviderError(StructXError):
    """A provider refused a request or could not be reached, and trying again did not help."""

    def __init__(
        self,
        message: str,
        provider: str | None = None,
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
        kind: str | None = None,
    ) -> None:
        # All facts are in `args`, so that the exception survives pickling.
        super().__init__(message, provider, status, code, request_id, kind)
        self.provider = provider
        """Its prefix, such as `openai`."""
        self.status = status
        """The HTTP status; None where there was no reply."""
        self.code = code
        """The provider's own code for the error."""
        self.request_id = request_id
        """The provider's own name for the request, for its support; None where it gave none."""
        self.kind = kind
        """What went wrong, in the words of `AttemptError.kind`, such as `quota`."""

    def __str__(self) -> str:
        return str(self.args[0])


class RefusalError(ProviderError):
    """The model declined to answer."""


class ContentFilterError(ProviderError):
    """The provider's content filter stopped the prompt or the reply."""
