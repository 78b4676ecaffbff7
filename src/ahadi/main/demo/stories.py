"""What customers of the demo come with, in their own words, and what the departments answer. Plain data."""

from dataclasses import dataclass
from typing import Literal

Channel = Literal["phone", "email", "web", "chat", "sms"]


@dataclass(frozen=True, slots=True)
class Story:
    """One matter: what is said, the reason it is sorted under, and what was done in the end."""

    organisation: str
    reason: str
    subject: str
    text: str
    again: str
    done: str
    language: str = "en"


STORIES = (
    Story("power", "outage", "No power since six", "The whole street has been dark since six this morning.",
          "It is still dark. When will somebody come?", "The fuse at the transformer was replaced"),
    Story("power", "outage", "Umeme umekatika", "Umeme umekatika tangu jana usiku, chakula kinaharibika.",
          "Bado hakuna umeme. Mtakuja lini?", "Nyaya zilizokatika zimerekebishwa", "sw"),
    Story("power", "token", "Token not accepted", "My meter answers with error 30 when I type the token.",
          "I tried the new token and it is refused as well.", "A fresh token was sent and accepted"),
    Story("power", "bill", "Bill twice as high", "My bill is double that of last month and nobody lives here now.",
          "I was asked to pay again today.", "The reading was wrong; the bill was corrected"),
    Story("power", "danger", "Cable on the ground", "A cable came down in the storm and sparks near the school gate.",
          "Children are walking past it.", "The line was switched off and the cable put up again"),
    Story("net", "no-connection", "Internet is down", "No internet since yesterday, the red light blinks.",
          "I work from home and lost a second day.", "A splice was mended in the street cabinet"),
    Story("net", "slow", "Very slow in the evening", "I pay for 40 and get 3 in the evening.",
          "Last night it was even slower.", "The line was moved to another port"),
    Story("net", "moving", "Moving house", "We move on the first. Can the line come along?",
          "Nobody has told me the date yet.", "The move is booked and confirmed"),
    Story("net", "bill", "Charged twice", "My card was charged twice for October.",
          "The money is still missing.", "One payment was returned"),
    Story("clinic", "appointment", "Appointment for a child", "My daughter has had a fever for three days.",
          "She is worse today.", "An appointment was given and kept"),
    Story("clinic", "results", "Test results", "I was told to ask for my results today.",
          "I asked yesterday as well.", "The doctor called with the results"),
    Story("clinic", "prescription", "Dawa zimeisha", "Dawa zangu za presha zinaisha kesho.",
          "Sijapata jibu bado.", "Daktari ameandika dawa mpya", "sw"),
)  # fmt: skip

NAMES = (
    "Neema Achieng", "Peter Kamau", "Zawadi Mutua", "John Otieno", "Fatuma Ali", "Samuel Kiptoo", "Rehema Said",
    "David Mwangi", "Grace Wanjiru", "Hassan Omar", "Lucy Njeri", "Joseph Barasa", "Halima Yusuf", "Kevin Ochieng",
    "Mercy Chebet", "Ibrahim Noor", "Ruth Nyambura", "Daniel Kipchoge", "Salma Abdi", "Paul Wekesa", "Janet Atieno",
    "Moses Karanja", "Asha Bakari", "Victor Maina", "Beatrice Auma", "Ali Hamisi", "Esther Mumbi", "George Odhiambo",
    "Lilian Jepkosgei", "Martin Njoroge", "Naomi Wafula", "Oscar Kilonzo", "Pauline Moraa", "Rashid Juma",
    "Sarah Wambui", "Thomas Rotich", "Violet Nekesa", "Wilson Gitau", "Yvonne Akinyi", "Zainab Mohamed",
)  # fmt: skip

CHANNELS: tuple[tuple[Channel, int], ...] = (("phone", 6), ("email", 3), ("chat", 2), ("sms", 2), ("web", 1))
CONTACTS_AN_HOUR = (1, 1, 1, 1, 1, 2, 4, 7, 10, 12, 12, 11, 9, 9, 11, 11, 10, 8, 6, 5, 4, 3, 2, 1)
"""How many contacts arrive in each hour of a day, by the clock in Nairobi."""
NOTES = (
    "Checked with the shift lead, parts are in the store.",
    "Customer asks to be called after five.",
    "Seen this on the same street this morning; may be one fault.",
    "Meter number confirmed on the phone.",
)
WHY_LATER = ("the crew is held up by the rain", "the part comes from the other depot", "the doctor is in theatre")
