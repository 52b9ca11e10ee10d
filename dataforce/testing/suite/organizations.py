"""Organizations."""

from __future__ import annotations

from dataforce import Client, Organization


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
