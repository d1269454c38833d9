"""Reference servers that are wrong in one way each, to show that the checks see it.

Each module of this package declares some; all are loaded with it.
"""

import importlib
import pkgutil

from idprobe_reference.mutants.registry import MUTANTS, MutantInfo, mutant, mutant_named

__all__ = ["MUTANTS", "MutantInfo", "mutant", "mutant_named"]

for _module in pkgutil.walk_packages(__path__, f"{__name__}."):
    importlib.import_module(_module.name)
