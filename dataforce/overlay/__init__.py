"""Overlays: local changes over a backend that is only read.

`reports` holds what `client.overlay` and `dataforce.copy` return; `store` says what a place for
overlays must offer, and `layered` what a backend with overlays offers. Backends implement both.
"""

from dataforce.overlay.reports import (
    Action,
    Change,
    Conflict,
    CopyReport,
    Diff,
    FieldChange,
    FieldConflict,
    OverlayStatus,
    PullReport,
    PushReport,
    Resolution,
)

__all__ = [
    "Action",
    "Change",
    "Conflict",
    "CopyReport",
    "Diff",
    "FieldChange",
    "FieldConflict",
    "OverlayStatus",
    "PullReport",
    "PushReport",
    "Resolution",
]
