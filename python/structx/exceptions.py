"""The exceptions of structx, which the core raises too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from structx.results import ExtractionResult
    from structx.usage import ExtractorUsage, RawUsage


class StructXError(Exception):
    """The base class of all exceptions of structx."""


class ConfigurationError(StructXError):
    """A setting is wrong, a key is missing, or the embedded model is not on this machine."""


class ExtractionError(StructXError):
    """A public operation failed as a whole; `__cause__` is the reason.

    A failed row raises nothing: the result records it.
    """

    def __init__(
        self,
        message: str,
        results: Mapping[str, ExtractionResult[Any]] | None = None,
        planning: Sequence[RawUsage] = (),
    ) -> None:
        # All arguments are in `args`, so that the exception pickles.
        super().__init__(message, results, planning)
        self.results: Mapping[str, ExtractionResult[Any]] = results or {}
        """Results by query: those of the other queries of `extract_queries`, those whose items
        can't be converted to a table, and the rows before an iterator of sources raised. Empty
        otherwise."""
        self.planning = planning
        """The token counts of failed planning requests; see `usage`."""

    @property
    def usage(self) -> ExtractorUsage:
        """Tokens of failed planning requests; `results` have the tokens of the others."""
        from structx.usage import of_planning

        return of_planning(self.planning)

    def __str__(self) -> str:
        return str(self.args[0])


class ValidationError(StructXError):
    """Data does not match its model or definition."""


class ModelGenerationError(StructXError):
    """A plan, a definition or another model can't be converted to a usable model."""


class BudgetError(StructXError):
    """The budget of an operation, `max_cost` or `max_tokens`, is too small for its plan."""


class DeadlineError(StructXError):
    """The deadline of an operation passed before its rows were started."""


class JournalError(StructXError):
    """A journal could not be opened, read or written."""


class FileError(StructXError):
    """A file could not be read or written."""

    def __init__(self, message: str, path: str | None = None) -> None:
        super().__init__(message, path)
        self.path = path
        """The file, or the name of the source; None if there is none."""

    def __str__(self) -> str:
        return str(self.args[0])


class CorruptFileError(FileError):
    """A file is damaged, or not in the format that its name claims."""


class LimitExceededError(FileError):
    """A file exceeds a limit of `structx.DocumentLimits`."""


class NoTextLayerError(FileError):
    """The pages have no usable text, as in a scan, and the model can't read images."""


class PasswordRequiredError(FileError):
    """A file is encrypted, and the password is missing or wrong."""


class UnsupportedFileError(FileError):
    """A file has a format that structx does not read."""


class ProviderError(StructXError):
    """A provider refused a request or could not be reached, and retries did not help."""

    def __init__(
        self,
        message: str,
        provider: str | None = None,
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
        kind: str | None = None,
    ) -> None:
        # All arguments are in `args`, so that the exception pickles.
        super().__init__(message, provider, status, code, request_id, kind)
        self.provider = provider
        """The prefix of the provider, such as `openai`."""
        self.status = status
        """The HTTP status; None without a response."""
        self.code = code
        """The provider's code for the error."""
        self.request_id = request_id
        """The provider's id of the request, for its support; None if it sent none."""
        self.kind = kind
        """The kind of error, as in `AttemptError.kind`, such as `quota`."""

    def __str__(self) -> str:
        return str(self.args[0])


class RefusalError(ProviderError):
    """The model declined to answer."""


class ContentFilterError(ProviderError):
    """The provider's content filter stopped the prompt or the reply."""
