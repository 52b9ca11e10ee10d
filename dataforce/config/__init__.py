"""Settings: from code, then the environment, then a configuration file, then the default.

```text
settings      the declaration: every setting's name, type, default and constraint
origin        where a value came from
declaration   the dotted names of a declaration, and tables of them
environment   the DFS_ variables
files         finding, reading and checking a configuration file
destination   where calls and the key go, and whether the user meant that
notices       warnings, each one once
loading       the sources put in order
editing       changes of a configuration file
```

A new setting is one more field of `Settings`; a group of settings is one more pydantic model
among its fields. Variables and keys of the file follow from the declaration.
"""

from dataforce.config.loading import load_settings
from dataforce.config.origin import Origin
from dataforce.config.settings import APIVersion, BackendType, MaskedURL, Settings

__all__ = ["APIVersion", "BackendType", "MaskedURL", "Origin", "Settings", "load_settings"]
