"""The assets of the registry: what the platform answers, takes and allows.

Each module declares one kind: the model of its record, of what creates one and of what changes
one, and the `Kind` that tells every backend where it stands.
"""

from dataforce.models._base import AssetRecord
from dataforce.models.bucket_secret import (
    BUCKET_SECRET,
    BucketSecret,
    BucketSecretChanges,
    BucketSecretSort,
    BucketSecretValues,
)
from dataforce.models.collection import (
    COLLECTION,
    Collection,
    CollectionChanges,
    CollectionSort,
    CollectionType,
    CollectionValues,
)
from dataforce.models.manifest import Manifest, ManifestItem, ManifestVariable
from dataforce.models.model_artifact import (
    MODEL_ARTIFACT,
    CreatedModel,
    ModelArtifact,
    ModelArtifactChanges,
    ModelArtifactSort,
    ModelArtifactStatus,
    ModelArtifactValues,
    SignedURL,
    UploadDetails,
    UploadPart,
)
from dataforce.models.orbit import (
    ORBIT,
    Orbit,
    OrbitChanges,
    OrbitMember,
    OrbitSort,
    OrbitUser,
    OrbitValues,
)
from dataforce.models.organization import (
    ORGANIZATION,
    Organization,
    OrganizationChanges,
    OrganizationSort,
    OrganizationValues,
)

KINDS = (ORGANIZATION, BUCKET_SECRET, ORBIT, COLLECTION, MODEL_ARTIFACT)
"""Every kind of the registry, parents before children."""

__all__ = [
    "BUCKET_SECRET",
    "COLLECTION",
    "KINDS",
    "MODEL_ARTIFACT",
    "ORBIT",
    "ORGANIZATION",
    "AssetRecord",
    "BucketSecret",
    "BucketSecretChanges",
    "BucketSecretSort",
    "BucketSecretValues",
    "Collection",
    "CollectionChanges",
    "CollectionSort",
    "CollectionType",
    "CollectionValues",
    "CreatedModel",
    "Manifest",
    "ManifestItem",
    "ManifestVariable",
    "ModelArtifact",
    "ModelArtifactChanges",
    "ModelArtifactSort",
    "ModelArtifactStatus",
    "ModelArtifactValues",
    "Orbit",
    "OrbitChanges",
    "OrbitMember",
    "OrbitSort",
    "OrbitUser",
    "OrbitValues",
    "Organization",
    "OrganizationChanges",
    "OrganizationSort",
    "OrganizationValues",
    "SignedURL",
    "UploadDetails",
    "UploadPart",
]
