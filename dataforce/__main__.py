"""`python -m dataforce` is the command `dataforce`."""

import sys

from dataforce.cli import main

sys.exit(main())
