"""The wires out of the house: guarded HTTP, mail. None of them knows a domain word."""
