"""Quiet hours: when a customer may be written to, over midnight and over changes of the clock."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo


def may_send_at(now: datetime, quiet_from: time | None, quiet_to: time | None, zone: tzinfo) -> datetime:
    """The first moment, now or later, outside the quiet hours; in UTC. `now` must have a zone.

    A quiet period runs from `quiet_from` to the next `quiet_to` by the customer's own clock. Where the clock is put
    back and shows one of them twice, it begins at the first and ends at the second, so that it is never shorter than
    it reads; where the clock skips one, it counts as the moment of the skip. Two equal times, or None, mean no
    quiet hours.
    """
    if now.tzinfo is None:
        raise ValueError("now has no time zone")
    moment = now.astimezone(UTC)
    if quiet_from is None or quiet_to is None or quiet_from == quiet_to:
        return moment
    day = moment.astimezone(zone).date()
    for begins in (day + timedelta(days=offset) for offset in range(-2, 4)):
        ends = begins if quiet_from < quiet_to else begins + timedelta(days=1)
        start = _shown(begins, quiet_from, zone, last=False)
        end = _shown(ends, quiet_to, zone, last=True)
        if start <= moment < end:  # periods are looked at in order, so one that begins as this one ends counts too
            moment = end
    return moment


def _shown(day: date, at: time, zone: tzinfo, *, last: bool) -> datetime:
    """When a clock in the zone shows this time on this day: the first or last such moment, or the skip over it."""
    wall = datetime.combine(day, at.replace(tzinfo=None, fold=0))
    before = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    after = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    if after < before:  # skipped (PEP 495: fold=0 reads it with the offset before the skip, and so too late)
        return _change_between(after, before, zone)
    return after if last else before


def _change_between(early: datetime, late: datetime, zone: tzinfo) -> datetime:
    """The first whole second with the later offset; both lie around one change of the zone's clock."""
    offset = early.astimezone(zone).utcoffset()
    while late - early > timedelta(seconds=1):
        middle = early + timedelta(seconds=(late - early) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == offset:
            early = middle
        else:
            late = middle
    return late.replace(microsecond=0)
