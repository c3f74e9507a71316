"""The exceptions of structx, which the core raises too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from structx.results import ExtractionResult
    from structx.usage import ExtractorUsage, RawUsage


class StructXError(Exception):
    """The base class of all exceptions of structx.

    Examples:
        >>> try:
        ...     structx.read("missing.pdf")
        ... except structx.StructXError as error:
        ...     print(type(error).__name__)
        FileError
    """


class ConfigurationError(StructXError):
    """A setting is wrong, a key is missing, or the embedded model is not on this machine.

    Examples:
        >>> Extractor(model="openai/gpt-4o", max_threads=0)
        Traceback (most recent call last):
        structx.exceptions.ConfigurationError: max_threads must be ...
    """


class ExtractionError(StructXError):
    """A public operation failed as a whole; `__cause__` is the reason.

    A failed row raises nothing: the result records it.

    Examples:
        >>> try:
        ...     extractor.extract(data="missing.pdf", query="extract the total")
        ... except structx.ExtractionError as error:
        ...     print(type(error.__cause__).__name__)
        FileError
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
    """Data does not match its model or definition.

    Examples:
        >>> wrong = structx.review.Correction("a", 9, "/0/number", "edit", "A1", "A7", None, None)
        >>> structx.review.apply(result, [wrong])
        Traceback (most recent call last):
        structx.exceptions.ValidationError: ...
    """


class ModelGenerationError(StructXError):
    """A plan, a definition or another model can't be converted to a usable model.

    Examples:
        >>> structx.model_from_extraction_request(
        ...     {"model_name": "A", "model_description": "", "fields": [{"name": "b", "type": "?"}]}
        ... )
        Traceback (most recent call last):
        structx.exceptions.ModelGenerationError: ...
    """


class BudgetError(StructXError):
    """The budget of an operation, `max_cost` or `max_tokens`, is too small for its plan.

    Examples:
        >>> try:
        ...     extractor.extract(data=invoice, query="extract the seller", max_tokens=1)
        ... except structx.ExtractionError as error:
        ...     print(type(error.__cause__).__name__)
        BudgetError
    """


class DeadlineError(StructXError):
    """The deadline of an operation passed before its rows were started.

    Examples:
        >>> try:
        ...     extractor.extract(data=invoice, query="extract the seller", deadline=1e-9)
        ... except structx.ExtractionError as error:
        ...     print(type(error.__cause__).__name__)
        DeadlineError
    """


class JournalError(StructXError):
    """A journal could not be opened, read or written.

    Examples:
        >>> try:
        ...     extractor.extract(data=invoice, query=query, model=Invoice, journal=invoice)
        ... except structx.ExtractionError as error:
        ...     print(type(error.__cause__).__name__)
        JournalError
    """


class FileError(StructXError):
    """A file could not be read or written.

    Examples:
        >>> try:
        ...     structx.read("missing.pdf")
        ... except structx.FileError as error:
        ...     print(error.path)
        missing.pdf
    """

    def __init__(self, message: str, path: str | None = None) -> None:
        super().__init__(message, path)
        self.path = path
        """The file, or the name of the source; None if there is none."""

    def __str__(self) -> str:
        return str(self.args[0])


class CorruptFileError(FileError):
    """A file is damaged, or not in the format that its name claims.

    Examples:
        >>> structx.read(("invoice.pdf", b"%PDF-1.7 cut off"))
        Traceback (most recent call last):
        structx.exceptions.CorruptFileError: invoice.pdf: ...
    """


class LimitExceededError(FileError):
    """A file exceeds a limit of `structx.DocumentLimits`.

    Examples:
        >>> structx.read("word " * 50, limits=structx.DocumentLimits(characters=100))
        Traceback (most recent call last):
        structx.exceptions.LimitExceededError: ...
    """

    def __init__(
        self,
        message: str,
        path: str | None = None,
        limit: str | None = None,
        problem: str | None = None,
        enough: str | None = None,
    ) -> None:
        super().__init__(message, path)
        self.args = (message, path, limit, problem, enough)
        self.limit = limit
        """The name of the limit in `DocumentLimits`; None if raising none may do."""
        self.problem = problem
        """What exceeds the limit; None without a limit."""
        self.enough = enough
        """A value of the limit that may do, as a number in digits; None without a limit."""


class NoTextLayerError(FileError):
    """The pages have no usable text, as in a scan, and the model can't read images.

    Examples:
        >>> try:
        ...     extractor.extract(data=scan, query=query, file_options={"mode": "text"})
        ... except structx.ExtractionError as error:
        ...     print(type(error.__cause__).__name__)
        NoTextLayerError
    """


class PasswordRequiredError(FileError):
    """A file is encrypted, and the password is missing or wrong.

    Examples:
        >>> try:
        ...     document = structx.read(invoice, password=None)
        ... except structx.PasswordRequiredError:
        ...     document = structx.read(invoice, password="secret")
    """


class UnsupportedFileError(FileError):
    """A file has a format that structx does not read.

    Examples:
        >>> structx.read(("song.mp3", b"ID3" + bytes(100)))
        Traceback (most recent call last):
        structx.exceptions.UnsupportedFileError: song.mp3: ...
    """


class ProviderError(StructXError):
    """A provider refused a request or could not be reached, and retries did not help.

    Examples:
        >>> try:
        ...     extractor.extract(data="key refused", query="extract the seller")
        ... except structx.ExtractionError as error:
        ...     print(error.__cause__.status, error.__cause__.kind)
        401 authentication
    """

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
    """The model declined to answer.

    Examples:
        >>> try:
        ...     extractor.extract(data="to be declined", query="extract the seller")
        ... except structx.ExtractionError as error:
        ...     print(type(error.__cause__).__name__)
        RefusalError
    """


class ContentFilterError(ProviderError):
    """The provider's content filter stopped the prompt or the reply.

    Examples:
        >>> try:
        ...     extractor.extract(data="to be filtered", query="extract the seller")
        ... except structx.ExtractionError as error:
        ...     print(type(error.__cause__).__name__)
        ContentFilterError
    """
