"""`swap`: bring a staged package into production, prove it there, and bring it out again when it is not proven."""

from pathlib import Path

import pytest
from azure.storage.blob import BlobLeaseClient

from tests.adapters.scripted import Answer
from tests.deploy.azure_model import RESET, Swap, error
from tests.deploy.conftest import Deploy, record
from tests.deploy.packages import NEW, OLD, OLDER, digest, package
from tests.deploy.slot_model import FIVE, Behaviour

EMPTY = Behaviour(functions=())
KUDU_OF_PRODUCTION = r"^func-invoice-agent-test\.scm"
KUDU_OF_STAGING = r"^func-invoice-agent-test-staging\.scm"
IN_PROGRESS = error(409, "Conflict", "Cannot modify this site because another operation is in progress.")
FAILED = error(500, "InternalServerError", "Cannot swap site slots, because the slot did not respond to warm-up.")
SWAP_BY_HAND = (
    "az functionapp deployment slot swap --subscription sub-1 -g rg-1 -n func-invoice-agent-test --slot staging"
)


def test_a_staged_package_is_swapped_proven_and_recorded(staged: Deploy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTOR", "jane")
    monkeypatch.setenv("GITHUB_SHA", "beef")

    done = staged.swap(NEW)

    assert done.code == 0, done.said
    assert (staged.serves, staged.staged) == (digest(NEW), digest(OLD))
    written = staged.last_good
    assert (written["digest"], written["previous"], written["commit"]) == (digest(NEW), digest(OLD), "beef")
    assert written["by"].startswith("jane")
    assert written["at"].endswith("+00:00")
    assert staged.azure.swapped == 1


def test_stage_and_swap_follow_each_other_release_by_release(deploy: Deploy, tmp_path: Path) -> None:
    for text in (OLDER, OLD, NEW):
        assert deploy.stage(package(text), tmp_path).code == 0
        assert deploy.swap(text).code == 0
        deploy.azure.clock.sleep(86_400)

    assert (deploy.serves, deploy.staged) == (digest(NEW), digest(OLD))
    assert (deploy.last_good["digest"], deploy.last_good["previous"]) == (digest(NEW), digest(OLD))


def test_the_very_first_release_has_none_before_it(deploy: Deploy, tmp_path: Path) -> None:
    deploy.stage(package(NEW), tmp_path)

    done = deploy.swap(NEW)

    assert done.code == 0, done.said
    assert "production before: no package" in done.err
    assert (deploy.last_good["digest"], deploy.last_good["previous"]) == (digest(NEW), "")


BAD_IN_PRODUCTION = {
    "no-functions": (EMPTY, "no functions at all are loaded"),
    "four-of-five": (Behaviour(functions=FIVE[1:]), "missing functions: MailIngest"),
    "a-sixth": (Behaviour(functions=(*FIVE, "Debug")), "nobody expects: Debug"),
    "in-error": (Behaviour(in_error={"MailIngest": ("%X%",)}), "MailIngest is in error: %X%"),
    "all-disabled": (Behaviour(disabled=FIVE), "MailIngest is disabled: AzureWebJobs.MailIngest.Disabled is set"),
    "one-disabled": (Behaviour(disabled=("PostToAP",)), "PostToAP is disabled"),
    "state-error": (Behaviour(state="Error", errors=("Storage: 403",)), "the host reports an error: Storage: 403"),
    "crash-loop": (Behaviour(boot=5.0, lasts=45.0), "the host started anew"),
    "never-answers": (Behaviour(boot=9_999.0), "answered 503"),
}


@pytest.mark.parametrize("name", sorted(BAD_IN_PRODUCTION))
def test_what_production_does_not_prove_is_swapped_back_and_proven(staged: Deploy, name: str) -> None:
    behaviour, told = BAD_IN_PRODUCTION[name]
    staged.azure.behave("production", digest(NEW), behaviour)

    done = staged.swap(NEW)

    assert done.code == 3, done.said
    assert told in done.out
    assert f"it serves {digest(OLD)[:12]} again, proven" in done.out
    assert staged.serves == digest(OLD)
    assert staged.azure.swapped == 2
    assert staged.staged == digest(OLDER), "and staging holds what a rollback needs"
    assert staged.last_good["digest"] == digest(OLD)


def test_a_process_that_ran_what_was_before_proves_nothing(staged: Deploy) -> None:
    """The files are swapped, and the host that answers is the old one: with the same five functions, and old code."""
    staged.azure.swaps = [Swap(moves_hosts=False)]

    done = staged.swap(NEW)

    assert done.code == 3, done.said
    assert "production: the host is still the process that ran before" in done.err
    assert staged.serves == digest(OLD)


def test_a_swap_back_is_proven_by_another_process_than_the_one_that_failed(staged: Deploy) -> None:
    staged.azure.behave("production", digest(NEW), EMPTY)
    staged.azure.swaps = [Swap(), Swap(moves_hosts=False)]

    done = staged.swap(NEW)

    assert done.code == 4, done.said
    assert "the host is still the process that ran before" in done.out


def test_a_first_release_that_is_not_proven_is_swapped_back_to_nothing(deploy: Deploy, tmp_path: Path) -> None:
    deploy.stage(package(NEW), tmp_path)
    deploy.azure.behave("production", digest(NEW), EMPTY)

    done = deploy.swap(NEW)

    assert done.code == 3, done.said
    assert "production has no package, as before: nothing is taken in until a deployment succeeds" in done.out
    assert (deploy.serves, deploy.staged) == ("", digest(NEW))
    assert deploy.releases.last_good().record is None


def test_when_it_cannot_be_swapped_back_a_person_gets_the_commands(staged: Deploy) -> None:
    staged.azure.behave("production", digest(NEW), EMPTY)
    staged.azure.swaps = [Swap(), *[Swap(happens=False, end=FAILED)] * 3]

    done = staged.swap(NEW)

    assert done.code == 4, done.said
    assert "production is not proven" in done.out
    assert "it was not swapped back: ARM: GET /operations/3 answered 500: InternalServerError: Cannot" in done.out
    assert f"run: {SWAP_BY_HAND} --target-slot production" in done.out
    assert f"run: python -m infrastructure.deploy prove --slot production --digest {digest(OLD)}" in done.out
    assert staged.azure.asked_for("POST", "slotsswap") == 4, "it was tried three times"
    assert staged.serves == digest(NEW)


def test_a_swap_back_that_fails_once_is_tried_again(staged: Deploy) -> None:
    staged.azure.behave("production", digest(NEW), EMPTY)
    staged.azure.swaps = [Swap(), Swap(happens=False, end=FAILED)]

    assert staged.swap(NEW).code == 3
    assert staged.serves == digest(OLD)


def test_what_staging_does_not_hold_any_more_is_not_swapped_back(staged: Deploy) -> None:
    staged.azure.behave("production", digest(NEW), EMPTY)
    staged.azure.after(130.0, lambda: staged.azure.staging.put(package("by hand")))

    done = staged.swap(NEW)

    assert done.code == 4, done.said
    assert "it was not swapped back: staging holds" in done.out
    assert f"production served {digest(OLD)[:12]}" in done.out
    assert SWAP_BY_HAND not in done.out, "it would bring something else"
    assert staged.azure.swapped == 1


def test_a_production_that_is_not_proven_after_the_swap_back_needs_a_person(staged: Deploy) -> None:
    staged.azure.behave("production", digest(NEW), EMPTY)
    staged.azure.after(130.0, lambda: staged.azure.behave("production", digest(OLD), EMPTY))

    done = staged.swap(NEW)

    assert done.code == 4, done.said
    assert f"was swapped back, and {digest(OLD)[:12]} is not proven either" in done.out
    assert SWAP_BY_HAND not in done.out, "it would bring back what had just failed"
    assert staged.serves == digest(OLD)


def test_production_put_right_by_somebody_else_is_not_swapped_again(staged: Deploy) -> None:
    """A swap back goes by what production holds, and not by what it held."""
    staged.azure.behave("production", digest(NEW), EMPTY)
    staged.azure.after(130.0, lambda: staged.azure.production.put(package(OLD)))

    done = staged.swap(NEW)

    assert done.code == 3, done.said
    assert staged.azure.swapped == 1


# A swap goes by what the slots hold afterwards, whatever was answered.

HAPPENED = {
    "answered-500": Swap(answer=FAILED),
    "reset": Swap(answer=RESET),
    "page": Swap(answer=Answer(502, b"<h1>Bad Gateway</h1>")),
    "answered-400": Swap(answer=error(400, "BadRequest", "x")),
    "done-at-once": Swap(answer=Answer(200)),
    "no-link": Swap(answer=Answer(202)),
    "link-with-a-port": Swap(
        answer=Answer(202, b"", {"Location": "https://management.azure.com:443/operations/0?api-version=2024-04-01"})
    ),
    "foreign-link": Swap(answer=Answer(202, b"", {"Location": "https://elsewhere.example/operations/1"})),
    "ended-in-failure": Swap(end=FAILED),
    "ended-in-failure-by-its-body": Swap(end=Answer(200, b'{"status": "Failed"}')),
    "ended-in-a-page": Swap(end=Answer(200, b"<p>Welcome</p>")),
    "never-ends": Swap(end=None),
}


@pytest.mark.parametrize("name", sorted(HAPPENED))
def test_a_swap_that_happened_is_gone_on_with(staged: Deploy, name: str) -> None:
    staged.azure.swaps = [HAPPENED[name]]

    done = staged.swap(NEW)

    assert done.code == 0, done.said
    assert (staged.serves, staged.last_good["digest"]) == (digest(NEW), digest(NEW))
    assert staged.azure.asked_for("POST", "slotsswap") == 1, "a second swap would swap back"
    assert staged.azure.asked_for("GET", "elsewhere") == 0, "our token goes to nobody else"


def test_a_link_of_arms_is_followed_however_it_names_the_port(staged: Deploy) -> None:
    staged.azure.swaps = [HAPPENED["link-with-a-port"]]
    assert staged.swap(NEW).code == 0
    assert staged.azure.asked_for("GET", "/operations/0") > 1


DID_NOT_HAPPEN = {
    "answered-500": (Swap(happens=False, answer=FAILED), "did not respond to warm-up"),
    "reset": (Swap(happens=False, answer=RESET), "got no answer"),
    "forbidden": (Swap(happens=False, answer=error(403, "AuthorizationFailed", "no")), "role Website Contributor"),
    "ended-in-failure": (Swap(happens=False, end=FAILED), "did not respond to warm-up"),
    "cancelled": (Swap(happens=False, end=Answer(200, b'{"status": "Canceled"}')), "ended in failure: Canceled"),
    "said-to-be-done": (Swap(happens=False), "the swap failed"),
}


@pytest.mark.parametrize("name", sorted(DID_NOT_HAPPEN))
def test_a_swap_that_did_not_happen_leaves_production_proven(staged: Deploy, name: str) -> None:
    swap, told = DID_NOT_HAPPEN[name]
    staged.azure.swaps = [swap]

    done = staged.swap(NEW)

    assert done.code == 3, done.said
    assert told in done.out
    assert f"the swap failed; production serves {digest(OLD)[:12]}" in done.out
    assert (staged.serves, staged.staged) == (digest(OLD), digest(NEW))
    assert staged.last_good["digest"] == digest(OLD)


def test_a_first_swap_that_did_not_happen_leaves_production_with_nothing(deploy: Deploy, tmp_path: Path) -> None:
    deploy.stage(package(NEW), tmp_path)
    deploy.azure.swaps = [Swap(happens=False, end=FAILED)]

    done = deploy.swap(NEW)

    assert done.code == 3
    assert "the swap failed; production has no package, as before" in done.out


def test_a_busy_app_is_waited_for(staged: Deploy) -> None:
    staged.azure.swaps = [Swap(happens=False, answer=IN_PROGRESS)] * 3

    assert staged.swap(NEW).code == 0
    assert staged.azure.swapped == 1


def test_an_app_that_stays_busy_is_left_as_it_is(staged: Deploy) -> None:
    staged.azure.swaps = [Swap(happens=False, answer=IN_PROGRESS)] * 99

    done = staged.swap(NEW)

    assert done.code == 3, done.said
    assert "another operation is in progress" in done.out
    assert staged.serves == digest(OLD)


def test_a_swap_that_may_yet_happen_needs_a_person(staged: Deploy) -> None:
    staged.azure.swaps = [Swap(happens=False, end=None)]

    done = staged.swap(NEW)

    assert done.code == 4, done.said
    assert "ARM is not done yet: the swap may still happen" in done.out
    assert "has not ended it after 600 s" in done.out
    assert f"prove --slot production --digest {digest(OLD)}" in done.out


def test_a_swap_of_which_arm_tells_nothing_any_more_needs_a_person(staged: Deploy) -> None:
    staged.azure.swaps = [Swap(happens=False, answer=RESET)]
    staged.azure.after(50.0, lambda: staged.azure.instead("GET", "^management", RESET))

    done = staged.swap(NEW)

    assert done.code == 4, done.said
    assert "ARM is not done yet: the swap may still happen" in done.out


def test_a_swap_back_that_never_ends_is_not_asked_for_twice(staged: Deploy) -> None:
    staged.azure.behave("production", digest(NEW), EMPTY)
    staged.azure.swaps = [Swap(), Swap(happens=False, end=None)]

    done = staged.swap(NEW)

    assert done.code == 4, done.said
    assert staged.azure.asked_for("POST", "slotsswap") == 2
    assert SWAP_BY_HAND in done.out


def test_a_staging_that_cannot_be_read_is_not_swapped_back(staged: Deploy) -> None:
    staged.azure.behave("production", digest(NEW), EMPTY)
    staged.azure.after(130.0, lambda: staged.azure.instead("GET", KUDU_OF_STAGING, Answer(503)))

    done = staged.swap(NEW)

    assert done.code == 4, done.said
    assert "it was not swapped back: nobody can tell what staging holds" in done.out


def test_an_operation_that_nobody_can_follow_is_judged_by_what_is_there(staged: Deploy) -> None:
    staged.azure.instead("GET", "/operations/", RESET)

    assert staged.swap(NEW).code == 0
    assert staged.serves == digest(NEW)


def test_a_production_that_cannot_be_read_after_the_swap_needs_a_person(staged: Deploy) -> None:
    staged.azure.after(80.0, lambda: staged.azure.instead("GET", KUDU_OF_PRODUCTION, Answer(503, b"<p>Down</p>")))

    done = staged.swap(NEW)

    assert done.code == 4, done.said
    assert "nobody can tell what production serves after the swap" in done.out
    for text in (OLD, NEW):
        assert f"run: python -m infrastructure.deploy prove --slot production --digest {digest(text)}" in done.out


def test_a_failed_swap_that_left_production_broken_needs_a_person(staged: Deploy) -> None:
    staged.azure.swaps = [Swap(happens=False, end=FAILED)]
    staged.azure.after(80.0, lambda: staged.azure.behave("production", digest(OLD), EMPTY))

    done = staged.swap(NEW)

    assert done.code == 4, done.said
    assert "the swap failed, and production is not proven" in done.out


# What is looked at before.


def test_what_staging_does_not_prove_any_more_is_refused_and_put_back(staged: Deploy) -> None:
    staged.azure.behave("staging", digest(NEW), EMPTY)

    done = staged.swap(NEW)

    assert done.code == 3, done.said
    assert f"staging does not prove {digest(NEW)[:12]}" in done.out
    assert (staged.serves, staged.staged) == (digest(OLD), digest(OLDER))
    assert staged.azure.swapped == 0


def test_what_somebody_else_has_staged_meanwhile_is_refused_and_left(staged: Deploy) -> None:
    staged.azure.staging.put(package("another"))

    done = staged.swap(NEW)

    assert done.code == 3, done.said
    assert f"has SHA-256 {digest('another')}, wanted {digest(NEW)}" in done.out
    assert staged.staged == digest("another")


def test_a_staging_that_cannot_be_read_is_refused_and_left(staged: Deploy) -> None:
    staged.azure.instead("GET", KUDU_OF_STAGING, Answer(503))

    done = staged.swap(NEW)

    assert done.code == 3, done.said
    assert "staging was left as it is" in done.out
    assert staged.azure.asked_for("POST", "zipdeploy") == 0


def test_what_was_never_staged_with_success_is_refused(released: Deploy) -> None:
    released.azure.staging.put(package(NEW))

    done = released.swap(NEW)

    assert done.code == 3
    assert "was never staged with success" in done.out
    assert released.azure.swapped == 0


@pytest.mark.parametrize("slot", ["production", "staging"])
def test_a_stopped_slot_cannot_be_swapped(staged: Deploy, slot: str) -> None:
    getattr(staged.azure, slot).state = "Stopped"

    done = staged.swap(NEW)

    assert done.code == 1
    assert f"{slot} is Stopped, not Running; start it: az functionapp start" in done.out


def test_what_production_serves_already_is_recorded_by_a_second_run(staged: Deploy) -> None:
    """The first one broke off between its swap and its record."""
    staged.azure.production.put(package(NEW))

    done = staged.swap(NEW)

    assert done.code == 0, done.said
    assert (staged.last_good["digest"], staged.last_good["previous"]) == (digest(NEW), digest(OLD))
    assert staged.azure.swapped == 0


def test_what_is_served_and_recorded_is_done(released: Deploy) -> None:
    before = released.last_good

    done = released.swap(OLD)

    assert (done.code, released.last_good) == (0, before)
    assert "already, proven and recorded" in done.out


def test_what_is_served_and_not_proven_needs_a_person(staged: Deploy) -> None:
    staged.azure.production.put(package(NEW))
    staged.azure.behave("production", digest(NEW), EMPTY)

    done = staged.swap(NEW)

    assert done.code == 4
    assert "run: python -m infrastructure.deploy rollback" in done.out


def test_a_broken_production_can_be_mended_and_is_not_what_a_rollback_returns_to(staged: Deploy) -> None:
    staged.azure.behave("production", digest(OLD), EMPTY)

    assert staged.swap(NEW).code == 0
    assert (staged.last_good["digest"], staged.last_good["previous"]) == (digest(NEW), digest(OLDER))


def test_a_broken_production_that_could_not_be_mended_needs_a_person(staged: Deploy) -> None:
    staged.azure.behave("production", digest(OLD), EMPTY)
    staged.azure.behave("staging", digest(NEW), EMPTY)

    done = staged.swap(NEW)

    assert done.code == 4
    assert "production was not proven before and is not now" in done.out


def test_a_return_to_what_is_recorded_has_nothing_before_it(staged: Deploy) -> None:
    staged.azure.production.put(package("by hand"))
    staged.azure.behave("production", digest("by hand"), EMPTY)
    staged.azure.staging.put(package(OLD))
    staged.azure.clock.sleep(3_600)

    assert staged.swap(OLD).code == 0
    assert (staged.last_good["digest"], staged.last_good["previous"]) == (digest(OLD), "")


def test_a_record_that_cannot_be_written_is_told_and_harms_nothing(staged: Deploy) -> None:
    staged.azure.after(80.0, lambda: record(staged, OLD, "somebody else wrote this"))

    done = staged.swap(NEW)

    assert done.code == 0, done.said
    assert "could not be recorded as last good" in done.out
    assert "somebody else changed it meanwhile" in done.out
    assert (staged.serves, staged.last_good["digest"]) == (digest(NEW), digest(OLD))


# Two at once, and one that breaks off.


def test_two_runs_do_not_interleave(staged: Deploy) -> None:
    with staged.releases.locked("stage", 90.0):
        done = staged.swap(NEW)

    assert done.code == 1
    assert "the slots are being changed by another run: stage by a test since" in done.out
    assert staged.azure.swapped == 0
    assert staged.swap(NEW).code == 0


def test_a_run_whose_lock_was_taken_does_not_swap(staged: Deploy) -> None:
    staged.azure.after(35.0, lambda: take_the_lock(staged))

    done = staged.swap(NEW)

    assert done.code == 3, done.said
    assert "another run has taken the lock" in done.out
    assert staged.azure.swapped == 0


def test_a_run_whose_lock_was_taken_does_not_swap_back(staged: Deploy) -> None:
    staged.azure.behave("production", digest(NEW), EMPTY)
    staged.azure.after(130.0, lambda: take_the_lock(staged))

    done = staged.swap(NEW)

    assert done.code == 4, done.said
    assert "it was not swapped back: another run has taken the lock" in done.out
    assert staged.azure.swapped == 1


def test_a_storage_that_is_gone_does_not_keep_production_from_being_mended(staged: Deploy) -> None:
    staged.azure.behave("production", digest(NEW), EMPTY)
    staged.azure.after(130.0, staged.container.delete_container)

    done = staged.swap(NEW)

    assert done.code == 3, done.said
    assert "swapping back without the lock" in done.err
    assert staged.serves == digest(OLD)


def take_the_lock(deploy: Deploy) -> None:
    """As another run could once the lease had run out."""
    blob = deploy.container.get_blob_client("lock")
    BlobLeaseClient(blob).break_lease(0)
    BlobLeaseClient(blob).acquire(60)


@pytest.mark.parametrize(("command", "code"), [("swap", 4), ("rollback", 4), ("prove", 3)])
def test_an_interrupted_run_says_what_may_have_happened(
    staged: Deploy, monkeypatch: pytest.MonkeyPatch, command: str, code: int
) -> None:
    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(staged.azure.clock, "sleep", interrupt)
    arguments = [] if command == "rollback" else ["--digest", digest(NEW)]

    done = staged.run(command, *arguments)

    assert done.code == code
    assert done.out.startswith("interrupted")
    monkeypatch.undo()
    assert staged.swap(NEW).code == 0, "the lock was given back"
