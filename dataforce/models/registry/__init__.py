"""The registry family: each module declares the models of one kind, and the kind."""

from dataforce.backend.kind import Family
from dataforce.models.registry.bucket_secret import BUCKET_SECRET
from dataforce.models.registry.collection import COLLECTION
from dataforce.models.registry.model_artifact import MODEL_ARTIFACT
from dataforce.models.registry.orbit import ORBIT
from dataforce.models.registry.organization import ORGANIZATION

REGISTRY = Family("registry", (ORGANIZATION, BUCKET_SECRET, ORBIT, COLLECTION, MODEL_ARTIFACT))

__all__ = ["REGISTRY"]
