"""Reference servers that use the freedom that specifications leave, to show that no check minds.

Each module of this package declares some; all are loaded with it.
"""

import importlib
import pkgutil

from idprobe_reference.variants.registry import VARIANTS, VariantInfo, variant

__all__ = ["VARIANTS", "VariantInfo", "variant"]

for _module in pkgutil.walk_packages(__path__, f"{__name__}."):
    importlib.import_module(_module.name)
