"""TLS, proxies and compression: what stands between structx and a server."""

from __future__ import annotations

import gzip
import os
import socket
from pathlib import Path

import pytest
from pydantic import BaseModel

from provider import FakeProvider
from servers import DATA, Server, Socks, completion, serving
from structx import ConfigurationError, Extractor, RowResult

ANSWER = completion({"items": [{"word": "hello"}]})
VARIABLES = (
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    *(
        name
        for proxy in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
        for name in (proxy, proxy.lower())
    ),
)


class Word(BaseModel):
    word: str


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def asked(base: str, **settings: object) -> RowResult[Word]:
    extractor = Extractor(
        model="openai/fake",
        api_key="k",
        api_base=base,
        max_retries=0,
        **settings,  # type: ignore[arg-type]
    )
    [row] = extractor.extract(data="hello", query="the word", model=Word).rows
    return row


@pytest.mark.parametrize(
    ("certificate", "trusted"), [("server.pem", "ca.pem"), ("self_signed.pem", "self_signed.pem")]
)
def test_a_certificate_of_a_trusted_authority_is_accepted(
    certificate: str, trusted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = DATA / trusted
    folder = tmp_path / "authorities"
    folder.mkdir()
    (folder / "0a1b2c3d.0").write_bytes(path.read_bytes())
    (folder / "notes.txt").write_text("no certificate")
    with serving(ANSWER, certificate=certificate) as server:
        assert asked(server.base_url, ca_file=path).items == [Word(word="hello")]
        assert asked(server.base_url, ca_file=str(folder)).status == "success"
        for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_DIR"):
            with monkeypatch.context() as patch:
                patch.setenv(name, str(folder if name == "SSL_CERT_DIR" else path))
                assert asked(server.base_url).status == "success", name
        with monkeypatch.context() as patch:
            patch.setenv("SSL_CERT_FILE", str(DATA / "other_name.pem"))
            patch.setenv("SSL_CERT_DIR", f"{folder}{os.pathsep}")
            assert asked(server.base_url).status == "success"
            patch.setenv("CURL_CA_BUNDLE", str(DATA / "other_name.pem"))
            assert asked(server.base_url).status == "failed"
            assert asked(server.base_url, ca_file=path).status == "success"


@pytest.mark.parametrize(
    ("certificate", "trusted", "message"),
    [
        ("server.pem", None, "its authority is not trusted: give ca_file"),
        ("self_signed.pem", None, "its authority is not trusted: give ca_file"),
        ("server.pem", "self_signed.pem", "its authority is not in the file that ca_file names"),
        ("self_signed_authority.pem", "self_signed_authority.pem", "basicConstraints=CA:FALSE"),
        ("other_name.pem", "ca.pem", "the certificate is for another host"),
    ],
)
def test_a_certificate_that_is_not_accepted_is_told_why(
    certificate: str, trusted: str | None, message: str
) -> None:
    with serving(ANSWER, certificate=certificate) as server:
        row = asked(server.base_url, ca_file=DATA / trusted if trusted else None)
        assert [error.kind for error in row.errors] == ["connection"]
        assert message in str(row.error), row.error
        assert server.requests == []


@pytest.mark.parametrize(
    ("content", "problem"), [(None, "No such file"), ("no certificate", "has no certificate")]
)
def test_a_file_of_authorities_must_be_one(
    content: str | None, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "authorities.pem"
    if content is not None:
        path.write_text(content)
    base = "https://h.example/v1"
    with pytest.raises(ConfigurationError, match=f"ca_file: .*authorities.pem: {problem}"):
        Extractor(model="openai/m", api_key="k", api_base=base, ca_file=path)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        with monkeypatch.context() as patch:
            patch.setenv(name, str(path))
            with pytest.raises(ConfigurationError, match=f"{name}: .*authorities.pem: {problem}"):
                Extractor(model="openai/m", api_key="k", api_base=base)
            # Without TLS nobody needs them.
            Extractor(model="openai/m", api_key="k", api_base="http://h.example/v1")


# Leads nowhere (RFC 6761): only a proxy can answer for it.
NOWHERE = "http://provider.invalid/v1"


@pytest.mark.parametrize("name", ["HTTP_PROXY", "ALL_PROXY", "http_proxy"])
def test_a_proxy_of_the_environment_is_used(
    name: str, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, provider.origin)
    assert asked(NOWHERE).status == "success"
    [request] = provider.requests()
    assert request["path"] == f"{NOWHERE}/chat/completions"
    monkeypatch.setenv("NO_PROXY", ".invalid")
    row = asked(NOWHERE)
    assert row.status == "failed" and "proxy" not in str(row.error)


def test_a_socks_proxy_is_used(provider: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    host, port = provider.origin.removeprefix("http://").split(":")
    socks = Socks((host, int(port)))
    monkeypatch.setenv("ALL_PROXY", socks.url)
    assert asked(NOWHERE).status == "success"
    assert socks.asked == ["provider.invalid"]
    socks.close()


@pytest.mark.parametrize("scheme", ["http", "socks5h"])
@pytest.mark.parametrize("base", [NOWHERE, "https://provider.invalid/v1"])
def test_a_proxy_that_can_not_be_reached_is_named(
    scheme: str, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        address = f"127.0.0.1:{unused.getsockname()[1]}"
    monkeypatch.setenv("ALL_PROXY", f"{scheme}://user:hunter2@{address}")
    row = asked(base)
    assert [error.kind for error in row.errors] == ["connection"]
    assert f"through the proxy {address}: " in str(row.error), row.error
    assert "NO_PROXY" in str(row.error) and "hunter2" not in str(row.error)


def test_this_machine_is_reached_without_a_proxy(
    provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert asked(provider.base_url).status == "success"


def test_compressed_and_streamed_replies_are_read() -> None:
    def check(server: Server) -> None:
        assert asked(server.base_url).items == [Word(word="hello")]
        # Compression is never asked for.
        assert "accept-encoding" not in server.requests[0].headers

    with serving(gzip.compress(ANSWER), headers={"content-encoding": "gzip"}) as server:
        check(server)
    stream = b"data: " + ANSWER + b"\n\ndata: [DONE]\n\n"
    with serving(stream, headers={"content-type": "text/event-stream"}) as server:
        check(server)
    with serving(b"\xef\xbb\xbf" + ANSWER) as server:
        check(server)
    with serving(gzip.compress(ANSWER)[:-12]) as server:
        row = asked(server.base_url)
        assert "the compressed reply can't be read" in str(row.error)


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (200, b"<html><title>Sign in</title>", "is a web page, not JSON: Sign in; is api_base"),
        (
            200,
            b"key test-key-0123456789 is unknown",
            "the reply is not a chat completion: key *** is unknown",
        ),
        (500, b'{"error_msg": "key test-key-0123456789 is unknown"}', "key *** is unknown"),
        (403, b"x" * 190 + b" test-key-0123456789", "x ***"),
    ],
)
def test_errors_show_the_servers_reason_without_the_key(
    status: int, body: bytes, message: str
) -> None:
    with serving(body, status=status) as server:
        extractor = Extractor(
            model="openai/fake",
            api_key="test-key-0123456789",
            api_base=server.base_url,
            max_retries=0,
        )
        [row] = extractor.extract(data="hello", query="the word", model=Word).rows
        assert message in str(row.error) and "0123456789" not in str(row.error)
