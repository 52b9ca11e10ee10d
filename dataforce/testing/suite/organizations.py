"""Organizations."""

from __future__ import annotations

import pytest

from dataforce import Client, MultipleResourcesFoundError, Organization
from dataforce.testing.plugin import MakeOrganization
from dataforce.testing.suite._support import UNKNOWN, ids, spellings


def test_a_fresh_platform_has_one_organization(client: Client) -> None:
    """It is there before anything is made."""
    assert len(client.organizations.list()) == 1


def test_an_organization_is_found_by_its_id_in_any_spelling(client: Client) -> None:
    """Upper case, without dashes, as a URN, in braces."""
    organization = client.organizations.list()[0]
    for spelling in spellings(organization.id):
        assert client.organizations.get(spelling) == organization


def test_an_organization_is_found_by_its_name(client: Client) -> None:
    """Exactly, with upper and lower case told apart."""
    organization = client.organizations.list()[0]
    assert client.organizations.get(organization.name) == organization
    assert client.organizations.get(organization.name.swapcase()) is None


@pytest.mark.parametrize("value", [UNKNOWN, "nobody", ""])
def test_an_unknown_organization_is_none(client: Client, value: str) -> None:
    """By id or by name."""
    assert client.organizations.get(value) is None


def test_the_only_organization_is_the_default(client: Client) -> None:
    """Nothing needs to be set."""
    organization = client.organizations.list()[0]
    assert client.organizations.get() == organization
    assert client.organization == organization.id


def test_two_organizations_are_listed_and_iterated(
    client: Client, other_organization: Organization
) -> None:
    """Both ways show both."""
    assert other_organization in client.organizations.list()
    assert len(client.organizations.list()) == 2
    by_name = client.organizations.iterate(sort_by="name", order="desc", page_size=1)
    names = [organization.name for organization in by_name]
    assert names == sorted(names, reverse=True)


def test_the_default_organization_can_be_another(
    client: Client, other_organization: Organization
) -> None:
    """Set by its name, shown as its id."""
    client.organization = other_organization.name
    assert client.organizations.get() == other_organization
    assert client.organization == other_organization.id


def test_two_organizations_of_one_name_are_told_apart_by_id(
    client: Client, other_organization: Organization, make_organization: MakeOrganization
) -> None:
    """The error names them all."""
    twin = make_organization(other_organization.name)
    with pytest.raises(MultipleResourcesFoundError) as caught:
        client.organizations.get(other_organization.name)
    assert all(identifier in str(caught.value) for identifier in ids([twin, other_organization]))
    assert client.organizations.get(twin.id) == twin
