"""The installation's keys, passwords, one-time codes, throttling and the secrets people carry."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ahadi.base.clock import FixedClock
from ahadi.base.errors import SetupError, TooMany
from ahadi.platform.database import Actor, Database
from ahadi.platform.security import (
    Keyring,
    PasswordTooWeak,
    check_new_password,
    hash_password,
    hash_secret,
    load_keyring,
    new_secret,
    password_fits,
    totp_step,
)
from ahadi.platform.settings import Settings
from ahadi.platform.throttle import Limit, count_attempt, forget_old_attempts, forgive

OLD, NEW = "the first key, which is long enough for this", "the second key, which is long enough too"
TEXTS = st.text(st.characters(codec="utf-8"), min_size=1)


@given(TEXTS, TEXTS)
def test_what_was_signed_for_a_purpose_is_recognised_for_it_alone(text: str, purpose: str) -> None:
    keyring = Keyring([NEW])
    signed = keyring.sign(purpose, text)
    assert keyring.verify(purpose, signed) == text
    assert keyring.verify(purpose + "x", signed) is None
    assert Keyring([OLD]).verify(purpose, signed) is None


@given(TEXTS, st.data())
def test_a_signed_text_that_was_changed_anywhere_is_not_recognised(text: str, data: st.DataObject) -> None:
    signed = Keyring([NEW]).sign("link", text)
    at = data.draw(st.integers(0, len(signed) - 1))
    other = data.draw(st.sampled_from("abcxyz019_.-").filter(lambda letter: letter != signed[at]))
    assert Keyring([NEW]).verify("link", signed[:at] + other + signed[at + 1 :]) is None


@pytest.mark.parametrize("signed", ["", ".", "x", "x.", ".x", "x.y", "é.é"])
def test_what_was_never_signed_is_not_recognised(signed: str) -> None:
    assert Keyring([NEW]).verify("link", signed) is None


@given(TEXTS)
def test_after_a_rotation_what_the_old_key_made_is_still_good_and_nothing_new_is_made_with_it(text: str) -> None:
    before, after = Keyring([OLD]), Keyring([NEW, OLD])
    assert after.verify("link", before.sign("link", text)) == text
    assert after.decrypt(before.encrypt(text)) == text
    assert before.verify("link", after.sign("link", text)) is None
    with pytest.raises(SetupError, match="AHADI_SECRET_KEY_PREVIOUS"):
        before.decrypt(after.encrypt(text))


def test_a_short_key_is_refused() -> None:
    with pytest.raises(SetupError, match="AHADI_SECRET_KEY"):
        Keyring(["short"])


def test_a_key_is_made_once_in_the_data_folder_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data")
    signed = load_keyring(settings).sign("link", "text")
    assert load_keyring(settings).verify("link", signed) == "text"
    [path] = list((tmp_path / "data").iterdir())
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_data_folder_that_cannot_hold_a_key_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="mend that"):
        load_keyring(Settings(data=tmp_path / "file"))


def test_secrets_say_what_they_are_and_are_never_alike() -> None:
    made = {new_secret("aht") for _ in range(100)}
    assert len(made) == 100 and all(each.startswith("aht_") and len(each) > 40 for each in made)
    assert len({hash_secret(each) for each in made}) == 100


# Passwords -------------------------------------------------------------------------------------------------------


async def test_a_password_fits_its_own_hash_and_no_other() -> None:
    held = await hash_password("seven quiet herons")
    assert held.startswith("$argon2id$") and "herons" not in held
    assert await password_fits("seven quiet herons", held) == (True, None)
    assert await password_fits("seven quiet heron", held) == (False, None)
    assert await password_fits("seven quiet herons", None) == (False, None)
    assert await password_fits("seven quiet herons", "no hash at all") == (False, None)


async def test_a_hash_with_outdated_parameters_is_renewed_when_its_password_is_shown() -> None:
    from pwdlib import PasswordHash
    from pwdlib.hashers.argon2 import Argon2Hasher

    weak = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),)).hash("seven quiet herons")
    fits, renewed = await password_fits("seven quiet herons", weak)
    assert fits and renewed is not None
    assert await password_fits("seven quiet herons", renewed) == (True, None)


@pytest.mark.parametrize(
    "password",
    ["", "short", "a" * 20, "abababababab", "1234567890", "qwertyuiop", "passwordpassword", "Password2026!", "x" * 300],
)
def test_a_password_that_is_easily_guessed_is_refused(password: str) -> None:
    with pytest.raises(PasswordTooWeak):
        check_new_password(password)


@pytest.mark.parametrize("password", ["amina hassan 1", "Amina.Hassan", "hassan@power.example", "aminahassan"])
def test_a_password_made_of_the_person_is_refused(password: str) -> None:
    with pytest.raises(PasswordTooWeak):
        check_new_password(password, about=("Amina Hassan", "amina.hassan@power.example"))


@pytest.mark.parametrize(
    "password", ["seven quiet herons", "tr0ub4dor&3xyz", "mvua inanyesha leo", "日本語のながいことば"]
)
def test_a_password_of_other_words_is_taken(password: str) -> None:
    check_new_password(password, about=("Amina Hassan", "amina.hassan@power.example"))


# One-time codes --------------------------------------------------------------------------------------------------

NOW = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)


@given(st.integers(-10, 10))
def test_a_code_is_taken_within_half_a_minute_of_its_time(steps: int) -> None:
    secret = pyotp.random_base32()
    code = pyotp.TOTP(secret).at(NOW + timedelta(seconds=30 * steps))
    step = totp_step(secret, code, NOW, after=None)
    if abs(steps) <= 1:
        assert step is not None
        assert totp_step(secret, code, NOW, after=step) is None
    assert totp_step(secret, "", NOW, after=None) is None


# Throttling ------------------------------------------------------------------------------------------------------

LIMIT = Limit("test", 3, timedelta(minutes=10))


async def test_attempts_are_counted_whatever_comes_of_them_until_the_window_ends(
    database: Database, clock: FixedClock
) -> None:
    for _ in range(3):
        await count_attempt(database, {LIMIT: "amina"})
    with pytest.raises(TooMany) as refused:
        await count_attempt(database, {LIMIT: "amina"})
    await count_attempt(database, {LIMIT: "juma"})
    clock.advance(timedelta(seconds=refused.value.fields["retry_after"]))
    await count_attempt(database, {LIMIT: "amina"})


async def test_success_forgives_and_old_windows_are_forgotten(database: Database, clock: FixedClock) -> None:
    for _ in range(3):
        await count_attempt(database, {LIMIT: "amina"})
    async with database.work(Actor.system([])) as work:
        await forgive(work, LIMIT, "amina")
    await count_attempt(database, {LIMIT: "amina"})
    async with database.work(Actor.system([])) as work:
        kept = await work.rows("select key from throttle")
        assert len(kept) == 1 and "amina" not in str(kept)
        await forget_old_attempts(work, work.real_now + timedelta(days=1))
        assert await work.rows("select key from throttle") == []
