"""The assets of the registry: what the platform answers, takes and allows.

Each module declares one kind: the model of its record, of what creates one and of what changes
one, and the `Kind` that tells every backend where it stands.
"""

from dataforce.models._base import AssetRecord
from dataforce.models.registry.bucket_secret import (
    BUCKET_SECRET,
    BucketSecret,
    BucketSecretCreate,
    BucketSecretSort,
    BucketSecretUpdate,
)
from dataforce.models.registry.collection import (
    COLLECTION,
    Collection,
    CollectionCreate,
    CollectionSort,
    CollectionType,
    CollectionUpdate,
)
from dataforce.models.registry.manifest import Manifest, ManifestItem, ManifestVariable
from dataforce.models.registry.model_artifact import (
    MODEL_ARTIFACT,
    CreatedModel,
    ModelArtifact,
    ModelArtifactCreate,
    ModelArtifactSort,
    ModelArtifactStatus,
    ModelArtifactUpdate,
    SignedURL,
    UploadDetails,
    UploadPart,
)
from dataforce.models.registry.orbit import (
    ORBIT,
    Orbit,
    OrbitCreate,
    OrbitMember,
    OrbitSort,
    OrbitUpdate,
    OrbitUser,
)
from dataforce.models.registry.organization import (
    ORGANIZATION,
    Organization,
    OrganizationCreate,
    OrganizationSort,
    OrganizationUpdate,
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
    "BucketSecretCreate",
    "BucketSecretSort",
    "BucketSecretUpdate",
    "Collection",
    "CollectionCreate",
    "CollectionSort",
    "CollectionType",
    "CollectionUpdate",
    "CreatedModel",
    "Manifest",
    "ManifestItem",
    "ManifestVariable",
    "ModelArtifact",
    "ModelArtifactCreate",
    "ModelArtifactSort",
    "ModelArtifactStatus",
    "ModelArtifactUpdate",
    "Orbit",
    "OrbitCreate",
    "OrbitMember",
    "OrbitSort",
    "OrbitUpdate",
    "OrbitUser",
    "Organization",
    "OrganizationCreate",
    "OrganizationSort",
    "OrganizationUpdate",
    "SignedURL",
    "UploadDetails",
    "UploadPart",
]
