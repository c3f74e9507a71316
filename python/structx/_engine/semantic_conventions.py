"""The names of OpenTelemetry's semantic conventions for generative AI that structx uses.

They are those of version 1.37 (https://opentelemetry.io/docs/specs/semconv/gen-ai/), which are not
yet stable: a change of theirs is one here. Names that begin with `structx.` are our own.
"""

ERROR_TYPE = "error.type"
HTTP_STATUS = "http.response.status_code"
INPUT_TOKENS = "gen_ai.usage.input_tokens"
OPERATION_NAME = "gen_ai.operation.name"
OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
PROVIDER_NAME = "gen_ai.provider.name"
REQUEST_MODEL = "gen_ai.request.model"
TOKEN_TYPE = "gen_ai.token.type"

CHAT = "chat"
"""The operation of a request."""

DURATION = "gen_ai.client.operation.duration"
"""A histogram of seconds."""
DURATION_BOUNDARIES = tuple(0.01 * 2**power for power in range(14))
TOKEN_USAGE = "gen_ai.client.token.usage"
"""A histogram of tokens."""
TOKEN_BOUNDARIES = tuple(4**power for power in range(14))

COST = "structx.cost"
"""US dollars of an operation."""
JOURNALED = "structx.journaled"
"""Whether a row is from the journal, or how many of an operation are."""
MODEL = "structx.model"
"""The caller's name of the model that gave the items of a row."""
OPERATION = "structx.operation"
OUTCOME = "structx.row.status"
REQUEST_ID = "structx.request.id"
"""The provider's id of the request."""
REQUESTS = "structx.requests"
ROW = "structx.row"
ROWS = "structx.rows"
"""The rows of an operation, and a counter of rows by status."""
ROWS_FAILED = "structx.rows.failed"
SOURCE = "structx.source"
TOKENS = "structx.tokens"

_PROVIDERS = {
    "azure": "azure.ai.openai",
    "gemini": "gcp.gemini",
    "mistral": "mistral_ai",
    "xai": "x_ai",
}
"""The convention's names of providers, where they differ from ours."""
_BARE = {"gpt-": "openai", "claude-": "anthropic", "gemini-": "gcp.gemini"}
"""The providers of bare names, by how these begin."""


def provider_and_model(name: str) -> tuple[str, str]:
    """The convention's names of the provider and the model, for a model such as `openai/gpt-4o`."""
    prefix, slash, model = name.partition("/")
    if not slash:
        known = (provider for start, provider in _BARE.items() if name.startswith(start))
        return next(known, "_OTHER"), name
    return _PROVIDERS.get(prefix, prefix), model
