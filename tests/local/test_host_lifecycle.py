"""Start, idleness and end of the host; timers."""

import json
import signal
import time

import pytest
from azure.data.tables import TableServiceClient

from infrastructure.local.storage import Storage
from tests.local.conftest import Apps, Queues

IDLE = """
    @app.queue_trigger(arg_name="msg", queue_name=Q + "in", connection=STORAGE)
    def Work(msg: str) -> None:
        note(msg)
"""
SLOW = """
    @app.queue_trigger(arg_name="msg", queue_name=Q + "in", connection=STORAGE)
    @app.queue_output(arg_name="out", queue_name=Q + "out", connection=STORAGE)
    async def Work(msg: str, out: func.Out[str]) -> None:
        note("started")
        await asyncio.sleep(1)
        out.set("done")
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_waits_for_what_runs(apps: Apps, queues: Queues, number: signal.Signals) -> None:
    queues.put("in", "x")
    host = apps.start(SLOW)
    host.wait_for(lambda: host.notes() == ["started"])
    assert host.stop(number) == 0
    assert queues.bodies("out") == ["done"]
    assert queues.raw("in") == []


def test_a_second_signal_ends_at_once(apps: Apps, queues: Queues) -> None:
    queues.put("in", "x")
    host = apps.start(SLOW.replace("sleep(1)", "sleep(600)"))
    host.wait_for(lambda: host.notes() == ["started"])
    host.process.send_signal(signal.SIGTERM)
    host.wait_for_log("Stopping")
    assert host.stop() == 1


def test_idleness_waits_for_hidden_messages_and_open_transactions(apps: Apps, queues: Queues, storage: Storage) -> None:
    queues.put("in", "x")
    queues.service.get_queue_client(queues.prefix + "in").receive_message(visibility_timeout=3)
    host = apps.start(IDLE, "--until-idle", "0.5")
    host.wait_for(lambda: host.notes() == ["x"])
    started = time.monotonic()
    assert host.ended() == 0
    usual = time.monotonic() - started
    with TableServiceClient.from_connection_string(storage.connection_string) as tables:
        table = tables.create_table("OpenTransactions")
        try:
            table.create_entity({"PartitionKey": "open", "RowKey": "1"})
            queues.put("in", "y")
            host = apps.start(IDLE, "--until-idle", "0.5")
            host.wait_for(lambda: host.notes() == ["x", "y"])
            time.sleep(2 * usual)
            assert host.process.poll() is None
            table.delete_entity("open", "1")
            assert host.ended() == 0
        finally:
            tables.delete_table("OpenTransactions")


def test_a_timer_fires_by_a_setting_and_one_without_its_setting_is_alone_in_error(apps: Apps, queues: Queues) -> None:
    code, host = apps.until_idle(
        """
        @app.timer_trigger(arg_name="timer", schedule="%EVERY%")
        @app.queue_output(arg_name="out", queue_name=Q + "in", connection=STORAGE)
        async def Tick(timer: func.TimerRequest, out: func.Out[List[str]]) -> None:
            note(f"tick {timer.past_due} {sorted(timer.schedule_status)}")
            out.set(["a", "b"] if not Path("ticked").exists() else [])
            Path("ticked").touch()

        @app.timer_trigger(arg_name="timer", schedule="%NOT_SET%")
        def Lost(timer: str) -> None:
            note("lost")

        @app.timer_trigger(arg_name="timer", schedule="every minute")
        def Wrong(timer) -> None:
            note("wrong")

        @app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *", run_on_startup=True)
        def Once(timer: str) -> None:
            note(f"once {json.loads(timer)['IsPastDue']}")

        @app.queue_trigger(arg_name="msg", queue_name=Q + "in", connection=STORAGE)
        def Work(msg: str) -> None:
            note(msg)
        """,
        idle="1.5",
        EVERY="* * * * * *",
    )
    assert code == 1, host.logged()
    assert "in error, never run: Lost, Wrong" in host.logged()
    notes = host.notes()
    assert {"a", "b", "once False", "tick False ['Last', 'LastUpdated', 'Next']"} == set(notes)
    assert "The 'Lost' function is in error: '%NOT_SET%' does not resolve to a value." in host.logged()
    assert (
        "The 'Wrong' function is in error: The schedule expression 'every minute' was not recognized" in host.logged()
    )
    assert "3 functions loaded (Tick, Once, Work)" in host.logged()


def test_functions_that_are_all_in_error_are_no_success(apps: Apps) -> None:
    code, host = apps.until_idle("""
        @app.timer_trigger(arg_name="timer", schedule="%NOT_SET%")
        def Lost(timer: str) -> None:
            note("lost")
    """)
    assert code == 1
    assert "in error, never run: Lost" in host.logged()


def test_timer_runs_do_not_overlap(apps: Apps) -> None:
    host = apps.start("""
        @app.timer_trigger(arg_name="timer", schedule="* * * * * *")
        async def Tick(timer: func.TimerRequest) -> None:
            note("start")
            await asyncio.sleep(1.3)
            note("end")
    """)
    host.wait_for(lambda: host.notes().count("start") == 2)
    host.stop()
    assert host.notes() == ["start", "end", "start", "end"]


def test_without_functions_the_host_goes_on_and_until_idle_fails(apps: Apps) -> None:
    broken = "import no_such_module_anywhere\n"
    code, host = apps.until_idle(broken)
    assert code == 1
    assert "Worker failed to index functions: ModuleNotFoundError: No module named 'no_such_module_anywhere'" in (
        host.logged()
    )
    host = apps.start(broken)
    host.wait_for_log("0 functions loaded")
    assert host.stop() == 0
    assert "Stopping" in host.logged()


def test_a_run_beyond_the_function_timeout_ends_the_process(apps: Apps, queues: Queues) -> None:
    queues.put("in", "x")
    host = apps.start(
        SLOW.replace("await asyncio.sleep(1)", "time.sleep(30)"),
        host_json={"version": "2.0", "functionTimeout": "00:00:01"},
    )
    assert host.ended() == 1
    assert "Timeout value of 1 s exceeded by function 'Functions.Work'" in host.logged()


def test_the_app_has_its_own_settings_modules_and_packages_and_none_of_the_checkout(apps: Apps) -> None:
    app = apps.write("""
        import shared, packed

        @app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *", run_on_startup=True)
        def Once(timer: func.TimerRequest) -> None:
            note(f"{shared.WHERE} {packed.WHERE} {os.environ['FROM_FILE']} {os.environ['FROM_BOTH']}")
    """)
    packages = app / ".python_packages" / "lib" / "site-packages"
    packages.mkdir(parents=True)
    (app / "shared.py").write_text("WHERE = 'folder'\n")
    (packages / "packed.py").write_text("WHERE = 'package'\n")
    (packages / "shared.py").write_text("WHERE = 'not this'\n")
    values = {"IsEncrypted": False, "Values": {"FROM_FILE": "file", "FROM_BOTH": "file"}}
    (app / "local.settings.json").write_text(json.dumps(values))
    host = apps.start_written(app, "--until-idle", "0.3", FROM_BOTH="environment")
    assert host.ended() == 0, host.logged()
    assert host.notes() == ["folder package file environment"]


def test_log_levels_of_host_json_are_obeyed(apps: Apps) -> None:
    levels = {"default": "Warning", "Function.Once.User": "Information"}
    host = apps.start(
        """
        @app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *", run_on_startup=True)
        async def Once(timer: func.TimerRequest) -> None:
            logging.info("the app says %s", 1)
            logging.debug("not this")
        """,
        "--until-idle",
        "0.3",
        host_json={"version": "2.0", "logging": {"logLevel": levels}},
    )
    assert host.ended() == 0
    assert "the app says 1" in host.logged()
    assert "not this" not in host.logged()
    assert "Executing" not in host.logged()
    assert "host ready: 1 functions (Once)" in host.logged()


def test_a_folder_without_host_json_is_no_app(apps: Apps) -> None:
    app = apps.write("")
    (app / "host.json").unlink()
    host = apps.start_written(app)
    assert host.ended() == 1
    assert "A valid host.json file wasn't found" in host.logged()
