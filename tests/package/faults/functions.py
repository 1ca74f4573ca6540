"""Functions that the worker cannot index, or that are not those that were agreed."""

from tests.package.draft import Draft
from tests.package.sabotage import Collection

FAULTS = Collection()

APP = "function_app.py"
NOTIFY = """@app.function_name("Notify")
@app.queue_trigger(arg_name="message", queue_name=NOTIFY, connection=STORAGE)
async def notify(message: func.QueueMessage) -> None:
"""


@FAULTS.spoil("index", APP, "More than one FunctionApp", "0 functions: More than one FunctionApp … are defined")
def two_apps(members: Draft) -> None:
    """Two app objects."""
    members.append(APP, "\nspare = func.FunctionApp()\n")


@FAULTS.spoil("index", APP, "More than one FunctionApp", "0 functions: More than one FunctionApp … are defined")
def one_app_under_two_names(members: Draft) -> None:
    """One app object under two names."""
    members.append(APP, "\nmain = app\n")


@FAULTS.spoil(
    "index",
    APP,
    "Could not find top level function app",
    "0 functions: Could not find top level function app instances",
)
def no_app(members: Draft) -> None:
    """No app object at the top level."""
    members.source(
        APP,
        members[APP]
        .decode()
        .replace("app = func.FunctionApp()", "apps = [func.FunctionApp()]")
        .replace("@app.", "@apps[0]."),
    )


@FAULTS.spoil("index", APP, "0 functions", "0 functions and no error: Success")
def app_without_functions(members: Draft) -> None:
    """An app object without any function."""
    members.source(APP, "import azure.functions as func\n\napp = func.FunctionApp()\n")


@FAULTS.spoil(
    "index", APP, "unique function name", "0 functions: Function AddVendor does not have a unique function name"
)
def duplicate_name(members: Draft) -> None:
    """Two functions of one name."""
    members.edit(APP, '@app.function_name("Notify")', '@app.function_name("AddVendor")')


@FAULTS.spoil("index", APP, "case", "the host compares without case: one of the two is lost")
def names_that_differ_in_case(members: Draft) -> None:
    """Two function names that differ in case only."""
    members.append(APP, "\n\n" + NOTIFY.replace('"Notify"', '"NOTIFY"').replace("notify(", "louder(") + "    pass\n")


@FAULTS.spoil("index", APP, "Add.Vendor", "that function is dropped: 'Add.Vendor' is not a valid function name")
def invalid_name(members: Draft) -> None:
    """A function name with a dot."""
    members.edit(APP, '@app.function_name("AddVendor")', '@app.function_name("Add.Vendor")')


@FAULTS.spoil("index", APP, "clock", "0 functions: declared in Python but not in function.json: {'clock'}")
def parameter_without_binding(members: Draft) -> None:
    """A parameter without a binding."""
    members.edit(
        APP,
        "async def notify(message: func.QueueMessage)",
        "async def notify(message: func.QueueMessage, clock: int = 0)",
    )


@FAULTS.spoil("index", APP, "late", "0 functions: declared in function.json but not in Python: {'late'}")
def binding_without_parameter(members: Draft) -> None:
    """A binding without a parameter."""
    members.edit(
        APP,
        '@app.function_name("Notify")\n',
        '@app.function_name("Notify")\n@app.queue_output(arg_name="late", queue_name=NOTIFY, connection=STORAGE)\n',
    )


@FAULTS.spoil(
    "index",
    APP,
    "TimerRequest",
    "0 functions: do not match the corresponding function parameter's Python type annotation",
)
def wrong_annotation(members: Draft) -> None:
    """A queue's parameter annotated as a timer's."""
    members.edit(APP, "async def notify(message: func.QueueMessage)", "async def notify(message: func.TimerRequest)")


@FAULTS.spoil("index", APP, "list[str]", "0 functions: binding notify has invalid Out annotation")
def out_of_a_list(members: Draft) -> None:
    """An output annotated `Out[list[str]]`."""
    members.edit(
        APP,
        "post_to_ap(message: func.QueueMessage, notify: func.Out[bytes])",
        "post_to_ap(message: func.QueueMessage, notify: func.Out[list[str]])",
    )


@FAULTS.spoil("index", APP, "notifications", "loads, and waits at a queue that nobody fills")
def wrong_queue(members: Draft) -> None:
    """A trigger on another queue."""
    members.edit(APP, NOTIFY, NOTIFY.replace("queue_name=NOTIFY", 'queue_name="notifications"'))


@FAULTS.spoil("index", APP, "InvoiceStorage", "that function is in error: the setting is not defined")
def wrong_connection(members: Draft) -> None:
    """A trigger whose connection is a setting that the infrastructure does not define."""
    members.edit(APP, NOTIFY, NOTIFY.replace("connection=STORAGE", 'connection="InvoiceStorage"'))


@FAULTS.spoil("index", APP, "WEBHOOK", "that function is in error: no storage is behind the setting")
def connection_that_is_no_storage(members: Draft) -> None:
    """A trigger whose connection is another setting of the app's."""
    members.edit(APP, NOTIFY, NOTIFY.replace("connection=STORAGE", 'connection="TEAMS_WEBHOOK_URL"'))


@FAULTS.spoil("index", APP, "run_on_startup", "a tick at every start, restart and swap")
def timer_that_runs_on_startup(members: Draft) -> None:
    """A timer that also runs whenever the host starts."""
    members.edit(APP, "run_on_startup=False", "run_on_startup=True")


@FAULTS.spoil("index", APP, "AddVendor", "loads four of five functions, without a word")
def missing_function(members: Draft) -> None:
    """A function that is no longer registered."""
    text = members[APP].decode()
    start, end = text.index('@app.function_name("AddVendor")'), text.index("def _hand_on")
    members.source(APP, text[:start] + text[end:])


@FAULTS.spoil("worker_sdk", APP, "CloudEvent", "consumption: 0 functions: azure.functions has no attribute CloudEvent")
def newer_sdk_than_the_workers(members: Draft) -> None:
    """Use of something that only a newer azure-functions than the worker's has."""
    members.append(APP, "\n\ndef event(given: func.CloudEvent) -> func.CloudEvent:\n    return given\n")


@FAULTS.spoil("index", APP, "Louder", "loads a function that nobody agreed to")
def extra_function(members: Draft) -> None:
    """A function that nobody expects."""
    members.append(APP, "\n\n" + NOTIFY.replace('"Notify"', '"Louder"').replace("notify(", "louder(") + "    pass\n")


@FAULTS.spoil("index", APP, "INGEST_CRON", "that function is in error: '%INGEST_CRON%' does not resolve to a value")
def wrong_schedule_setting(members: Draft) -> None:
    """A timer whose schedule is a setting that the infrastructure does not define."""
    members.edit(APP, "%MAIL_INGEST_SCHEDULE%", "%INGEST_CRON%")


@FAULTS.spoil("index", APP, "Notify", "0 functions: Function Notify does not have a trigger")
def no_trigger(members: Draft) -> None:
    """A function without a trigger."""
    members.edit(APP, NOTIFY, NOTIFY.replace("queue_trigger", "queue_output"))


@FAULTS.spoil(
    "index", APP, "trigger was already registered", "0 functions: A trigger was already registered to this function"
)
def two_triggers(members: Draft) -> None:
    """A function with two triggers."""
    members.edit(
        APP,
        NOTIFY,
        '@app.timer_trigger(arg_name="timer", schedule="%MAIL_INGEST_SCHEDULE%")\n'
        + NOTIFY.replace("message: func", "timer: func.TimerRequest, message: func"),
    )


@FAULTS.spoil("index", APP, "to_post", "hosts before 4.1038: The binding name to_post is invalid")
def binding_name_with_underscore(members: Draft) -> None:
    """A binding name with an underscore."""
    members.source(
        APP, members[APP].decode().replace('arg_name="topost"', 'arg_name="to_post"').replace("topost", "to_post")
    )


@FAULTS.spoil("invoke", APP, "$return", "every run fails after its work is done: a $return binding is missing")
def value_without_return(members: Draft) -> None:
    """A function that returns a value without a `$return` binding."""
    members.edit(
        APP, "    await stages().mail_ingest.run()\n", "    await stages().mail_ingest.run()\n    return 'done'\n"
    )
