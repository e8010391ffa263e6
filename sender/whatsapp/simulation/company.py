"""The company of a simulated account: its profile and its catalogue. Only relayed sessions offer them."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from common.addresses import Jid
from sender.whatsapp.powers.business import BusinessProfile, Category, Hours, NoBusiness
from sender.whatsapp.powers.catalog import Collection, Draft, Page, Product
from sender.whatsapp.powers.refusals import QuestionRefused
from sender.whatsapp.simulation.line import Line

A_PAGE = 10
FIRST_PRODUCT = 7_340_215_698_750_001
EMPTY = BusinessProfile(None, None, None, (), (), None, has_cover=False, has_cart=True)
CATEGORIES = (Category("629412378414563", "Other Business"), Category("133436743388217", "Restaurant"))


class SimulatedCompany:
    """`profiles` are those of others too. The account itself is a company from its first change on."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self.profiles: dict[Jid, BusinessProfile] = {}
        self.products: dict[Jid, list[Product]] = {}
        self.collected: dict[Jid, list[Collection]] = {}
        self._numbers = itertools.count(FIRST_PRODUCT)

    async def profile(self, person: Jid) -> BusinessProfile:
        self._line.check()
        found = self.profiles.get(person)
        if found is None:
            raise NoBusiness
        return found

    async def describe(self, text: str) -> None:
        self._change(description=text or None)

    async def set_address(self, text: str) -> None:
        self._change(address=text or None)

    async def set_email(self, email: str) -> None:
        self._change(email=email or None)

    async def set_websites(self, websites: Sequence[str]) -> None:
        self._change(websites=tuple(websites))

    async def set_hours(self, hours: Hours) -> None:
        self._change(hours=hours)

    async def set_categories(self, ids: Sequence[str]) -> None:
        chosen = tuple(category for category in CATEGORIES if category.id in ids)
        if len(chosen) < len(ids):
            raise QuestionRefused(406)
        self._change(categories=chosen)

    async def find_categories(self, text: str) -> list[Category]:
        self._line.check()
        return [category for category in CATEGORIES if text.lower() in category.name.lower()]

    async def page(self, owner: Jid | None, cursor: str | None) -> Page:
        """The cursor is the number of products before it."""
        products = self.products.get(await self._company(owner), [])
        if not (cursor or "0").isdigit():
            raise QuestionRefused(400)
        start = int(cursor or 0)
        end = start + A_PAGE
        return Page(tuple(products[start:end]), str(end) if len(products) > end else None)

    async def find(self, product: str) -> Product | None:
        products = self.products.get(await self._company(None), [])
        return next((each for each in products if each.id == product), None)

    async def find_by_retailer(self, retailer_id: str) -> Product | None:
        products = self.products.get(await self._company(None), [])
        return next((each for each in products if each.retailer_id == retailer_id), None)

    async def add(self, draft: Draft) -> str:
        await self._company(None)
        made = self.products.setdefault(self._line.own, [])
        made.append(_product(str(next(self._numbers)), draft))
        return made[-1].id

    async def change(self, product: str, draft: Draft) -> None:
        found = await self.find(product)
        if found is None:
            raise QuestionRefused(404)
        products = self.products[self._line.own]
        products[products.index(found)] = _product(product, draft)

    async def delete(self, product: str) -> bool:
        found = await self.find(product)
        if found is not None:
            self.products[self._line.own].remove(found)
        return found is not None

    async def collections(self, owner: Jid | None) -> list[Collection]:
        return self.collected.get(await self._company(owner), [])

    async def _company(self, owner: Jid | None) -> Jid:
        company = owner or self._line.own
        await self.profile(company)
        return company

    def _change(self, **changes: Any) -> None:
        self._line.check()
        own = self._line.own
        self.profiles[own] = replace(self.profiles.get(own, EMPTY), **changes)


def _product(number: str, draft: Draft) -> Product:
    return Product(
        id=number, name=draft.name, description=draft.description, availability="in stock",
        retailer_id=draft.retailer_id, price=draft.price, sale_price=draft.sale_price, currency=draft.currency,
        pictures=tuple(f"https://simulated.invalid/{number}/{index}" for index, _ in enumerate(draft.pictures)),
        url=draft.url, is_hidden=draft.is_hidden,
    )  # fmt: skip
