"""What a setting means is looked at before anything starts."""

from pathlib import Path

import pytest

from ahadi.base.errors import SetupError
from ahadi.main.sense import Listening, listening_for_mail, must_make_sense
from ahadi.platform.settings import Settings


@pytest.mark.parametrize(
    ("settings", "variable"),
    [
        (Settings(smtp_url="mail.example"), "AHADI_SMTP_URL"),
        (Settings(smtp_url="smtp://user:secret@mail.example:587?tls=none"), "AHADI_SMTP_URL"),
        (Settings(outgoing_allow="banana"), "AHADI_OUTGOING_ALLOW"),
        (Settings(trusted_proxies="proxy"), "AHADI_TRUSTED_PROXIES"),
        (Settings(mail_listen="2525"), "AHADI_MAIL_LISTEN"),
        (Settings(mail_listen="127.0.0.1:0"), "AHADI_MAIL_LISTEN"),
        (Settings(mail_listen="127.0.0.1:99999"), "AHADI_MAIL_LISTEN"),
        (Settings(lmtp_listen="unix:"), "AHADI_LMTP_LISTEN"),
        (Settings(lmtp_listen="/run/ahadi.sock"), "AHADI_LMTP_LISTEN"),
    ],
)
def test_what_cannot_be_read_is_one_sentence_that_names_its_variable(settings: Settings, variable: str) -> None:
    with pytest.raises(SetupError, match=variable) as refused:
        must_make_sense(settings)
    assert "secret" not in refused.value.sentence and "\n" not in refused.value.sentence


def test_what_makes_sense_passes() -> None:
    settings = Settings(
        smtp_url="smtp://user:secret@mail.example:587",
        outgoing_allow="10.1.0.0/16, 127.0.0.1:8025",
        trusted_proxies="127.0.0.1, unix",
        mail_listen="[::1]:2525",
        lmtp_listen="unix:/run/ahadi.sock",
    )
    must_make_sense(settings)
    assert listening_for_mail(settings) == {
        "smtp": Listening("::1", 2525),
        "lmtp": Listening("", 0, Path("/run/ahadi.sock")),
    }
    assert listening_for_mail(Settings(mail_listen=":2525")) == {"smtp": Listening("127.0.0.1", 2525)}
