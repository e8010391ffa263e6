"""Questions about companies' profiles."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

from common.addresses import parse_phone
from sender.answering.seats import Seats, doing, reading
from sender.answers import Answerer, NoAnswer
from sender.whatsapp.powers.business import Business, Category, Hours, NoBusiness, OpenDay, Opening

Arguments = Mapping[str, Any]

DAYS = ("SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY")
MODES = {"specificHours": Opening.HOURS, "open24h": Opening.ALWAYS, "appointmentOnly": Opening.APPOINTMENT}


class BusinessQuestions:
    def __init__(self, seats: Seats) -> None:
        self._seats = seats

    def by_name(self) -> Mapping[str, Answerer]:
        return {
            "business-profile": self.show,
            "company-description": self._changing(lambda own, given: own.describe(given["value"] or "")),
            "company-address": self._changing(lambda own, given: own.set_address(given["value"] or "")),
            "company-email": self._changing(lambda own, given: own.set_email(given["value"] or "")),
            "company-websites": self._changing(lambda own, given: own.set_websites(given["websites"] or ())),
            "business-hours": self._changing(lambda own, given: own.set_hours(_hours(given))),
            "company-categories": self.categorise,
            "available-categories": self.find_categories,
        }

    async def show(self, instance: UUID, arguments: Arguments) -> Any:
        business = self._business(instance)
        with reading():
            try:
                profile = await business.profile(parse_phone(arguments["phone"]))
            except NoBusiness:
                raise NoAnswer(404, "this number has no business profile") from None
        return {
            "description": profile.description,
            "address": profile.address,
            "email": profile.email,
            "websites": list(profile.websites),
            "categories": [_category(each) for each in profile.categories],
            "businessHours": None if profile.hours is None else _shown(profile.hours),
            "hasCoverPhoto": profile.has_cover,
        }

    async def find_categories(self, instance: UUID, arguments: Arguments) -> Any:
        business = self._business(instance)
        with reading():
            return [_category(each) for each in await business.find_categories(arguments["query"])]

    async def categorise(self, instance: UUID, arguments: Arguments) -> Any:
        """By ids, or by labels: a label is the name of a category in capitals, since WhatsApp tells no other."""
        business, ids = self._business(instance), list[str]()
        with reading():
            for wanted in dict.fromkeys(arguments["categories"]):
                ids.append(wanted if wanted.isdigit() else await _labeled(business, wanted))
        with doing(instance, "company") as done:
            await business.set_categories(ids)
        return {"success": done.is_done}

    def _business(self, instance: UUID) -> Business:
        return self._seats.inquiries(instance).business

    def _changing(self, change: Callable[[Business, Arguments], Awaitable[None]]) -> Answerer:
        async def answer(instance: UUID, arguments: Arguments) -> Any:
            business = self._business(instance)
            with doing(instance, "company") as done:
                await change(business, arguments)
            return {"success": done.is_done}

        return answer


async def _labeled(business: Business, label: str) -> str:
    text = label.replace("_", " ").lower()
    for category in await business.find_categories(text):
        if category.name.lower() == text:
            return category.id
    raise NoAnswer(400, f"categories: there is no {label}; business/available-categories lists them")


def _category(category: Category) -> dict[str, str]:
    return {"displayName": category.name, "id": category.id}


def _hours(given: Arguments) -> Hours:
    """Without days a company is closed, or open (or to be asked) on all of them."""
    opening, days = MODES[given["mode"]], given["days"]
    if opening is Opening.HOURS:
        opened = [
            OpenDay(DAYS.index(each["dayOfWeek"]), opening, _minutes(each["openTime"]), _minutes(each["closeTime"]))
            for each in days or ()
        ]
    elif days is None:
        opened = [OpenDay(day, opening) for day in range(len(DAYS))]
    else:
        opened = [OpenDay(day, opening) for day in dict.fromkeys(DAYS.index(each["dayOfWeek"]) for each in days)]
    return Hours(given["timezone"], tuple(opened))


def _shown(hours: Hours) -> dict[str, Any]:
    """WhatsApp has a mode for each day, the API one for all: that of the first."""
    modes = {opening: mode for mode, opening in MODES.items()}
    return {
        "timezone": hours.timezone,
        "mode": modes[hours.days[0].opening if hours.days else Opening.HOURS],
        "days": [
            {"dayOfWeek": DAYS[each.day], "openTime": _clock(each.opens), "closeTime": _clock(each.closes)}
            for each in hours.days
        ],
    }


def _minutes(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)


def _clock(minutes: int | None) -> str | None:
    return None if minutes is None else f"{minutes // 60:02d}:{minutes % 60:02d}"
