"""Queue triggers: tries, poison, leases, and what a function is given."""

import json
import re
import signal
import time

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
            time.sleep(2.5)
        """,
        "--lease",
        "1",
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
    time.sleep(0.5)
    assert host.stop() == 0
    assert host.notes() == ["1"]
    client = queues.service.get_queue_client(queues.prefix + "in-poison")
    assert client.get_queue_properties().approximate_message_count == 1
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
    assert host.process.poll() is None
    assert host.stop() == 0
