"""Mutants of claims in languages and from elsewhere (OpenID Connect Core 5.2 and 5.6.2)."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from idprobe_reference.mutants.bending import bend, having
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.server import ReferenceServer

for one in (
    ("claims_from_elsewhere", "SourcesAreLost", "A name leads to a source that is not there.",
     "OIDCC-5.6.2/claim-names-resolve",
     lambda v: {**v, "_claim_names": {**v["_claim_names"], "vat": "lost"}} if v else v),
    ("claim_source", "JwtIsElsewhere", "The endpoint of a source is no URL.",
     "OIDCC-5.6.2/distributed-endpoint-member",
     lambda v: v if "JWT" in v else {**v, "endpoint": "claims"}),
    ("aggregated_claims", "JwtLacksItsClaim", "The JWT of a source lacks what refers to it.",
     "OIDCC-5.6.2/aggregated-jwt-member", lambda _: {}),
    ("aggregated_claims", "JwtHasOurSub", "The JWT of a source has the sub of this server.",
     "OIDCC-5.6.2/no-foreign-sub-in-source", having(sub="user-5f1d9c0a7be3")),
    ("claim_types", "NoNormalClaims", "Normal claims are not on the list.",
     "OIDCC-5.6/normal-claims-supported", lambda v: v[1:]),
    ("named_claim", "TagsAreInLowerCase", "Language tags are told in lower case.",
     "OIDCC-5.2/registered-case-of-tags",
     lambda v: (v[0].lower(), v[1]) if "#" in v[0] else v),
    ("locale_fits", "LocalesAreIgnored", "No claim is told in another language.",
     "OIDCC-5.2/claim-locales-matched", lambda _: False),
):  # fmt: skip
    bend(*one)


@mutant(breaks="OIDCC-5.2/no-tag-when-one-language")
class TagsAreAlwaysTold(ReferenceServer):
    """A claim in one language keeps its tag."""

    def name_in_one_language(self, stored: str) -> str:
        return stored


@mutant(breaks="OIDCC-5.2/language-tags-case-insensitive")
class CaseOfTagsMatters(ReferenceServer):
    """A language tag in another case is another one."""

    def same_name(self, stored: str, asked: str) -> bool:
        """Return whether two names are the same to the letter."""
        return stored == asked
