"""Reference servers that are wrong in one way each, to show that the checks see it."""

from idprobe.reference.mutants import (
    authorization,
    clients,
    codes,
    documents,
    errors,
    id_tokens,
    management,
    pages,
    refresh,
    resources,
    token_clients,
    token_denials,
    token_form,
    token_reading,
    tokens,
)
from idprobe.reference.mutants.registry import MUTANTS, MutantInfo, mutant, mutant_named

__all__ = [
    "MUTANTS",
    "MutantInfo",
    "authorization",
    "clients",
    "codes",
    "documents",
    "errors",
    "id_tokens",
    "management",
    "mutant",
    "mutant_named",
    "pages",
    "refresh",
    "resources",
    "token_clients",
    "token_denials",
    "token_form",
    "token_reading",
    "tokens",
]
