"""What every part may need of the installation itself: its keys and the address it is reached at."""

from dataclasses import dataclass

from ahadi.base.errors import SetupError
from ahadi.platform.security import Keyring
from ahadi.platform.settings import Settings


@dataclass(frozen=True, slots=True)
class House:
    """Handed to every unit of work. Links are made from `public_url` and nothing else."""

    keyring: Keyring | None = None
    public_url: str = "http://127.0.0.1:8123"
    mail_domain: str = "localhost"

    @property
    def keys(self) -> Keyring:
        """The keys; raises SetupError where the installation was opened without them."""
        if self.keyring is None:
            raise SetupError("This needs the installation's secret key; set AHADI_SECRET_KEY or --data.")
        return self.keyring


def house_of(settings: Settings, keyring: Keyring) -> House:
    """The house as configured."""
    return House(keyring, settings.links_from(), settings.mail_domain)
