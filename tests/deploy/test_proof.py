"""The decision what proves a slot, without any slot."""

from dataclasses import replace

import pytest

from infrastructure.deploy.proof import (
    Expected,
    Function,
    Host,
    Limits,
    Observation,
    Package,
    Process,
    Run,
    Unseen,
    Verdict,
    explained,
    faults,
    follow,
    verdict,
)
from tests.deploy.slot_model import FIVE

EXPECTED = Expected(frozenset(FIVE), "d" * 64)
PROCESS = Process("instance-1", 0.0)
LOADED = dict.fromkeys(FIVE, Function())
GOOD = Observation(100.0, Host("Running", (), PROCESS), LOADED, Package("20261124.zip", "d" * 64))
LIMITS = Limits(patience=300.0)


def watched(*seen: Observation, expected: Expected = EXPECTED) -> Run:
    run: Run | None = None
    for each in seen:
        run = follow(run, each, faults(each, expected))
    assert run is not None
    return run


def at(seconds: float, seen: Observation = GOOD, started: float = 0.0, instance: str = "instance-1") -> Observation:
    host = seen.host
    assert isinstance(host, Host)
    return replace(seen, at=seconds, host=replace(host, process=Process(instance, started)))


def test_nothing_is_wrong_with_a_good_slot() -> None:
    assert faults(GOOD, EXPECTED) == ()


@pytest.mark.parametrize(
    ("seen", "fault"),
    [
        pytest.param(replace(GOOD, functions={}), "no functions at all are loaded", id="none"),
        pytest.param(
            replace(GOOD, functions=dict.fromkeys(FIVE[:4], Function())),
            "missing functions: AddVendor; loaded are 4",
            id="four",
        ),
        pytest.param(
            replace(GOOD, functions=dict.fromkeys((*FIVE, "Debug"), Function())), "nobody expects: Debug", id="a-sixth"
        ),
        pytest.param(
            replace(GOOD, functions=dict.fromkeys((*FIVE[:4], "addvendor"), Function())),
            "missing functions: AddVendor",
            id="another-case",
        ),
        pytest.param(
            replace(GOOD, functions={**LOADED, "Notify": Function(("'%X%' does not resolve",))}),
            "Notify is in error: '%X%' does not resolve",
            id="in-error",
        ),
        pytest.param(replace(GOOD, package=Package()), "packagename.txt is missing", id="no-package"),
        pytest.param(replace(GOOD, package=Package("a.zip")), "a.zip, which is not there", id="no-file"),
        pytest.param(replace(GOOD, package=Package("a.zip", "e" * 64)), f"a.zip has SHA-256 {'e' * 64}", id="another"),
    ],
)
def test_what_no_waiting_heals_is_told(seen: Observation, fault: str) -> None:
    found = faults(seen, EXPECTED)

    assert any(fault in each.what for each in found), found
    assert not any(each.may_heal for each in found)


@pytest.mark.parametrize(
    ("seen", "expected", "fault"),
    [
        pytest.param(replace(GOOD, host=Host("Error", (), PROCESS)), EXPECTED, "the host is Error", id="state"),
        pytest.param(
            replace(GOOD, host=Host("Running", ("Storage 403",), PROCESS)), EXPECTED, "Storage 403", id="host-errors"
        ),
        pytest.param(replace(GOOD, host=Unseen("503")), EXPECTED, "503", id="unseen"),
        pytest.param(GOOD, replace(EXPECTED, left=Process("instance-1", 3.0)), "still the process", id="not-restarted"),
        pytest.param(GOOD, replace(EXPECTED, since=1.0), "still the process", id="older-than-the-package"),
    ],
)
def test_what_a_start_may_heal_is_told_apart(seen: Observation, expected: Expected, fault: str) -> None:
    (found,) = faults(seen, expected)

    assert fault in found.what
    assert found.may_heal


@pytest.mark.parametrize("left", [Process("instance-2", 0.0), Process("instance-1", 50.0), None])
def test_another_process_than_the_one_that_must_be_gone_is_fine(left: Process | None) -> None:
    assert faults(GOOD, replace(EXPECTED, left=left)) == ()


def test_what_is_missing_twice_is_told_once() -> None:
    seen = Observation(0.0, Unseen("503"), Unseen("503"), Unseen("404"))

    assert [each.what for each in faults(seen, EXPECTED)] == ["503", "404"]


def test_enough_good_observations_of_one_process_prove_a_slot() -> None:
    run = watched(*(at(60.0 + 10 * n) for n in range(4)))

    assert verdict(run, LIMITS) is Verdict.PROVEN


def test_one_good_observation_too_few_proves_nothing() -> None:
    assert verdict(watched(*(at(60.0 + 10 * n) for n in range(3))), LIMITS) is Verdict.OPEN


def test_a_young_process_proves_nothing_however_often_it_is_seen() -> None:
    assert verdict(watched(*(at(10.0 * n) for n in range(6))), LIMITS) is Verdict.OPEN


def test_a_host_that_starts_anew_is_never_proven_and_is_counted() -> None:
    run = watched(*(at(100.0 + 10 * n, started=95.0 + 10 * n) for n in range(9)))

    assert verdict(run, LIMITS) is Verdict.OPEN
    assert "the host started anew 8 times while it was watched" in explained(run, LIMITS)


def test_two_instances_that_take_turns_are_no_proof() -> None:
    run = watched(*(at(100.0 + 10 * n, instance=f"instance-{n % 2}") for n in range(9)))

    assert verdict(run, LIMITS) is Verdict.OPEN


def test_one_bad_observation_in_between_begins_the_count_anew() -> None:
    run = watched(*(at(60.0 + 10 * n) for n in range(3)), at(90.0, replace(GOOD, functions={})), at(100.0), at(110.0))

    assert (verdict(run, LIMITS), run.count) == (Verdict.OPEN, 2)


def test_estimates_of_one_start_may_differ_a_little() -> None:
    run = watched(*(at(100.0 + 10 * n, started=n) for n in range(4)))

    assert verdict(run, LIMITS) is Verdict.PROVEN


def test_what_no_waiting_heals_is_settled_before_time_is_up() -> None:
    empty = replace(GOOD, functions={})
    run = watched(*(at(100.0 + 10 * n, empty) for n in range(9)))
    assert verdict(run, LIMITS) is Verdict.OPEN

    run = follow(run, at(190.0, empty), faults(empty, EXPECTED))
    assert verdict(run, LIMITS) is Verdict.FAILED


def test_what_a_start_may_heal_is_waited_for() -> None:
    starting = replace(GOOD, host=Host("Starting", (), PROCESS), functions={})
    run = watched(*(at(100.0 + 10 * n, starting) for n in range(20)))

    assert verdict(run, LIMITS) is Verdict.OPEN


def test_a_trouble_in_between_does_not_hide_a_restart() -> None:
    unseen = Observation(110.0, Unseen("503"), Unseen("503"), Package("20261124.zip", "d" * 64))
    run = watched(at(100.0), unseen, at(120.0, started=115.0))

    assert run.restarts == 1
    assert run.faults == ()


def test_functions_may_be_disabled_where_no_mail_is_taken_in() -> None:
    seen = replace(GOOD, functions={**LOADED, "PostToAP": Function(is_disabled=True)})

    assert faults(seen, EXPECTED) == ()
    (fault,) = faults(seen, replace(EXPECTED, is_live=True))
    assert fault.what.startswith("PostToAP is disabled")
    assert not fault.may_heal
