"""The runtime and the interpreter: the exit of programs, forks and child processes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from programs import Ended, finish, run_all, start
from provider import FakeProvider

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")

LOOPS = ["asyncio", "uvloop"]


@pytest.mark.parametrize("loop", LOOPS)
def test_programs_that_await_once_exit_cleanly(provider: FakeProvider, loop: str) -> None:
    body = "print(run(extractor.extract_async(**call)).success_count)"
    count = 50 if loop == "asyncio" else 10
    assert set(run_all(provider, [body] * count, loop=loop)) == {Ended(0, "1\n", "")}


CALLS = {
    "sync": "extractor.extract(**call)",
    "async": "run(extractor.extract_async(**call))",
}

EXITS = {
    "called once": "print(extractor.extract(**call).success_count)",
    "never called": "print(1)",
    "pending task at exit": """
        async def main():
            asyncio.create_task(extractor.extract_async(**call))
            await asyncio.sleep(0)
            print(1)
        run(main())
    """,
    "pending requests at exit": """
        call["query"] = "stall"
        async def main():
            tasks = [asyncio.create_task(extractor.extract_async(**call)) for _ in range(20)]
            while asked() < 20:
                await asyncio.sleep(0.005)
            print(1)
        run(main())
    """,
    "exit within a coroutine": """
        async def main():
            task = asyncio.create_task(extractor.extract_async(**call))
            await extractor.extract_async(**call)
            print(1, flush=True)
            sys.exit(0)
        run(main())
    """,
    "a result is left in a module": """
        result = run(extractor.extract_async(**call))
        print(result.success_count)
    """,
    "awaited in a thread": """
        import threading
        def work():
            print(run(extractor.extract_async(**call)).success_count)
        threading.Thread(target=work).start()
    """,
    "a daemon thread extracts": """
        import threading, time
        def work():
            while True:
                extractor.extract(**call)
        threading.Thread(target=work, daemon=True).start()
        while asked() < 3:
            time.sleep(0.005)
        print(1)
    """,
    "a daemon thread waits": """
        import threading, time
        call["query"] = "stall"
        threading.Thread(target=extractor.extract, kwargs=call, daemon=True).start()
        while not asked():
            time.sleep(0.005)
        print(1)
    """,
    "a daemon thread awaits": """
        import threading, time
        def work():
            async def main():
                while True:
                    await extractor.extract_async(**call)
            run(main())
        threading.Thread(target=work, daemon=True).start()
        while asked() < 3:
            time.sleep(0.005)
        print(1)
    """,
    "a validator runs at exit": """
        import threading, time
        from pydantic import field_validator
        class Slow(BaseModel):
            word: str
            @field_validator("word")
            @classmethod
            def look_up(cls, word):
                started.set()
                time.sleep(0.3)
                return word
        started = threading.Event()
        call["model"] = Slow
        threading.Thread(target=extractor.extract, kwargs=call, daemon=True).start()
        started.wait()
        print(1)
    """,
}

# Extracts when it is garbage-collected, even if most of its module is gone.
LAST = """
class Last:
    def __init__(self):
        self.extractor, self.call = extractor, call
    def __del__(self, print=print, run=run):
        extractor, call = self.extractor, self.call
        print({call}.success_count)
last = Last()
"""

for form, call in CALLS.items():
    last = LAST.replace("{call}", call)
    EXITS |= {
        f"in an atexit hook, {form}": f"""
            import atexit
            atexit.register(lambda: print({call}.success_count))
        """,
        f"in an atexit hook after a call, {form}": f"""
            import atexit
            atexit.register(lambda: print({call}.success_count))
            {call}
        """,
        f"in __del__ before the exit, {form}": last + "del last",
        # asyncio and pydantic import modules on first use, which is impossible at this point.
        f"in __del__ at exit, {form}": last + call,
        f"in __del__ of a cycle at exit, {form}": last + f"last.itself = last; {call}",
    }


@pytest.mark.parametrize("body", EXITS.values(), ids=EXITS.keys())
def test_programs_exit_cleanly(provider: FakeProvider, body: str) -> None:
    provider.script({"when": "stall", "fault": "stall", "times": 1000})
    assert set(run_all(provider, [body] * 4)) == {Ended(0, "1\n", "")}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_an_atexit_hook_older_than_structx_can_extract(provider: FakeProvider, call: str) -> None:
    hook = f"""
        import atexit
        atexit.register(lambda: print({call}.success_count))
    """
    for body in ("", "extractor.extract(**call)"):
        ended = run_all(provider, [body] * 2, before=hook)
        assert set(ended) == {Ended(0, "1\n", "")}


def test_an_error_that_ends_a_program_is_its_only_output(provider: FakeProvider) -> None:
    body = """
        async def main():
            pending = asyncio.create_task(extractor.extract_async(**call))
            await extractor.extract_async(**call)
            raise LookupError("the program's own")
        run(main())
    """
    [ended] = run_all(provider, [body])
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.rstrip().endswith("LookupError: the program's own")
    assert ended.err.count("Traceback") == 1


def test_a_first_call_after_the_last_import_is_a_clear_error(provider: FakeProvider) -> None:
    """The first JSON Schema makes pydantic import modules, which is impossible at this point."""
    body = """
        class Last:
            def __init__(self):
                self.extractor, self.call = extractor, call
            def __del__(self, print=print):
                try:
                    self.extractor.extract(**self.call)
                except Exception as error:
                    print(type(error).__name__, error)
        last = Last()
    """
    [ended] = run_all(provider, [body])
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("ExtractionError") and "shutting down" in ended.out


@needs_fork
def test_a_forked_child_works_and_so_does_its_parent(provider: FakeProvider) -> None:
    process = start(
        provider,
        """
        extractor.extract(**call)
        child = os.fork()
        ok = (
            extractor.extract(**call).success_count == 1
            and run(extractor.extract_async(**call)).success_count == 1
        )
        if child == 0:
            sys.exit(0 if ok else 1)
        _, status = os.waitpid(child, 0)
        print(ok, os.waitstatus_to_exitcode(status))
        """,
    )
    code, out, err = finish(process)
    assert (code, out.strip()) == (0, "True 0"), err


@needs_fork
def test_children_forked_while_threads_extract_work(provider: FakeProvider) -> None:
    process = start(
        provider,
        """
        import threading, time
        done = False
        def load():
            while not done:
                extractor.extract(**call)
        extractor.extract(**call)  # all imports are done: a fork during one hangs in Python itself
        threads = [threading.Thread(target=load) for _ in range(4)]
        for thread in threads:
            thread.start()
        codes = []
        for _ in range(20):
            child = os.fork()
            if child == 0:
                os._exit(0 if extractor.extract(**call).success_count == 1 else 1)
            deadline = time.monotonic() + 10
            while not (ended := os.waitpid(child, os.WNOHANG))[0] and time.monotonic() < deadline:
                time.sleep(0.002)
            if not ended[0]:
                os.kill(child, 9)
                os.waitpid(child, 0)
            codes.append(os.waitstatus_to_exitcode(ended[1]) if ended[0] else "hung")
        done = True
        for thread in threads:
            thread.join()
        print(set(codes))
        """,
    )
    code, out, err = finish(process)
    assert (code, out.strip()) == (0, "{0}"), err


CHILDREN = {
    "Process": """
        def work(queue, given):
            queue.put(given.extract(**call).success_count)
            queue.put(run(given.extract_async(**call)).success_count)
            queue.put(extractor.extract(**call).success_count)
        if __name__ == "__main__":
            import multiprocessing
            context = multiprocessing.get_context("{method}")
            assert extractor.extract(**call).success_count == 1
            queue = context.Queue()
            children = [context.Process(target=work, args=(queue, extractor)) for _ in range(2)]
            for child in children:
                child.start()
            print(sum(queue.get(timeout=30) for _ in range(6)), end=" ")
            for child in children:
                child.join(30)
            print(*[child.exitcode for child in children])
    """,
    "ProcessPoolExecutor": """
        def work(given, number):
            result = given.extract(**call)
            return result.success_count
        if __name__ == "__main__":
            import multiprocessing
            from concurrent.futures import ProcessPoolExecutor
            context = multiprocessing.get_context("{method}")
            assert extractor.extract(**call).success_count == 1
            with ProcessPoolExecutor(2, mp_context=context) as pool:
                print(sum(pool.map(work, [extractor] * 6, range(6))), end=" ")
            print(0, 0)
    """,
}


@pytest.mark.parametrize("body", CHILDREN.values(), ids=CHILDREN.keys())
@pytest.mark.parametrize(
    "method",
    [pytest.param("fork", marks=needs_fork), "spawn", pytest.param("forkserver", marks=needs_fork)],
)
def test_children_of_multiprocessing_work(
    provider: FakeProvider, tmp_path: Path, method: str, body: str
) -> None:
    program = body.replace("{method}", method)
    process = start(provider, program, file=tmp_path / "program.py")
    code, out, err = finish(process)
    assert (code, out.strip()) == (0, "6 0 0"), err


def test_an_extraction_within_a_validator_is_an_error_and_not_a_deadlock(
    provider: FakeProvider,
) -> None:
    process = start(
        provider,
        """
        from pydantic import field_validator
        class Nested(BaseModel):
            word: str
            @field_validator("word")
            @classmethod
            def look_up(cls, word):
                next(forms)()
                return word
        both = (lambda: extractor.extract(**call), lambda: run(extractor.extract_async(**call)))
        forms = iter(both)
        for _ in both:
            print(extractor.extract(data="a text", query="q", model=Nested).rows[0].error)
        """,
    )
    code, out, err = finish(process)
    assert code == 0, err
    assert out.count("such as a validator, can't wait for an extraction") == 2
