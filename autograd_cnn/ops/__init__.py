"""The operations, one file a family. Importing this package registers all of them: every file in its folders."""

import importlib
import pkgutil

for _found in pkgutil.walk_packages(__path__, f"{__name__}."):
    importlib.import_module(_found.name)
