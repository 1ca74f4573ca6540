"""Alerts ask for texts that host and app really write, in the tables of their scope, and end in one row.

Kusto runs in Azure alone, so nothing here runs a query.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import fields as dataclass_fields
from functools import cache
from pathlib import Path

import pytest

from infrastructure.checkout import checkout
from shared.watch import Backlog
from tests.infrastructure.bicep.source import (
    FOLDER,
    Call,
    Choice,
    Expression,
    Value,
    fields,
    items,
    template,
    text,
    texts,
)
from tests.infrastructure.bicep.test_code import FUNCTIONS, common

QUERIES = sorted((FOLDER / "alerts").iterdir())

# Of the host: https://github.com/Azure/azure-functions-host, and for the last one
# https://github.com/Azure/azure-sdk-for-net/tree/main/sdk/storage/Microsoft.Azure.WebJobs.Extensions.Storage.Queues
HOST = {
    "restarts_exhausted": {
        "Exceeded language worker restart retry count",
        "Initialization timed out and host is shutting down",
    },
    "worker_crashed": {
        "exited with code",
        "WorkerProcessExitException",
        "Starting worker process failed",
        "Initializing worker process failed",
        "Requesting metadata from worker failed",
    },
    "functions_missing": {"functions loaded"},
    "index_failed": {"Worker failed to index functions", "function is in error"},
    "poison": {"Message has reached MaxDequeueCount"},
}

# Of the app, with the file that writes it.
WATCH = ("shared/stages/mail_ingest.py", "watch: ")
OURS = {
    "poison": {WATCH, ("shared/stages/mail_ingest.py", "poison message in")},
    "delivery_unconfirmed": {
        ("shared/stages/post_to_ap.py", "delivery unconfirmed: it was sent, but nothing proves it")
    },
    "synthetic_missing": {WATCH},
    "waiting_long": {WATCH},
    "stop_left_on": {WATCH},
    "watch_silent": {WATCH},
}

# No text of a log line: names of functions and slots, patterns, and what joins them.
OTHER = {
    "restarts_exhausted": {" ", "staging"},
    "worker_crashed": {" ", "staging"},
    "functions_missing": {r"^(\d+)"},
    "ingest_silent": {"MailIngest"},
    "poison": {""},
}

# https://learn.microsoft.com/azure/azure-monitor/app/data-model-complete: the same tables, by either name.
COMPONENT_TABLES = {"traces", "requests", "exceptions"}
WORKSPACE_TABLES = {"AppTraces", "AppExceptions", "FunctionAppLogs"}

# https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-create-log-alert-rule
PERIODS = {"PT5M": 5, "PT10M": 10, "PT15M": 15, "PT30M": 30, "PT1H": 60, "P1D": 24 * 60}
TELEMETRY_DELAY = 5  # minutes


def rules() -> dict[str, dict[str, Value]]:
    """Every rule by its name."""
    found = [dict(fields(rule)) for rule in items(template("modules/alerts.bicep").variables["rules"])]
    return {text(rule["name"]): rule for rule in found}


def query_of(rule: dict[str, Value]) -> Path:
    """The file with the query of a rule."""
    loaded = rule["query"]
    assert isinstance(loaded, Call)
    assert loaded.function == "loadTextContent"
    return (FOLDER / "modules" / text(loaded.arguments[0])).resolve()


def statements(path: Path) -> list[str]:
    """The steps of a query, comments aside."""
    lines = [line for line in path.read_text("utf-8").splitlines() if not line.startswith("//")]
    return [step.strip() for step in re.split(r"^\| ", "\n".join(lines), flags=re.MULTILINE)]


def literals(path: Path) -> set[str]:
    return set(re.findall(r'"([^"]*)"', "\n".join(statements(path))))


RULES = sorted(rules())


def test_every_query_belongs_to_one_rule() -> None:
    assert sorted(query_of(rule) for rule in rules().values()) == QUERIES
    for name, rule in rules().items():
        assert query_of(rule).stem == name.replace("-", "_")


def test_what_must_be_told_is_told() -> None:
    assert set(RULES) == {
        "worker-crashed",
        "restarts-exhausted",
        "functions-missing",
        "index-failed",
        "ingest-silent",
        "error-rate",
        "poison",
        "delivery-unconfirmed",
        "waiting-long",
        "stop-left-on",
        "watch-silent",
        "synthetic-missing",
    }


def test_the_worse_it_is_the_more_it_rings() -> None:
    """0: nothing works, 1: an invoice is at risk, 2: it may get there, 3: somebody has work to do."""
    by_severity = {n: {name for name in RULES if rules()[name]["severity"] == n} for n in range(4)}
    assert by_severity[0] == {"restarts-exhausted", "index-failed", "functions-missing", "ingest-silent"}
    assert by_severity[1] == {"error-rate", "poison", "delivery-unconfirmed", "synthetic-missing"}
    assert by_severity[3] == {"waiting-long"}
    assert set().union(*by_severity.values()) == set(RULES)


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_a_query_asks_for_the_texts_that_are_written_and_for_no_others(path: Path) -> None:
    ours = {literal for _, literal in OURS.get(path.stem, set())}
    assert literals(path) == HOST.get(path.stem, set()) | ours | OTHER.get(path.stem, set())


@pytest.mark.parametrize(("file", "literal"), sorted({each for named in OURS.values() for each in named}))
def test_the_app_writes_the_text(file: str, literal: str) -> None:
    assert [template for template in logged(file) if template.startswith(literal)]


@cache
def logged(file: str) -> tuple[str, ...]:
    """The templates of a file's log lines above debug level, which production does not send."""
    return tuple(_logged(ast.parse((checkout() / file).read_text("utf-8"))))


def _logged(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(attr="info" | "warning" | "error" | "exception"),
                args=[ast.Constant(value=str(template)), *_],
            ):
                yield template


def test_the_names_in_the_watch_line_are_the_apps_and_each_is_asked_for() -> None:
    asked = {
        name for path in QUERIES for step in statements(path) for name in re.findall(r"(?:watched|\)\))\.(\w+)", step)
    }
    assert asked == {field.name for field in dataclass_fields(Backlog)}


def test_the_watch_line_is_cut_where_its_json_begins() -> None:
    cut = [step for path in QUERIES for step in statements(path) if "parse_json" in step]
    assert cut
    assert all('substring(message, strlen("watch: "))' in step for step in cut)


def test_as_many_functions_are_expected_as_there_are() -> None:
    wanted = statements(FOLDER / "alerts" / "functions_missing.kql")[-1]
    count = len(FUNCTIONS)
    assert wanted == f"project found = toint(coalesce(loaded, {count}) < {count})"


def test_the_function_whose_silence_is_told_exists_and_must_succeed() -> None:
    steps = statements(FOLDER / "alerts" / "ingest_silent.kql")
    assert 'where name == "MailIngest" and success == true' in steps
    assert "MailIngest" in FUNCTIONS


def test_silence_is_told_after_ten_minutes_and_not_before_telemetry_may_have_come() -> None:
    rule = rules()["ingest-silent"]
    assert rule["window"] == "PT10M"
    assert "where timestamp > ago(10m)" in statements(query_of(rule))
    assert text(common()["MAIL_INGEST_SCHEDULE"]).startswith("0 * ")  # every minute
    assert PERIODS["PT10M"] >= 2 * 1 + TELEMETRY_DELAY


@pytest.mark.parametrize("name", RULES)
def test_a_query_ends_in_exactly_one_row(name: str) -> None:
    """A summarize by anything has no row where there is no data, and its rule stays silent."""
    steps = statements(query_of(rules()[name]))
    last = max(at for at, step in enumerate(steps) if step.startswith("summarize "))
    assert not re.search(r"\bby\b|\bbin\(", steps[last])
    assert {step.split()[0] for step in steps[last + 1 :]} <= {"extend", "project"}


@pytest.mark.parametrize("name", RULES)
def test_a_rule_measures_the_column_that_its_query_ends_in(name: str) -> None:
    rule = rules()[name]
    last = statements(query_of(rule))[-1]
    column = text(rule["column"])
    assert re.search(rf"\b{column} = ", last) or last == f"project {column}"


@pytest.mark.parametrize("name", RULES)
def test_a_rule_asks_the_tables_of_its_scope(name: str) -> None:
    rule = rules()[name]
    query = "\n".join(statements(query_of(rule)))
    tables = set(re.findall(r"\b(?:" + "|".join(sorted(COMPONENT_TABLES | WORKSPACE_TABLES)) + r")\b", query))
    assert tables
    if rule["scope"] == Expression("workspaceId"):
        assert tables == WORKSPACE_TABLES
        assert "union isfuzzy=true" in query  # a table that has no row yet is no error
        assert 'where _ResourceId !endswith "staging"' in query  # the workspace has both slots
    else:
        assert rule["scope"] == Expression("componentId")
        assert tables <= COMPONENT_TABLES


@pytest.mark.parametrize("name", RULES)
def test_a_rule_sees_what_comes_late(name: str) -> None:
    rule = rules()[name]
    window, frequency = (PERIODS[text(rule[key])] for key in ("window", "frequency"))
    assert window >= frequency + TELEMETRY_DELAY


@pytest.mark.parametrize("name", RULES)
def test_a_rule_is_about_too_much_or_too_little(name: str) -> None:
    rule = rules()[name]
    is_of_silence = name.endswith("-silent")
    too_much = [("GreaterThan", 0), ("GreaterThan", 3), ("GreaterThan", 24), ("GreaterThanOrEqual", 1)]
    assert (rule["operator"], rule["threshold"]) in ([("LessThan", 1)] if is_of_silence else too_much)


def test_the_error_rate_is_one_percent_with_a_floor() -> None:
    rule = rules()["error-rate"]
    assert (rule["operator"], rule["threshold"], rule["column"]) == ("GreaterThanOrEqual", 1, "percent")
    assert "extend percent = iff(failed < 3, 0.0, 100.0 * failed / total)" in statements(query_of(rule))


def test_a_synthetic_mail_that_is_missing_is_told_where_the_check_runs() -> None:
    """After more than two of its hours: GitHub may start a run late or leave it out."""
    rule = template("modules/alerts.bicep").resources["rule"]
    assert rule.properties["enabled"] == Expression("each.name != 'synthetic-missing' || isSyntheticChecked")
    given = fields(template("main.bicep").modules["alerts"].body["params"])
    assert given["isSyntheticChecked"] == Expression("!empty(syntheticPrincipalId)")
    missing = rules()["synthetic-missing"]
    assert (missing["operator"], missing["threshold"], missing["column"]) == ("GreaterThan", 3, "hours")


def test_a_mail_waits_a_day_before_it_is_told() -> None:
    rule = rules()["waiting-long"]
    assert (rule["operator"], rule["threshold"], rule["column"]) == ("GreaterThan", 24, "hours")


def test_what_is_said_once_does_not_close_by_itself_and_rings_for_each() -> None:
    """A stateful rule is silent about the second invoice in doubt, and calls a fault resolved when its line is old."""
    alerts = template("modules/alerts.bicep")
    assert set(texts(alerts.variables["events"])) == {name for name in RULES if is_of_lines(name)}
    properties = alerts.resources["rule"].properties
    assert properties["autoMitigate"] == Expression("!contains(events, each.name)")
    mute = properties["muteActionsDuration"]
    assert mute == Choice("contains(events, each.name)", Expression("each.window"), None)


def is_of_lines(name: str) -> bool:
    """Whether a rule counts lines of a log that are written once, and nothing that is told again and again."""
    query = "\n".join(statements(query_of(rules()[name])))
    return query.endswith("summarize found = count()") and "watch: " not in query


def test_a_rule_is_not_refused_on_day_one() -> None:
    rule = template("modules/alerts.bicep").resources["rule"]
    assert rule.each == Expression("rules")
    assert rule.properties["skipQueryValidation"] is True
    assert fields(rule.properties["actions"])["actionGroups"] == [Expression("actionGroup.id")]
    (criterion,) = items(fields(rule.properties["criteria"])["allOf"])
    assert fields(criterion)["query"] == Expression("each.query")
    assert fields(criterion)["metricMeasureColumn"] == Expression("each.column")


def test_somebody_gets_the_mail() -> None:
    group = template("modules/alerts.bicep").resources["actionGroup"].properties
    (receiver,) = items(group["emailReceivers"])
    assert fields(receiver)["emailAddress"] == Expression("alertEmail")
    assert len(text(group["groupShortName"])) <= 12
    assert template("main.bicep").parameters["alertEmail"].is_required


@pytest.mark.parametrize("name", RULES)
def test_an_alert_says_what_to_do_first(name: str) -> None:
    """Of operations, or of the people who decide on mails."""
    description = text(rules()[name]["description"])
    commands = set(re.findall(r"operations ([a-z-]+)", description))
    assert commands or description.endswith("AP: add the vendor, or decide on the mail.")
    assert commands <= {"diagnose", "status", "poison", "trace", "rollback", "release", "emergency-stop"}
