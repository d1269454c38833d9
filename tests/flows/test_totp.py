import pytest

from idprobe.errors import ProfileError
from idprobe.login.forms.totp import one_time_code

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


@pytest.mark.parametrize(
    ("at_s", "code"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_codes_agree_with_rfc_6238_appendix_b(at_s: int, code: str) -> None:
    assert one_time_code(SECRET, at_s) == code


def test_the_secret_may_be_written_in_small_groups() -> None:
    assert one_time_code("gezd gnbv gy3t qojq-gezd gnbv gy3t qojq", 59) == "287082"


def test_a_secret_that_is_not_base32_is_a_profile_error_without_it() -> None:
    with pytest.raises(ProfileError, match="base32") as caught:
        one_time_code("n0t base32!", 59)

    assert "n0t" not in str(caught.value)
