"""Registers the app's functions with Azure Functions: decode, call, hand on."""

import azure.functions as func

from shared.domain.messages import ADD_VENDOR, NOTIFY, RAW_MAIL, TO_POST, Outgoing
from shared.wiring import stages

STORAGE = "AzureWebJobsStorage"

app = func.FunctionApp()


@app.function_name("MailIngest")
@app.timer_trigger(arg_name="timer", schedule="%MAIL_INGEST_SCHEDULE%", run_on_startup=False, use_monitor=True)
async def mail_ingest(timer: func.TimerRequest) -> None:
    await stages().mail_ingest.run()


@app.function_name("ExtractEnrich")
@app.queue_trigger(arg_name="message", queue_name=RAW_MAIL, connection=STORAGE)
@app.queue_output(arg_name="topost", queue_name=TO_POST, connection=STORAGE)
@app.queue_output(arg_name="notify", queue_name=NOTIFY, connection=STORAGE)
async def extract_enrich(message: func.QueueMessage, topost: func.Out[bytes], notify: func.Out[bytes]) -> None:
    outgoing = await stages().extract_enrich.run(message.get_body())
    _hand_on(outgoing, {TO_POST: topost, NOTIFY: notify})


@app.function_name("PostToAP")
@app.queue_trigger(arg_name="message", queue_name=TO_POST, connection=STORAGE)
@app.queue_output(arg_name="notify", queue_name=NOTIFY, connection=STORAGE)
async def post_to_ap(message: func.QueueMessage, notify: func.Out[bytes]) -> None:
    outgoing = await stages().post_to_ap.run(message.get_body())
    _hand_on(outgoing, {NOTIFY: notify})


@app.function_name("Notify")
@app.queue_trigger(arg_name="message", queue_name=NOTIFY, connection=STORAGE)
async def notify(message: func.QueueMessage) -> None:
    await stages().notify.run(message.get_body())


@app.function_name("AddVendor")
@app.queue_trigger(arg_name="message", queue_name=ADD_VENDOR, connection=STORAGE)
async def add_vendor(message: func.QueueMessage) -> None:
    await stages().add_vendor.run(message.get_body())


def _hand_on(outgoing: Outgoing | None, outputs: dict[str, func.Out[bytes]]) -> None:
    if outgoing is not None:
        outputs[outgoing.queue].set(outgoing.body)
