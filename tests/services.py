"""The providers with their own wire formats, and their error responses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Step = dict[str, Any]
"""A step of a script of the fake provider."""

REFUSED: Step = {"refusal": "I can't help with that."}
FILTERED: Step = {"content": "", "finish_reason": "content_filter"}
KINDS = {"exhausted": "quota", "refused": "refusal", "filtered": "content_filter"}


@dataclass(frozen=True)
class Service:
    """One provider."""

    model: str
    contract: str
    """The key in `contracts.CONTRACTS`."""
    path: str
    limited: Step
    """A limit that passes after `wait`."""
    exhausted: Step
    """An exhausted limit that waiting does not reset."""
    refused: Step = field(default_factory=lambda: dict(REFUSED))
    filtered: Step = field(default_factory=lambda: dict(FILTERED))
    base: str = ""
    """The path after the origin in `api_base`."""
    credential: str = "authorization"
    roles: tuple[str, ...] = ("system", "user", "assistant", "user")
    """The roles of the messages of a retried request."""
    wait: float = 0.4
    """The wait in seconds; 0 if the provider specifies none."""
    kinds: dict[str, str] = field(default_factory=lambda: dict(KINDS))
    """The kind of error that structx reports for each response."""
    names_requests: bool = True
    calls: bool = False
    """Whether the schema is sent as that of a tool."""
    environment: dict[str, str] = field(default_factory=dict[str, str])


def limited(body: Any, status: int = 429, **headers: str) -> Step:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return {"status": status, "headers": named, "body": body}


# platform.openai.com/docs/guides/error-codes and .../rate-limits
OPENAI_LIMITED = limited(
    {
        "error": {
            "message": "Rate limit reached for gpt-4o on requests per min (RPM): Limit 3, Used 3.",
            "type": "requests",
            "param": None,
            "code": "rate_limit_exceeded",
        }
    },
    x_ratelimit_limit_requests="3",
    x_ratelimit_remaining_requests="0",
    x_ratelimit_reset_requests="400ms",
    x_ratelimit_remaining_tokens="149984",
    x_ratelimit_reset_tokens="6m0s",
)
OPENAI_EXHAUSTED = limited(
    {
        "error": {
            "message": "You exceeded your current quota, please check your plan and billing.",
            "type": "insufficient_quota",
            "param": None,
            "code": "insufficient_quota",
        }
    }
)
# learn.microsoft.com/azure/ai-foundry/openai: how-to/quota, concepts/content-filter
AZURE_LIMITED = limited(
    {"error": {"code": "429", "message": "Rate limit is exceeded. Try again in 1 seconds."}},
    retry_after="1",
    retry_after_ms="400",
)
AZURE_FILTERED = {
    "status": 400,
    "body": {
        "error": {
            "message": "The response was filtered due to the prompt triggering Azure OpenAI's "
            "content management policy.",
            "type": None,
            "param": "prompt",
            "code": "content_filter",
            "status": 400,
            "innererror": {
                "code": "ResponsibleAIPolicyViolation",
                "content_filter_result": {"violence": {"filtered": True, "severity": "medium"}},
            },
        }
    },
}
# platform.claude.com/docs/en/api/errors and .../rate-limits
ANTHROPIC_LIMITED = limited(
    {
        "type": "error",
        "error": {
            "type": "rate_limit_error",
            "message": "This request would exceed your organization's rate limit of 50 requests "
            "per minute.",
        },
        "request_id": "req_011",
    },
    retry_after="1",
    anthropic_ratelimit_requests_remaining="0",
)
ANTHROPIC_EXHAUSTED = limited(
    {
        "type": "error",
        "error": {
            "type": "invalid_request_error",
            "message": "Your credit balance is too low to access the Anthropic API. Please go to "
            "Plans & Billing to upgrade or purchase credits.",
        },
    },
    status=400,
)


# ai.google.dev/gemini-api/docs/rate-limits; the details are google.rpc's
def gemini_limited(quota: str, delay: str) -> Step:
    failure = {
        "@type": "type.googleapis.com/google.rpc.QuotaFailure",
        "violations": [
            {
                "quotaMetric": "generativelanguage.googleapis.com/generate_content_requests",
                "quotaId": quota,
                "quotaDimensions": {"location": "global", "model": "gemini-2.5-flash"},
                "quotaValue": "10",
            }
        ],
    }
    delay_info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}
    return limited(
        {
            "error": {
                "code": 429,
                "message": "You exceeded your current quota, please check your plan and billing.",
                "status": "RESOURCE_EXHAUSTED",
                "details": [failure, delay_info],
            }
        }
    )


# github.com/ollama/ollama: server/routes.go; ollama.com answers so for its own models.
OLLAMA_LIMITED = limited(
    {"error": "server busy, please try again.  maximum pending requests exceeded"}, status=503
)
OLLAMA_EXHAUSTED = limited(
    {
        "error": "you (ada) have reached your weekly usage limit, upgrade for higher limits: "
        "https://ollama.com/upgrade"
    }
)

OPENAI = Service(
    model="openai/gpt-4o",
    contract="openai_chat",
    base="/v1",
    path="/v1/chat/completions",
    limited=OPENAI_LIMITED,
    exhausted=OPENAI_EXHAUSTED,
)

SERVICES = {
    "openai": OPENAI,
    "responses": Service(
        model="openai/responses/gpt-4o",
        contract="openai_responses",
        base="/v1",
        path="/v1/responses",
        limited=OPENAI_LIMITED,
        exhausted=OPENAI_EXHAUSTED,
        roles=("user", "assistant", "user"),
    ),
    "azure": Service(
        model="azure/gpt-4o",
        contract="openai_chat",
        path="/openai/v1/chat/completions",
        credential="api-key",
        limited=AZURE_LIMITED,
        exhausted=OPENAI_EXHAUSTED,
        filtered=AZURE_FILTERED,
    ),
    "azure deployment": Service(
        model="azure/gpt-4o",
        contract="openai_chat",
        path="/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21",
        credential="api-key",
        limited=AZURE_LIMITED,
        exhausted=OPENAI_EXHAUSTED,
        filtered=AZURE_FILTERED,
        environment={"AZURE_API_VERSION": "2024-10-21"},
    ),
    "anthropic": Service(
        model="anthropic/claude-sonnet-4-5",
        contract="anthropic",
        path="/v1/messages",
        credential="x-api-key",
        roles=("user", "assistant", "user"),
        limited=ANTHROPIC_LIMITED,
        exhausted=ANTHROPIC_EXHAUSTED,
        kinds={**KINDS, "filtered": "refusal"},
        wait=1,
    ),
    "anthropic tool": Service(
        model="anthropic/claude-3-5-haiku-latest",
        calls=True,
        contract="anthropic",
        path="/v1/messages",
        credential="x-api-key",
        roles=("user", "assistant", "user"),
        limited=ANTHROPIC_LIMITED,
        exhausted=ANTHROPIC_EXHAUSTED,
        kinds={**KINDS, "filtered": "refusal"},
        wait=1,
    ),
    "gemini": Service(
        model="gemini/gemini-2.5-flash",
        contract="gemini",
        path="/v1beta/models/gemini-2.5-flash:generateContent",
        credential="x-goog-api-key",
        roles=("user", "model", "user"),
        limited=gemini_limited("GenerateRequestsPerMinutePerProjectPerModel", "0.4s"),
        exhausted=gemini_limited("GenerateRequestsPerDayPerProjectPerModel-FreeTier", "34s"),
        kinds={**KINDS, "refused": "content_filter"},
        names_requests=False,
    ),
    "gemini 1": Service(
        model="gemini/gemini-1.5-flash",
        contract="gemini",
        path="/v1beta/models/gemini-1.5-flash:generateContent",
        credential="x-goog-api-key",
        roles=("user", "model", "user"),
        limited=gemini_limited("GenerateRequestsPerMinutePerProjectPerModel", "0.4s"),
        exhausted=gemini_limited("GenerateRequestsPerDayPerProjectPerModel-FreeTier", "34s"),
        kinds={**KINDS, "refused": "content_filter"},
        names_requests=False,
    ),
    "ollama": Service(
        model="ollama/gemma3",
        contract="ollama",
        path="/api/chat",
        limited=OLLAMA_LIMITED,
        exhausted=OLLAMA_EXHAUSTED,
        wait=0,
        kinds={"exhausted": "quota"},
        names_requests=False,
    ),
}
