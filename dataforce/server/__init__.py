"""The registry of a backend behind the HTTP API of the platform.

```text
running           a server that binds an address and runs until it is told to stop
connections       its connections: deadlines, and how many there may be
app               the application: the endpoints of a family, in a version of the API
routes/           the endpoints; `assets` makes those of any kind, the others are the platform's
bodies            bodies of requests, read once the API key is known
spooling          uploads of records with their files
request_bodies    what the platform's endpoints take
responses         what they respond with
authentication    API keys
roles             what their holders may do
registry          the records of a backend, with errors in the words of the platform
listing           pages in the platform's orders
error_handlers    errors as the platform's responses
ranges            files that are read by ranges
objects           what the registry asks of the place where model files are
uploads           how the bytes of a model are cut into parts
object_endpoint   model files uploaded to and read from this server, by signed URLs
```

It stands above the backend interface: it takes any backend and imports none.
"""

from dataforce.server.app import create_app
from dataforce.server.authentication import read_keys
from dataforce.server.object_endpoint import HostedObjects
from dataforce.server.objects import ObjectStore, StoredObject
from dataforce.server.roles import Access, OrbitRole, OrganizationRole
from dataforce.server.running import Server
from dataforce.server.uploads import UploadLimits

__all__ = [
    "Access",
    "HostedObjects",
    "ObjectStore",
    "OrbitRole",
    "OrganizationRole",
    "Server",
    "StoredObject",
    "UploadLimits",
    "create_app",
    "read_keys",
]
