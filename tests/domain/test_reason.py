import pytest

from shared.domain.reason import EXPLANATIONS, NEVER_WAIVED, SENDS_AGAIN, Reason


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_says_in_words_what_it_means_and_what_to_do(reason: Reason) -> None:
    explanation = EXPLANATIONS[reason]
    for sentence in (explanation.what, explanation.next):
        assert sentence[0].isupper()
        assert sentence.endswith(".")
        assert "_" not in sentence


def test_no_explanation_is_left_over() -> None:
    assert set(EXPLANATIONS) == set(Reason)


@pytest.mark.parametrize("reason", Reason)
def test_a_reason_fits_a_column_that_joins_them(reason: Reason) -> None:
    assert reason.value == reason.name.lower()
    assert ";" not in reason.value


def test_no_release_makes_up_for_a_vendor_or_leads_a_test_mail_to_ap() -> None:
    checks = {Reason.SYNTHETIC_REFUSED, Reason.SYNTHETIC_UNPROVEN}
    assert {Reason.VENDOR_UNKNOWN, Reason.VENDOR_AMBIGUOUS, *checks} == NEVER_WAIVED


def test_only_doubts_about_a_send_send_again() -> None:
    assert {Reason.UNDELIVERED, Reason.DELIVERY_UNCONFIRMED} == SENDS_AGAIN


@pytest.mark.parametrize("reason", sorted(SENDS_AGAIN))
def test_whoever_sends_again_is_told_so(reason: Reason) -> None:
    assert EXPLANATIONS[reason].next.endswith("once more.")
