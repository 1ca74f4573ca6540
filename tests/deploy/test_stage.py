"""`stage`: deploy to the staging slot, prove it there, and put it back when it is not proven."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.adapters.scripted import Answer
from tests.deploy.azure_model import RESET, Azure, Deployment, error
from tests.deploy.conftest import Deploy, record
from tests.deploy.packages import NEW, OLD, OLDER, digest, package
from tests.deploy.slot_model import FIVE, Behaviour

KUDU, HOST = r"-staging\.scm\.", r"-staging\.azurewebsites"
FORBIDDEN_PAGE = b"<html><style>h1 {}</style><body><h1>Error 403 - Forbidden</h1></body></html>"


def test_a_package_is_staged_proven_and_kept(released: Deploy, tmp_path: Path) -> None:
    done = released.stage(package(NEW), tmp_path)

    assert done.code == 0, done.said
    assert (released.serves, released.staged) == (digest(OLD), digest(NEW))
    assert released.releases.fetch(digest(NEW)) == package(NEW)
    assert f"staging runs {digest(NEW)}, proven" in done.out


def test_the_very_first_package_is_staged(deploy: Deploy, tmp_path: Path) -> None:
    done = deploy.stage(package(NEW), tmp_path)

    assert done.code == 0, done.said
    assert deploy.staged == digest(NEW)


def test_the_deployment_says_who_and_what(released: Deploy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTOR", "jane")
    monkeypatch.setenv("GITHUB_RUN_ID", "77")
    monkeypatch.setenv("GITHUB_SHA", "c0ffee")
    released.stage(package(NEW), tmp_path)

    asked = released.azure.deployed[-1].message
    assert "author=jane+%28run+77%29" in asked
    assert f"message=c0ffee+sha256%3A{digest(NEW)}" in asked
    assert released.releases.commit(digest(NEW)) == "c0ffee"


def _behave(behaviour: Behaviour) -> Callable[[Azure], None]:
    return lambda azure: azure.behave("staging", digest(NEW), behaviour)


def _deployment(deployment: Deployment) -> Callable[[Azure], None]:
    return lambda azure: azure.deployments.append(deployment)


def _is_asleep_and_does_not_restart(azure: Azure) -> None:
    azure.instead("GET", f"{HOST}.*/admin/host/status", Answer(503, b""), times=1)
    azure.deployments.append(Deployment(restarts=False))


def _lose_name(azure: Azure) -> None:
    azure.after(30.0, lambda: setattr(azure.staging, "package_name", ""))


class Case(NamedTuple):
    """How a deployment goes wrong, and what must be told of it."""

    name: str
    spoil: Callable[[Azure], object]
    told: str


NOT_PROVEN = [
    Case("no functions", _behave(Behaviour(functions=())), "no functions at all are loaded"),
    Case("four of five", _behave(Behaviour(functions=FIVE[:4])), "missing functions: AddVendor; loaded are 4"),
    Case("a sixth", _behave(Behaviour(functions=(*FIVE, "Debug"))), "functions that nobody expects: Debug"),
    Case(
        "in error",
        _behave(Behaviour(in_error={"Notify": ("'%X%' does not resolve to a value.",)})),
        "Notify is in error: '%X%' does not resolve to a value.",
    ),
    Case("host errors", _behave(Behaviour(errors=("Storage: 403",))), "the host reports an error: Storage: 403"),
    Case("state Error", _behave(Behaviour(state="Error")), "the host is Error, not Running"),
    Case("crash loop", _behave(Behaviour(boot=5.0, lasts=50.0)), "the host started anew"),
    Case("never answers", _behave(Behaviour(boot=9_999.0)), "answered 503: Function host is not running."),
    Case("rebuilt", _deployment(Deployment(stored=package("rebuilt"))), f"has SHA-256 {digest('rebuilt')}, wanted"),
    Case("no packagename", _lose_name, "the slot holds no package (packagename.txt is missing)"),
    Case("no package file", _deployment(Deployment(keeps_file=False)), "which is not there; wanted"),
    Case("no restart", _deployment(Deployment(restarts=False)), "still the process that ran before"),
    Case("no restart, and not to be asked before", _is_asleep_and_does_not_restart, "the process that ran before"),
    Case(
        "Kudu says no",
        _deployment(Deployment(status=3, lines=("Extracting", "No space left on device"))),
        "the deployment failed; Failed to deploy; Extracting; No space left on device",
    ),
    Case(
        "Kudu never ends", _deployment(Deployment(takes=9_999.0)), "did not end within 300 s: it is still Running oryx"
    ),
]


@pytest.mark.parametrize("case", NOT_PROVEN, ids=lambda case: str(case.name).replace(" ", "-"))
def test_what_is_not_proven_goes_no_further_and_last_good_comes_back(
    released: Deploy, tmp_path: Path, case: Case
) -> None:
    case.spoil(released.azure)

    done = released.stage(package(NEW), tmp_path)

    assert done.code == 3, done.said
    assert case.told in done.out
    assert released.serves == digest(OLD)
    assert released.azure.swapped == 0
    assert not released.releases.has(digest(NEW))
    if case.name != "Kudu never ends":
        assert released.staged == digest(OLDER), "what a rollback needs must lie on staging again"
        assert "staging " in done.out
        assert f"last good {digest(OLDER)[:12]}" in done.out


def test_the_last_word_on_a_package_is_not_an_old_one(released: Deploy, tmp_path: Path) -> None:
    """The file is replaced under its name after it was hashed, while the host goes on as if nothing had happened."""
    staging = released.azure.staging
    released.azure.after(80.0, lambda: staging.files.update({staging.package_name: package("another")}))

    done = released.stage(package(NEW), tmp_path)

    assert done.code == 3, done.said
    assert f"has SHA-256 {digest('another')}, wanted" in done.out


def test_a_host_that_starts_late_is_waited_for(released: Deploy, tmp_path: Path) -> None:
    released.azure.behave("staging", digest(NEW), Behaviour(boot=240.0))

    assert released.stage(package(NEW), tmp_path).code == 0


def test_what_no_waiting_heals_is_not_waited_for(released: Deploy, tmp_path: Path) -> None:
    """The incident's own symptom, Running with 0 functions, is ruled out well before time is up."""
    released.azure.behave("staging", digest(NEW), Behaviour(functions=()))
    begun = released.azure.clock.now()
    released.azure.instead("POST", f"{KUDU}.*zipdeploy.*{digest(OLDER)}", Answer(403))

    assert released.stage(package(NEW), tmp_path).code == 3
    assert released.azure.clock.now() - begun < 250


CLOSED = [
    Case("401", lambda azure: azure.instead("GET", HOST, Answer(401)), "does not take the master key"),
    Case("403", lambda azure: azure.instead("GET", HOST, Answer(403, FORBIDDEN_PAGE)), "Error 403 - Forbidden"),
    Case("404", lambda azure: azure.instead("GET", HOST, Answer(404)), "admin isolation"),
    Case("a page", lambda azure: azure.instead("GET", HOST, Answer(200, b"<p>Welcome</p>")), "cannot be read"),
    Case(
        "no key", lambda azure: azure.instead("POST", "slots/staging/host/.*keys", Answer(403)), "Website Contributor"
    ),
    Case(
        "resets", lambda azure: azure.instead("GET", HOST, RESET), "the host of staging: GET /admin/host/status got no"
    ),
]


@pytest.mark.parametrize("case", CLOSED, ids=lambda case: str(case.name).replace(" ", "-"))
def test_a_host_that_lets_nobody_look_is_not_proven(released: Deploy, tmp_path: Path, case: Case) -> None:
    case.spoil(released.azure)

    done = released.stage(package(NEW), tmp_path)

    assert done.code == 3, done.said
    assert case.told in done.out
    assert released.staged == digest(OLDER)
    assert "and is not proven" in done.out, "what was put back cannot be seen either"


def test_a_key_that_was_renewed_is_fetched_again(released: Deploy, tmp_path: Path) -> None:
    released.azure.after(40.0, lambda: setattr(released.azure.staging, "key", "a-renewed-master-key"))

    assert released.stage(package(NEW), tmp_path).code == 0


BUSY = Answer(409, b"There is a deployment currently in progress. Please try again when it completes.")
PASSING = {
    "busy": lambda azure: azure.instead("POST", f"{KUDU}.*zipdeploy", BUSY, 3),
    "restarting": lambda azure: azure.instead("POST", f"{KUDU}.*zipdeploy", Answer(503, b"<h1>Unavailable</h1>"), 3),
    "reset": lambda azure: azure.instead("POST", f"{KUDU}.*zipdeploy", RESET, 1),
    "reset-though-accepted": lambda azure: azure.instead("POST", f"{KUDU}.*zipdeploy", RESET, 1, passes_on=True),
    "no-status-for-a-while": lambda azure: azure.instead("GET", f"{KUDU}.*deployments", Answer(502), 4),
    "no-file-for-a-while": lambda azure: azure.instead("GET", f"{KUDU}.*vfs", RESET, 3),
    "foreign-link": lambda azure: azure.instead(
        "POST",
        f"{KUDU}.*zipdeploy",
        Answer(202, b"", {"Location": "https://elsewhere.example/api/deployments/latest"}),
        1,
        passes_on=True,
    ),
}


@pytest.mark.parametrize("name", sorted(PASSING))
def test_what_passes_is_waited_for(released: Deploy, tmp_path: Path, name: str) -> None:
    PASSING[name](released.azure)

    done = released.stage(package(NEW), tmp_path)

    assert done.code == 0, done.said
    assert released.staged == digest(NEW)
    assert released.azure.asked_for("GET", "elsewhere") == 0, "our token goes to nobody else"


REFUSED = [
    Case("no list", lambda azure: azure.instead("GET", f"{KUDU}.*latest", Answer(403)), "Website Contributor"),
    Case(
        "a string", lambda azure: azure.instead("POST", f"{KUDU}.*zipdeploy", Answer(400, b'"bad zip"')), "400: bad zip"
    ),
    Case("a list", lambda azure: azure.instead("POST", f"{KUDU}.*zipdeploy", Answer(400, b'["bad"]')), "400: ['bad']"),
    Case("5xx", lambda azure: azure.instead("POST", f"{KUDU}.*zipdeploy", Answer(500, b"Out of disk")), "Out of disk"),
    Case("403", lambda azure: azure.instead("POST", f"{KUDU}.*zipdeploy", Answer(403)), "Website Contributor"),
    Case("login", lambda azure: azure.instead("POST", f"{KUDU}.*zipdeploy", Answer(302)), "a login by a browser"),
    Case("busy for ever", lambda azure: azure.instead("POST", f"{KUDU}.*zipdeploy", BUSY), "currently in progress"),
]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: str(case.name).replace(" ", "-"))
def test_a_package_that_kudu_does_not_take_changes_nothing(released: Deploy, tmp_path: Path, case: Case) -> None:
    case.spoil(released.azure)

    done = released.stage(package(NEW), tmp_path)

    assert done.code == 3, done.said
    assert case.told in done.out
    assert f"staging still holds the last good {digest(OLDER)[:12]}" in done.out
    assert (released.serves, released.staged) == (digest(OLD), digest(OLDER))


SITE = r"/sites/func-invoice-agent-test"
COULD_NOT_RUN = [
    Case(
        "no rights", lambda azure: azure.instead("GET", f"{SITE}\\?", error(403, "AuthorizationFailed", "no")), "role"
    ),
    Case(
        "no slot", lambda azure: azure.instead("GET", "slots/staging", error(404, "NotFound", "none")), "Bicep creates"
    ),
    Case("ARM is down", lambda azure: azure.instead("GET", SITE, Answer(502, b"<p>Bad Gateway</p>")), "Bad Gateway"),
    Case("stopped", lambda azure: setattr(azure.staging, "state", "Stopped"), "az functionapp start"),
    Case(
        "builds",
        lambda azure: azure.staging.settings.update(SCM_DO_BUILD_DURING_DEPLOYMENT="true"),
        "SCM_DO_BUILD_DURING_DEPLOYMENT is true, wanted false",
    ),
    Case(
        "oryx",
        lambda azure: azure.staging.settings.update(ENABLE_ORYX_BUILD="1"),
        "ENABLE_ORYX_BUILD is 1, wanted false",
    ),
    Case(
        "a folder",
        lambda azure: azure.staging.settings.pop("WEBSITE_RUN_FROM_PACKAGE"),
        "WEBSITE_RUN_FROM_PACKAGE is not set, wanted 1",
    ),
    Case(
        "a URL",
        lambda azure: azure.staging.settings.update(WEBSITE_RUN_FROM_PACKAGE="https://x.example/a.zip?sig=shhh"),
        "WEBSITE_RUN_FROM_PACKAGE is another value, not shown here, wanted 1",
    ),
    Case(
        "no Kudu",
        lambda azure: azure.instead(
            "GET", f"{SITE}\\?", Answer(200, b'{"properties": {"state": "Running", "defaultHostName": "x"}}')
        ),
        "names no host of kind Repository",
    ),
    Case(
        "odd host",
        lambda azure: azure.instead(
            "GET",
            f"{SITE}\\?",
            Answer(
                200,
                b'{"properties": {"state": "Running", "defaultHostName": "x", "hostNameSslStates": '
                b'[{"name": "a:b:c", "hostType": "Repository"}]}}',
            ),
        ),
        "cannot be sent: InvalidURL",
    ),
    Case("no files", lambda azure: azure.instead("GET", r"\.scm\..*packagename", Answer(403)), "Website Contributor"),
    Case(
        "no zip", lambda azure: azure.instead("GET", r"\.scm\..*\.zip", Answer(403)), "access restrictions of the scm"
    ),
    Case("odd name", lambda azure: setattr(azure.production, "package_name", "../../etc"), "no name of a file"),
]


@pytest.mark.parametrize("case", COULD_NOT_RUN, ids=lambda case: str(case.name).replace(" ", "-"))
def test_what_is_not_ready_is_refused_before_anything_changes(released: Deploy, tmp_path: Path, case: Case) -> None:
    case.spoil(released.azure)

    done = released.stage(package(NEW), tmp_path)

    assert done.code == 1, done.said
    assert case.told in done.out
    assert "shhh" not in done.said
    assert released.azure.asked_for("POST", "zipdeploy") == 0
    assert released.azure.swapped == 0


def test_nobody_logged_in_is_told(released: Deploy, tmp_path: Path) -> None:
    released.login.says = "Please run 'az login' to set up an account\nmore lines"

    done = released.stage(package(NEW), tmp_path)

    assert done.code == 1
    assert done.out.startswith("Azure gives no token: Please run 'az login' to set up an account; log in again")
    assert "more lines" not in done.said


def test_a_record_that_cannot_be_read_is_told_before_anything_changes(released: Deploy, tmp_path: Path) -> None:
    released.container.upload_blob("last-good.json", b'{"digest": "OLD"}', overwrite=True)

    done = released.stage(package(NEW), tmp_path)

    assert done.code == 1
    assert "last-good.json is no record of a release (at fault: digest)" in done.out
    assert released.staged == digest(OLDER)


def test_a_file_that_is_not_there_is_told(deploy: Deploy, tmp_path: Path) -> None:
    done = deploy.run("stage", str(tmp_path / "none.zip"))

    assert (done.code, deploy.azure.asked) == (1, [])
    assert "none.zip cannot be read: No such file or directory" in done.out


def test_another_package_than_the_verified_one_is_refused(released: Deploy, tmp_path: Path) -> None:
    path = tmp_path / "app.zip"
    path.write_bytes(package("tampered"))

    done = released.run("stage", str(path), "--digest", digest(NEW))

    assert done.code == 3
    assert f"it has SHA-256 {digest('tampered')}, wanted {digest(NEW)}" in done.out
    assert released.staged == digest(OLDER)


def test_the_verified_package_passes_by_its_digest(released: Deploy, tmp_path: Path) -> None:
    path = tmp_path / "app.zip"
    path.write_bytes(package(NEW))

    assert released.run("stage", str(path), "--digest", digest(NEW).upper()).code == 0


def test_a_package_that_production_serves_leaves_staging_for_a_rollback(released: Deploy, tmp_path: Path) -> None:
    done = released.stage(package(OLD), tmp_path)

    assert done.code == 0, done.said
    assert "production serves" in done.out
    assert released.staged == digest(OLDER)


def test_a_first_package_that_fails_leaves_nothing_to_put_back(deploy: Deploy, tmp_path: Path) -> None:
    deploy.azure.behave("staging", digest(NEW), Behaviour(functions=()))

    done = deploy.stage(package(NEW), tmp_path)

    assert done.code == 3
    assert "nothing was ever released, so there is nothing to put back on staging" in done.out


def test_with_no_package_before_it_the_last_good_itself_is_put_back(released: Deploy, tmp_path: Path) -> None:
    record(released, OLD)
    released.azure.behave("staging", digest(NEW), Behaviour(functions=()))

    assert released.stage(package(NEW), tmp_path).code == 3
    assert released.staged == digest(OLD)


def test_when_production_serves_something_unrecorded_the_record_is_put_back(released: Deploy, tmp_path: Path) -> None:
    released.azure.production.put(package("by hand"))
    released.azure.behave("staging", digest(NEW), Behaviour(functions=()))

    assert released.stage(package(NEW), tmp_path).code == 3
    assert released.staged == digest(OLD)


def test_a_last_good_that_is_not_kept_is_told(released: Deploy, tmp_path: Path) -> None:
    released.container.delete_blob(f"{digest(OLDER)}.zip")
    released.azure.behave("staging", digest(NEW), Behaviour(functions=()))

    done = released.stage(package(NEW), tmp_path)

    assert done.code == 3
    assert f"the last good {digest(OLDER)[:12]} is not kept in the releases" in done.out


def test_a_last_good_that_is_not_what_it_says_is_not_put_back(released: Deploy, tmp_path: Path) -> None:
    released.container.upload_blob(f"{digest(OLDER)}.zip", package("tampered"), overwrite=True)
    released.azure.behave("staging", digest(NEW), Behaviour(functions=()))

    done = released.stage(package(NEW), tmp_path)

    assert done.code == 3
    assert "staging could not be put back to the last good" in done.out
    assert released.staged == digest(NEW)


def test_the_failure_of_an_earlier_deployment_is_not_taken_for_this_one(released: Deploy, tmp_path: Path) -> None:
    released.azure.deployments = [Deployment(status=3), Deployment(shows_after=12.0)]
    assert released.stage(package(NEW), tmp_path).code == 3

    done = released.stage(package(NEW), tmp_path)

    assert done.code == 0, done.said


def test_a_log_that_cannot_be_read_hides_nothing_else(released: Deploy, tmp_path: Path) -> None:
    released.azure.deployments = [Deployment(status=3)]
    released.azure.instead("GET", f"{KUDU}.*/log", Answer(404))

    done = released.stage(package(NEW), tmp_path)

    assert done.code == 3
    assert "the deployment failed; Failed to deploy; its log cannot be read" in done.out


def test_a_package_that_cannot_be_kept_is_not_called_staged(released: Deploy, tmp_path: Path) -> None:
    released.azure.after(60.0, released.container.delete_container)

    done = released.stage(package(NEW), tmp_path)

    assert done.code == 3, done.said
    assert "the package could not be kept for rollbacks: stage it again" in done.out
    assert released.azure.swapped == 0
