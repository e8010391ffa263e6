"""The company: its profile, and that of others."""

from common.capabilities import Capability
from common.requests import business as requests
from frontend.operation import Ask, Operation
from frontend.replies import business as replies
from frontend.replies.common import Succeeded

PROFILE = "the company's profile takes questions to the server (w:biz) that the library does not export"

OPERATIONS = (
    Operation(
        "POST",
        "business/company-description",
        Ask("company-description", Capability.QUESTIONS, PROFILE),
        "The company's description",
        Succeeded,
        body=requests.CompanyText,
        status=201,
        tag="business",
        example={"value": "Padaria artesanal desde 1998"},
    ),
    Operation(
        "POST",
        "business/company-email",
        Ask("company-email", Capability.QUESTIONS, PROFILE),
        "The company's e-mail address",
        Succeeded,
        body=requests.CompanyEmail,
        status=201,
        tag="business",
        example={"value": "contato@example.com"},
    ),
    Operation(
        "POST",
        "business/company-address",
        Ask("company-address", Capability.QUESTIONS, PROFILE),
        "The company's address",
        Succeeded,
        body=requests.CompanyText,
        status=201,
        tag="business",
        example={"value": "Rua das Flores 120, Curitiba"},
    ),
    Operation(
        "POST",
        "business/company-websites",
        Ask("company-websites", Capability.QUESTIONS, PROFILE),
        "The company's websites",
        Succeeded,
        body=requests.CompanyWebsites,
        status=201,
        tag="business",
        example={"websites": ["https://example.com"]},
    ),
    Operation(
        "POST",
        "business/hours",
        Ask("business-hours", Capability.QUESTIONS, PROFILE),
        "When the company is open",
        Succeeded,
        body=requests.BusinessHours,
        status=201,
        tag="business",
        example={
            "timezone": "America/Sao_Paulo",
            "mode": "specificHours",
            "days": [{"dayOfWeek": "TUESDAY", "openTime": "07:00", "closeTime": "19:00"}],
        },
    ),
    Operation(
        "GET",
        "business/available-categories",
        Ask("available-categories", Capability.QUESTIONS, PROFILE),
        "The categories that a company can have",
        replies.Categories,
        query=requests.FindCategories,
        tag="business",
    ),
    Operation(
        "POST",
        "business/categories",
        Ask("company-categories", Capability.QUESTIONS, PROFILE),
        "The company's categories",
        Succeeded,
        body=requests.CompanyCategories,
        status=201,
        tag="business",
        example={"categories": ["RESTAURANT", "629412378414563"]},
    ),
    Operation(
        "GET",
        "business/profile",
        Ask("business-profile", Capability.QUESTIONS, PROFILE),
        "The profile of a company",
        replies.BusinessProfile,
        query=requests.OfBusiness,
        tag="business",
        refusals=(404,),
    ),
)
