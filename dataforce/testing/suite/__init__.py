"""Every behaviour that a user sees, as tests that any backend passes.

`from dataforce.testing.suite import *` in a test module runs them with the fixtures of
`dataforce.testing.plugin`.
"""

# ruff: noqa: F403

from dataforce.testing.suite.async_client import *
from dataforce.testing.suite.async_transfers import *
from dataforce.testing.suite.behaviour import *
from dataforce.testing.suite.bucket_secrets import *
from dataforce.testing.suite.chosen_defaults import *
from dataforce.testing.suite.clients import *
from dataforce.testing.suite.collections import *
from dataforce.testing.suite.defaults import *
from dataforce.testing.suite.downloads import *
from dataforce.testing.suite.error_messages import *
from dataforce.testing.suite.file_stores import *
from dataforce.testing.suite.hierarchy import *
from dataforce.testing.suite.listing import *
from dataforce.testing.suite.manifests import *
from dataforce.testing.suite.model_artifacts import *
from dataforce.testing.suite.open_files import *
from dataforce.testing.suite.orbits import *
from dataforce.testing.suite.organizations import *
from dataforce.testing.suite.progress import *
from dataforce.testing.suite.queries import *
from dataforce.testing.suite.records import *
from dataforce.testing.suite.references import *
from dataforce.testing.suite.resources import *
from dataforce.testing.suite.setup_config import *
from dataforce.testing.suite.signed_urls import *
from dataforce.testing.suite.statuses import *
from dataforce.testing.suite.stores import *
from dataforce.testing.suite.unknown_defaults import *
from dataforce.testing.suite.updates import *
from dataforce.testing.suite.uploads import *
from dataforce.testing.suite.validation import *
