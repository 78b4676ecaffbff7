"""A channel that keeps in memory what it was given to send: for tests, trials and the simulator."""

from ahadi.channels.ports import Outgoing, Refused, SendOutcome, Sent, TryAgain, Uncertain


class FakeChannel:
    """Sends to a list. What comes of the next sends can be laid down with `will`; after that all are sent.

    `Uncertain` is laid down for a message that *did* arrive while the answer was lost; where the key is honoured
    it becomes `TryAgain`, as it must in a real adapter, and the repeated message arrives once.
    """

    def __init__(self, name: str = "fake", *, honours_idempotency: bool = False) -> None:
        self._name = name
        self._honours_idempotency = honours_idempotency
        self._coming: list[SendOutcome] = []
        self.attempts: list[Outgoing] = []
        self.arrived: list[Outgoing] = []

    @property
    def name(self) -> str:
        return self._name

    @property
    def honours_idempotency(self) -> bool:
        return self._honours_idempotency

    def will(self, *outcomes: SendOutcome) -> None:
        """Lay down what comes of the next sends, in order."""
        self._coming.extend(outcomes)

    async def send(self, message: Outgoing) -> SendOutcome:
        self.attempts.append(message)
        outcome = self._coming.pop(0) if self._coming else Sent(provider_id=f"fake-{len(self.attempts)}")
        match outcome:
            case Refused() | TryAgain():
                return outcome
            case Uncertain(sentence=sentence):
                self._arrive(message)
                return TryAgain(sentence) if self._honours_idempotency else outcome
            case Sent():
                self._arrive(message)
                return outcome

    def _arrive(self, message: Outgoing) -> None:
        known = {each.idempotency_key for each in self.arrived}
        if not (self._honours_idempotency and message.idempotency_key in known):
            self.arrived.append(message)
