"""The remote backend: the platform's HTTP API, and the bucket that its model files are in.

```text
exchange         connections whose waiting another thread can end; deadlines
failures         what broke a connection, in words that hold no secret
transport        single requests over pooled connections: proxies, certificates, answers
retries          when a request is sent again, and when that ends
refusals         the error class and the hint for each status of the platform
rewording        what is missing or in the way, in the words of all backends
guard            what a client may send

api              calls of the platform: sent, sent again, answers parsed
version          which version of the API it speaks
records          the store of any kind
paged            the kinds that newer platforms give page by page
registry         the kinds with ways of their own

addresses        where the URLs of files may lead
bucket           requests to the bucket
pieces           a file in parts, on its way
registration     where the platform says that bytes go
journal          notes of uploads under way
uploads          from the first byte to the last word
downloads        by ranges, over breaks
model_artifacts  records and files put together

backend          all of it, as the seam sees it
```
"""

from dataforce_remote.backend import RemoteBackend, open_backend

__all__ = ["RemoteBackend", "open_backend"]
