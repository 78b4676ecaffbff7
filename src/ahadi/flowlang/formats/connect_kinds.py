"""What blocks of Amazon Connect are: those that only go on or fail, those that decide, and what their errors mean."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from ahadi.flowlang.formats.connect_blocks import ANY_ERROR, AT_CAPACITY, NO_MATCH, TIME_OUT, Way
from ahadi.flowlang.model import Owner

# Errors by their type: the outcome, who owns it, whether it is the customer's mistake.
ERRORS: Final[Mapping[str, tuple[str, Owner, bool]]] = {
    ANY_ERROR: ("failed", "world", False),
    AT_CAPACITY: ("full", "world", False),
    TIME_OUT: ("silence", "customer", True),
    NO_MATCH: ("otherwise", "world", False),
    "InvalidPhoneNumber": ("wrong", "customer", True),
    "InvalidCallbackNumber": ("wrong", "customer", True),
    "CallbackNumberNotDialable": ("not dialable", "customer", True),
    "ConnectionTimeLimitExceeded": ("no-answer", "world", False),
    "CallFailed": ("busy", "world", False),
}
# What goes on by itself or fails: setting, recording, telling other systems.
PLAIN: Final = frozenset({
    "UpdateContactTargetQueue", "UpdateContactAttributes", "UpdateFlowAttributes", "UpdateContactEventHooks",
    "UpdateContactTextToSpeechVoice", "UpdateContactRecordingBehavior", "UpdateContactRecordingAndAnalyticsBehavior",
    "UpdateContactRoutingBehavior", "UpdateContactData", "UpdateContactMediaStreamingBehavior",
    "UpdateContactMediaProcessing", "UpdateContactCallbackNumber", "UpdateFlowLoggingBehavior", "UpdateRoutingCriteria",
    "UpdatePreviousContactParticipantState", "CompleteOutboundCall", "TagContact", "UnTagContact", "CreateTask",
    "CreateWisdomSession", "CreateCase", "GetCase", "UpdateCase", "GetMetricData", "GetCustomerProfile",
    "AssociateContactToCustomerProfile", "CreateCustomerProfile", "UpdateCustomerProfile", "StartVoiceIdStream",
    "MessageParticipant", "ResumeContact", "LoadContactContent", "CreatePersistentContactAssociation",
})  # fmt: skip
# Of these, what can fail in a way that the flow has to say something about.
FAIL: Final = frozenset({
    "UpdateContactTargetQueue", "UpdateContactAttributes", "UpdateContactEventHooks",
    "CreateTask", "CreateCase", "GetCase", "UpdateCase", "GetMetricData", "GetCustomerProfile", "LoadContactContent",
})  # fmt: skip
CANNOT_CALL: Final = ("InvalidCallbackNumber", "CallbackNumberNotDialable")
DECIDES: Final = frozenset({"Compare", "CheckMetricData", "DistributeByPercentage", "CheckVoiceId",
                             "CheckOutboundCallStatus"})  # fmt: skip


def compared(way: Way) -> str:
    """A condition in words: `= 1`."""
    signs = {"Equals": "=", "NumberEqualTo": "=", "NumberGreaterThan": ">", "NumberLessThan": "<",
             "NumberGreaterOrEqualTo": "≥", "NumberLessOrEqualTo": "≤", "Contains": "contains",
             "TextContains": "contains", "StartsWith": "starts with", "TextStartsWith": "starts with",
             "TextEndsWith": "ends with"}  # fmt: skip
    return f"{signs.get(way.operator, way.operator)} {way.name}"


def spoken(name: str) -> Iterator[str]:
    """What a customer says for a choice: an intent's name in words."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|[_\-]+", " ", name).removesuffix("Intent").strip()
    for each in dict.fromkeys((words.lower(), *words.lower().split())):
        if each and not each.isdigit():
            yield each
