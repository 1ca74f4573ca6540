"""Queue triggers: tries, poison, leases, and what a function is given."""

import json
import re
import signal
from typing import cast

import pytest
from azure.core.exceptions import HttpResponseError, ServiceRequestError

from infrastructure.local.host.bindings import Received
from infrastructure.local.host.queue_listener import Lease
from infrastructure.local.host.queues import Accounts, Queue, StorageError, is_lost
from infrastructure.local.process import free_port
from tests.local.conftest import Apps, Queues


def test_a_failing_message_is_tried_five_times_and_an_unreadable_one_never(apps: Apps, queues: Queues) -> None:
    queues.put("in", "bad", "good")
    queues.put("in", '{"plain": "text"}', raw=True)
    code, host = apps.until_idle("""
        @app.queue_trigger(arg_name="msg", queue_name=Q + "in", connection=STORAGE)
        async def Work(msg: func.QueueMessage) -> None:
            note(f"{msg.get_body().decode()} {msg.dequeue_count}")
            if msg.get_body() == b"bad":
                raise ValueError("cannot read this one")
    """)
    assert sorted(host.notes()) == ["bad 1", "bad 2", "bad 3", "bad 4", "bad 5", "good 1"]
    assert sorted(queues.raw("in-poison")) == ["YmFk", '{"plain": "text"}']
    assert code == 3
    assert f"poison: 2 in {queues.prefix}in-poison" in host.logged()
    assert "ValueError: cannot read this one" in host.logged()


def test_keys_of_the_payload_replace_metadata(apps: Apps, queues: Queues) -> None:
    queues.put("in", json.dumps({"ID": "mine", "dequeuecount": 77}), json.dumps({"dequeueCount": "many"}))
    host_json = {"version": "2.0", "extensions": {"queues": {"maxDequeueCount": 1}}}
    host = apps.start(
        """
        @app.queue_trigger(arg_name="msg", queue_name=Q + "in", connection=STORAGE)
        def Work(msg: func.QueueMessage) -> None:
            note(f"{msg.id} {msg.dequeue_count} {msg.insertion_time.tzinfo} {msg.expiration_time > msg.insertion_time}")
        """,
        "--until-idle",
        "0.5",
        host_json=host_json,
    )
    assert host.ended() == 3
    assert host.notes() == ["mine 77 UTC True"]
    assert queues.bodies("in-poison") == ['{"dequeueCount": "many"}']


def test_a_function_gets_its_message_as_annotated_and_its_context(apps: Apps, queues: Queues) -> None:
    for name in ("text", "raw", "plain"):
        queues.put(name, "über")
    code, host = apps.until_idle("""
        @app.queue_trigger(arg_name="msg", queue_name=Q + "text", connection="")
        def Text(msg: str, context: func.Context) -> None:
            note(f"{context.function_name} {msg} {len(context.invocation_id)} {context.function_directory}")

        @app.queue_trigger(arg_name="msg", queue_name="%RAW%", connection="Storage")
        async def Raw(msg: bytes) -> None:
            note(f"Raw {msg.decode()}")

        @app.queue_trigger(arg_name="msg", queue_name=Q.upper() + "PLAIN", connection=STORAGE)
        def Plain(msg) -> None:
            note(f"Plain {msg.get_body().decode()}")
    """, RAW=queues.prefix + "raw")  # fmt: skip
    assert code == 0, host.logged()
    assert sorted(host.notes()) == ["Plain über", "Raw über", f"Text über 36 {host.folder}"]


def test_after_a_kill_in_mid_run_the_message_comes_back_when_its_lease_is_over(apps: Apps, queues: Queues) -> None:
    queues.put("in", "x")
    code = """
        @app.queue_trigger(arg_name="msg", queue_name=Q + "in", connection=STORAGE)
        async def Work(msg: func.QueueMessage) -> None:
            note(f"started {msg.dequeue_count}")
            await asyncio.sleep(30 if msg.dequeue_count == 1 else 0)
            note(f"done {msg.dequeue_count}")
    """
    first = apps.start(code, "--lease", "2")
    first.wait_for(lambda: first.notes() == ["started 1"])
    first.stop(signal.SIGKILL)
    code_of_second, second = apps.until_idle(code, "--lease", "2")
    assert second.notes() == ["started 1", "started 2", "done 2"]
    assert code_of_second == 0


def test_the_lease_is_renewed_while_a_function_runs_even_if_it_blocks(apps: Apps, queues: Queues) -> None:
    queues.put("in", "x")
    code, host = apps.until_idle(
        """
        @app.queue_trigger(arg_name="msg", queue_name=Q + "in", connection=STORAGE)
        async def Work(msg: func.QueueMessage) -> None:
            note(msg.dequeue_count)
            time.sleep(5)
        """,
        "--lease",
        "3",
    )
    assert host.notes() == ["1"]
    assert code == 0
    assert queues.raw("in") == []


def test_no_more_run_at_once_than_batch_size_and_threshold_allow(apps: Apps, queues: Queues) -> None:
    queues.put("in", *(str(number) for number in range(12)))
    serial = {
        "version": "2.0",
        "extensions": {"queues": {"batchSize": 2, "newBatchThreshold": 1, "maxPollingInterval": "00:00:00.100"}},
    }
    host = apps.start(
        """
        running = 0

        @app.queue_trigger(arg_name="msg", queue_name=Q + "in", connection=STORAGE)
        async def Work(msg: func.QueueMessage) -> None:
            global running
            running += 1
            note(running)
            await asyncio.sleep(0.05)
            running -= 1
        """,
        "--until-idle",
        "0.5",
        host_json=serial,
    )
    assert host.ended() == 0
    assert len(host.notes()) == 12
    assert max(map(int, host.notes())) in {2, 3}


def test_a_disabled_function_is_loaded_and_left_alone(apps: Apps, queues: Queues) -> None:
    queues.put("one", "x")
    queues.put("two", "y")
    queues.put("three", "z")
    settings = {
        "AzureWebJobs.One.Disabled": "true",
        "AzureWebJobs_Two_Disabled": "1",
        "AzureWebJobs__Three__Disabled": "true",  # read by nobody
    }
    code, host = apps.until_idle(
        """
        @app.queue_trigger(arg_name="msg", queue_name=Q + "one", connection=STORAGE)
        def One(msg: str) -> None:
            note("one")

        @app.queue_trigger(arg_name="msg", queue_name=Q + "two", connection=STORAGE)
        def Two(msg: str) -> None:
            note("two")

        @app.queue_trigger(arg_name="msg", queue_name=Q + "three", connection=STORAGE)
        def Three(msg: str) -> None:
            note("three")
        """,
        **settings,
    )
    assert code == 0
    assert host.notes() == ["three"]
    assert "3 functions loaded (One, Two, Three)" in host.logged()
    assert "host ready: 1 functions (Three)" in host.logged()
    assert queues.bodies("one") == ["x"]


def test_plain_text_passes_when_host_json_says_no_encoding(apps: Apps, queues: Queues) -> None:
    queues.put("in", "a < b & ü", raw=True)
    host = apps.start(
        """
        @app.queue_trigger(arg_name="msg", queue_name=Q + "in", connection=STORAGE)
        @app.queue_output(arg_name="out", queue_name=Q + "out", connection=STORAGE)
        def Work(msg: str, out: func.Out[str]) -> None:
            out.set(msg)
        """,
        "--until-idle",
        "0.5",
        host_json={"version": "2.0", "extensions": {"queues": {"messageEncoding": "none"}}},
    )
    assert host.ended() == 0
    assert queues.raw("out") == ["a < b & ü"]


def test_a_failed_message_of_a_poison_queue_stays_hidden_instead_of_looping(apps: Apps, queues: Queues) -> None:
    queues.put("in-poison", "x")
    host = apps.start("""
        @app.queue_trigger(arg_name="msg", queue_name=Q + "in-poison", connection=STORAGE)
        async def Drain(msg: func.QueueMessage) -> None:
            note(msg.dequeue_count)
            raise SystemExit
    """)
    host.wait_for_log("the function ended with SystemExit")
    queues.put("in-poison", "y")  # once it is taken, the queue has been read anew
    host.wait_for(lambda: host.logged().count("the function ended with SystemExit") == 2)
    assert host.stop() == 0
    assert host.notes() == ["1", "1"]
    client = queues.service.get_queue_client(queues.prefix + "in-poison")
    assert client.get_queue_properties().approximate_message_count == 2
    assert queues.raw("in-poison") == []


def test_a_storage_that_does_not_answer_is_tried_again_and_holds_idleness_back(apps: Apps) -> None:
    nowhere = re.sub(r"127\.0\.0\.1:\d+", f"127.0.0.1:{free_port()}", apps.connection_string)
    host = apps.start_written(
        apps.write("""
            @app.queue_trigger(arg_name="msg", queue_name=Q + "in", connection=STORAGE)
            def Work(msg: str) -> None:
                note(msg)
        """),
        "--until-idle",
        "0.1",
        AzureWebJobsStorage=nowhere,
    )
    host.wait_for_log("Cannot receive from queue")
    assert "-in': storage does not answer; on this machine it is the emulator: python -m" in host.logged()
    assert host.process.poll() is None
    assert host.stop() == 0


class Renewals(Lease):
    """A lease whose waits take no time; they are kept in `pauses`."""

    pauses: list[float]

    async def _released(self, seconds: float) -> bool:
        self.pauses.append(seconds)
        return len(self.pauses) > 20


class Storage:
    """Answers each renewal with the next of its answers."""

    def __init__(self, *answers: str | Exception) -> None:
        self.answers = list(answers)

    async def hide(self, message_id: str, pop_receipt: str, seconds: float) -> str:
        del message_id, pop_receipt, seconds
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


async def test_a_lease_is_tried_again_sooner_until_storage_says_that_it_is_lost() -> None:
    busy, lost = HttpResponseError("busy"), HttpResponseError("lost")
    lost.error_code = "PopReceiptMismatch"  # type: ignore[attr-defined]  # as the SDK does
    storage = Storage("second", busy, busy, ServiceRequestError("down"), busy, busy, "third", lost, "never")
    message = Received("id", "first", "", 1, None, None, None)
    lease = Renewals(cast("Queue", storage), message, 8)
    lease.pauses = []
    await lease.keep()
    assert lease.pauses == [4, 4, 2, 1, 0.5, 0.5, 0.5, 4]
    assert lease.pop_receipt == "third"
    assert storage.answers == ["never"]


async def test_a_stale_receipt_and_a_deleted_message_are_lost(queues: Queues, apps: Apps) -> None:
    accounts = Accounts()
    queue = accounts.get(apps.connection_string).queue(queues.prefix + "in")
    await queue.send("x")
    (message,) = await queue.receive(1, lease=60)
    newest = await queue.hide(message.id, message.pop_receipt, 60)
    for receipt in (message.pop_receipt, newest):
        if receipt == newest:
            await queue.delete(message.id, newest)
        with pytest.raises(StorageError) as caught:
            await queue.hide(message.id, receipt, 60)
        assert is_lost(caught.value), caught.value
    accounts.close()
