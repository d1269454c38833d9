"""Reference servers that use the freedom that specifications leave, to show that no check minds.

Each module of this package declares some; all are loaded with it.
"""

import importlib
import pkgutil

from idprobe.reference.variants.registry import VARIANTS, VariantInfo, variant

__all__ = ["VARIANTS", "VariantInfo", "variant"]

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
