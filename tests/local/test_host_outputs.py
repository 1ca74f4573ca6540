"""Output bindings: when they are sent, and as what."""

from tests.local.conftest import Apps, Queues


def test_outputs_are_sent_after_the_function_has_succeeded_and_not_before(apps: Apps, queues: Queues) -> None:
    queues.put("in", "x")
    code, host = apps.until_idle("""
        from azure.storage.queue import QueueClient

        @app.queue_trigger(arg_name="msg", queue_name=Q + "in", connection=STORAGE)
        @app.queue_output(arg_name="out", queue_name=Q + "out", connection=STORAGE)
        def Work(msg: func.QueueMessage, out: func.Out[bytes]) -> None:
            out.set(b"try %d" % msg.dequeue_count)
            if msg.dequeue_count == 1:
                raise ValueError("later")
            with QueueClient.from_connection_string(os.environ[STORAGE], Q + "out") as queue:
                try:
                    note(len(queue.peek_messages()))
                except Exception as error:
                    note(error.error_code)
    """)
    assert host.notes() == ["QueueNotFound"]
    assert queues.bodies("out") == ["try 2"]
    assert code == 0


def test_one_value_may_be_many_messages(apps: Apps, queues: Queues) -> None:
    cases = {
        "list": '["a", "{\\"id\\": 1}"]',  # items of a list stay as they are
        "array": '["b", {"c": [1, {}]}, 4]',  # a string is split
        "object": '{"d":1,"e":"ü"}',  # and indented
        "plain": "{nearly} json",
        "bytes": '[1, {"f":  2}]',  # bytes are exact
        "returned": '{"g":1}',
        "full": "the largest message",
    }
    for name, body in cases.items():
        queues.put("in-" + name, body)
    code, host = apps.until_idle("""
        def register(name, kind, convert):
            @app.function_name(name)
            @app.queue_trigger(arg_name="msg", queue_name=f"{Q}in-{name}", connection=STORAGE)
            @app.queue_output(arg_name="out", queue_name=f"{Q}out-{name}", connection=STORAGE)
            def function(msg: str, out: func.Out[kind]) -> None:
                out.set(convert(msg))

        def full(_):
            return b"x" * 48 * 1024

        for name, kind, convert in [
            ("full", bytes, full),
            ("list", List[str], json.loads),
            ("array", str, str),
            ("object", str, str),
            ("plain", str, str),
            ("bytes", bytes, str.encode),
        ]:
            register(name, kind, convert)

        @app.queue_trigger(arg_name="msg", queue_name=Q + "in-returned", connection=STORAGE)
        @app.queue_output(arg_name="$return", queue_name=Q + "out-returned", connection=STORAGE)
        async def Returned(msg: str) -> str:
            return msg
    """)
    assert code == 0, host.logged()
    assert len(queues.bodies("out-full")[0]) == 48 * 1024
    assert queues.bodies("out-list") == ["a", '{"id": 1}']
    assert sorted(queues.bodies("out-array")) == ["4", "b", '{\n  "c": [\n    1,\n    {}\n  ]\n}']
    assert queues.bodies("out-object") == ['{\n  "d": 1,\n  "e": "ü"\n}']
    assert queues.bodies("out-plain") == ["{nearly} json"]
    assert queues.bodies("out-bytes") == ['[1, {"f":  2}]']
    assert queues.bodies("out-returned") == ['{\n  "g": 1\n}']


def test_an_output_that_cannot_be_sent_fails_the_run(apps: Apps, queues: Queues) -> None:
    for name in ("large", "broken", "kind", "none", "returns"):
        queues.put("in-" + name, "x")
    host_json = {"version": "2.0", "extensions": {"queues": {"maxDequeueCount": 1}}}
    host = apps.start(
        """
        def register(name, kind, value):
            @app.function_name(name)
            @app.queue_trigger(arg_name="msg", queue_name=f"{Q}in-{name}", connection=STORAGE)
            @app.queue_output(arg_name="out", queue_name=Q + "out", connection=STORAGE)
            def function(msg: str, out: func.Out[kind]) -> None:
                out.set(value)

        register("large", bytes, b"x" * (48 * 1024 + 1))
        register("broken", str, '{"a": 1}\\n{"b": 2}')
        register("kind", List[bytes], [b"x"])
        register("none", str, None)

        @app.queue_trigger(arg_name="msg", queue_name=Q + "in-returns", connection=STORAGE)
        def returns(msg: str):
            return "something"
        """,
        "--until-idle",
        "0.5",
        host_json=host_json,
    )
    assert host.ended() == 3
    assert queues.raw("out") == []
    for name in ("large", "broken", "kind", "returns"):
        assert queues.bodies(f"in-{name}-poison") == ["x"], name
    assert queues.bodies("in-none-poison") == []
    assert "function 'returns' without a $return binding returned a non-None value" in host.logged()
