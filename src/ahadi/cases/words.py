"""Words to say about a case, in the customer's language, and the plain names of steps.

Phrases stand here by language; a language that is not here is spoken to in English.
"""

from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_date

_PHRASES = {
    "en": {
        "with_person": "Your request {reference}, “{subject}”, is with {holder} of {department}.",
        "with_holder": "Your request {reference}, “{subject}”, is with {holder}.",
        "resolved": "Your request {reference}, “{subject}”, was settled {when}."
        " If it is not right, I can open it again now.",
        "update": "You will hear from us {when} at the latest.",
        "callback": "We will call you {when} at the latest.",
        "visit": "Somebody will come to you {when} at the latest.",
        "fix": "It is to be put right {when} at the latest.",
        "overdue": "We should have been in touch {when} and were not; I am sorry. I will see to it now.",
        "broken": "We have let you down before on this, and I am sorry.",
        "again": "You do not have to explain it again: I have everything here.",
        "today": "today at {time}",
        "tomorrow": "tomorrow at {time}",
        "on": "on {day} at {time}",
    },
    "sw": {
        "with_person": "Ombi lako {reference}, “{subject}”, linashughulikiwa na {holder} wa {department}.",
        "with_holder": "Ombi lako {reference}, “{subject}”, linashughulikiwa na {holder}.",
        "resolved": "Ombi lako {reference}, “{subject}”, lilikamilishwa {when}."
        " Kama haliko sawa, naweza kulifungua tena sasa.",
        "update": "Tutakujulisha kabla ya {when}.",
        "callback": "Tutakupigia simu kabla ya {when}.",
        "visit": "Mtu wetu atakuja kwako kabla ya {when}.",
        "fix": "Litarekebishwa kabla ya {when}.",
        "overdue": "Tulipaswa kuwasiliana nawe {when} na hatukufanya hivyo; samahani. Nitalishughulikia sasa.",
        "broken": "Tulikuangusha hapo awali kuhusu jambo hili, samahani.",
        "again": "Huhitaji kueleza tena: maelezo yote ninayo hapa.",
        "today": "leo saa {time}",
        "tomorrow": "kesho saa {time}",
        "on": "{day} saa {time}",
    },
    "ar": {
        "with_person": "طلبك \u2066{reference}\u2069، «{subject}»، لدى {holder} من {department}.",
        "with_holder": "طلبك \u2066{reference}\u2069، «{subject}»، لدى {holder}.",
        "resolved": "طلبك \u2066{reference}\u2069، «{subject}»، تمت تسويته {when}."
        " إن لم يكن الأمر صحيحًا فيمكنني فتحه من جديد الآن.",
        "update": "تسمع منا {when} على أبعد تقدير.",
        "callback": "نتصل بك {when} على أبعد تقدير.",
        "visit": "يأتي إليك أحدنا {when} على أبعد تقدير.",
        "fix": "يتم إصلاحه {when} على أبعد تقدير.",
        "overdue": "كان علينا أن نتواصل معك {when} ولم نفعل؛ أعتذر. سأتولى الأمر الآن.",
        "broken": "لقد خذلناك في هذا من قبل، وأعتذر.",
        "again": "لا حاجة إلى الشرح من جديد: كل شيء أمامي هنا.",
        "today": "اليوم الساعة {time}",
        "tomorrow": "غدًا الساعة {time}",
        "on": "{day} الساعة {time}",
    },
}

_TEXTS = {
    "en": {
        "update": "we will tell you how it stands",
        "callback": "we will call you",
        "visit": "somebody will come to you",
        "fix": "it will be put right",
        "reopened": "we will look at it again and tell you what happens next",
        "recovery": "{name} sees to it in person",
        "direct": "{name} will speak with you in person",
        "unreached": "{name} finds another way to reach you",
    },
    "sw": {
        "update": "tutakueleza hali ilivyo",
        "callback": "tutakupigia simu",
        "visit": "mtu wetu atakuja kwako",
        "fix": "litarekebishwa",
        "reopened": "tutaliangalia tena na kukueleza hatua inayofuata",
        "recovery": "{name} anashughulikia mwenyewe",
        "direct": "{name} atazungumza nawe moja kwa moja",
        "unreached": "{name} atatafuta njia nyingine ya kukupata",
    },
    "ar": {
        "update": "نخبرك أين وصل الأمر",
        "callback": "نتصل بك",
        "visit": "يأتي إليك أحدنا",
        "fix": "يتم إصلاحه",
        "reopened": "ننظر فيه من جديد ونخبرك بالخطوة التالية",
        "recovery": "يتولى {name} الأمر بنفسه",
        "direct": "يتحدث {name} معك شخصيًا",
        "unreached": "يجد {name} طريقة أخرى للوصول إليك",
    },
}

_PROMISES = {
    "en": {"update": "an update", "callback": "a call back", "visit": "a visit", "fix": "a repair"},
    "sw": {"update": "taarifa", "callback": "kupigiwa simu", "visit": "kutembelewa", "fix": "marekebisho"},
    "ar": {"update": "إفادة", "callback": "معاودة الاتصال", "visit": "زيارة", "fix": "إصلاح"},
}

_STEPS = {
    "en": {
        "case.opened": "Request received",
        "case.held": "Passed to {name}",
        "case.resolved": "Settled",
        "case.reopened": "Opened again",
        "case.contact_joined": "You were in touch again",
        "case.escalated": "Brought before a manager",
        "case.merged": "Joined with another request",
        "case.split": "A part of it became a request of its own",
        "case.reclassified": "Sorted anew",
        "promise.made": "Promised: {promise}",
        "promise.kept": "Promise kept: {promise}",
        "promise.renewed": "Another time was agreed for {promise}",
        "promise.broken": "Promise not kept: {promise}",
        "promise.withdrawn": "Promise withdrawn: {promise}",
        "promise.handed_over": "{name} now sees to {promise}",
        "message.sent": "Message sent",
    },
    "sw": {
        "case.opened": "Ombi limepokelewa",
        "case.held": "Limekabidhiwa kwa {name}",
        "case.resolved": "Limekamilishwa",
        "case.reopened": "Limefunguliwa tena",
        "case.contact_joined": "Uliwasiliana nasi tena",
        "case.escalated": "Limefikishwa kwa meneja",
        "case.merged": "Limeunganishwa na ombi lingine",
        "case.split": "Sehemu yake imekuwa ombi lake",
        "case.reclassified": "Limepangwa upya",
        "promise.made": "Ahadi: {promise}",
        "promise.kept": "Ahadi imetimizwa: {promise}",
        "promise.renewed": "Muda mwingine umekubaliwa: {promise}",
        "promise.broken": "Ahadi haikutimizwa: {promise}",
        "promise.withdrawn": "Ahadi imeondolewa: {promise}",
        "promise.handed_over": "{name} sasa anashughulikia {promise}",
        "message.sent": "Ujumbe umetumwa",
    },
    "ar": {
        "case.opened": "وصل الطلب",
        "case.held": "أُحيل إلى {name}",
        "case.resolved": "تمت التسوية",
        "case.reopened": "فُتح من جديد",
        "case.contact_joined": "تواصلت معنا مجددًا",
        "case.escalated": "رُفع إلى مدير",
        "case.merged": "ضُمّ إلى طلب آخر",
        "case.split": "صار جزء منه طلبًا مستقلًا",
        "case.reclassified": "صُنّف من جديد",
        "promise.made": "وعد: {promise}",
        "promise.kept": "أُنجز الوعد: {promise}",
        "promise.renewed": "اتُّفق على وقت آخر: {promise}",
        "promise.broken": "لم يُنجز الوعد: {promise}",
        "promise.withdrawn": "سُحب الوعد: {promise}",
        "promise.handed_over": "يتولى {name} الآن: {promise}",
        "message.sent": "أُرسلت رسالة",
    },
}
LANGUAGES = tuple(_PHRASES)


def spoken_language(language: str) -> str:
    """The language we can speak: the wanted one, or English."""
    return language if language in _PHRASES else "en"


def when(moment: datetime, now: datetime, zone: str, language: str) -> str:
    """A moment as people say it, in their zone: “today at 14:30”, “on Tuesday 24 November at 09:00”."""
    speak = spoken_language(language)
    here, today = moment.astimezone(ZoneInfo(zone)), now.astimezone(ZoneInfo(zone)).date()
    key = "today" if here.date() == today else "tomorrow" if here.date() == today + timedelta(days=1) else "on"
    return _PHRASES[speak][key].format(time=f"{here:%H:%M}", day=_day(here.date(), speak))


@lru_cache(1_000)
def _day(day: date, speak: str) -> str:
    return format_date(day, "EEEE d MMMM", locale=speak)


def promise_name(kind: str, language: str) -> str:
    """A kind of promise in plain words: “a call back”."""
    return _PROMISES[spoken_language(language)].get(kind, kind)


def promise_text(key: str, language: str, **names: str) -> str:
    """What is promised where nobody wrote it: the usual words of a kind, to stand within a sentence."""
    return _TEXTS[spoken_language(language)][key].format(**names)


def _is_usual(text: str, kind: str) -> bool:
    """Whether these are only the usual words of a kind, which the phrase of that kind says already."""
    return any(text == texts.get(kind) for texts in _TEXTS.values())


def step(kind: str, details: dict[str, str], language: str) -> str:
    """A step in plain words."""
    speak = spoken_language(language)
    phrase = _STEPS[speak].get(kind, kind)
    return phrase.format(name=details["name"] or "–", promise=promise_name(details["promise"], speak))


def to_say(
    *,
    language: str,
    zone: str,
    now: datetime,
    reference: str,
    subject: str,
    resolved_at: datetime | None,
    holder: str,
    department: str | None,
    promise: tuple[str, str, datetime] | None,
    broken: int,
    contacts: int,
) -> str:
    """What an agent can say at once to somebody who asks how things stand: true, complete, without jargon."""
    phrases = _PHRASES[spoken_language(language)]
    names = {"reference": reference, "subject": subject, "holder": holder, "department": department}
    if resolved_at is not None:
        return phrases["resolved"].format(**names, when=when(resolved_at, now, zone, language))
    said = [phrases["with_person" if department and department != holder else "with_holder"].format(**names)]
    if promise is not None:
        kind, text, due_at = promise
        key = kind if due_at >= now else "overdue"
        said.append(phrases[key].format(when=when(due_at, now, zone, language)))
        if due_at >= now and text and not _is_usual(text, kind):
            said.append(text[0].upper() + text[1:].rstrip(".") + ".")
    if broken:
        said.append(phrases["broken"])
    if contacts > 1:
        said.append(phrases["again"])
    return " ".join(said)
