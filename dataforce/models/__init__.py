"""The models of the registry family, and its kinds.

Each module of `registry` declares one kind: its record, its create and update models, and the
`Kind` that carries it through every backend.
"""

from dataforce.models._base import AssetRecord
from dataforce.models.registry import REGISTRY
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
from dataforce.models.registry.filters import (
    AssetFilters,
    CollectionFilters,
    ModelArtifactFilters,
    Texts,
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
from dataforce.models.registry.signed_urls import SignedURLs

__all__ = [
    "BUCKET_SECRET",
    "COLLECTION",
    "MODEL_ARTIFACT",
    "ORBIT",
    "ORGANIZATION",
    "REGISTRY",
    "AssetFilters",
    "AssetRecord",
    "BucketSecret",
    "BucketSecretCreate",
    "BucketSecretSort",
    "BucketSecretUpdate",
    "Collection",
    "CollectionCreate",
    "CollectionFilters",
    "CollectionSort",
    "CollectionType",
    "CollectionUpdate",
    "CreatedModel",
    "Manifest",
    "ManifestItem",
    "ManifestVariable",
    "ModelArtifact",
    "ModelArtifactCreate",
    "ModelArtifactFilters",
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
    "SignedURLs",
    "Texts",
    "UploadDetails",
    "UploadPart",
]
