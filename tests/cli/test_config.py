"""The configuration file, changed from the command line."""

from __future__ import annotations

import stat
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest

from dataforce import ConfigurationError
from dataforce.config import load_settings
from dataforce.config.editing import change_file
from tests.cli.conftest import Command


@pytest.fixture
def path(command: Command) -> Path:
    return Path(command("config", "path").strip())


def test_a_setting_is_stored_and_removed(command: Command, path: Path) -> None:
    assert not path.exists()
    assert command("config", "set", "timeout", "60") == ""
    command("config", "set", "read_only", "true")
    command("config", "set", "orbit", "Trees")
    assert load_settings({}).timeout == 60
    expected = '[clients.default]\ntimeout = 60.0\nread_only = true\norbit = "Trees"\n'
    assert path.read_text() == f'default_client = "default"\n\n{expected}'
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    command("config", "unset", "orbit")
    assert load_settings({}).orbit is None
    assert "orbit was not set in" in command.failure("config", "unset", "orbit", code=0)


def test_comments_stay(command: Command, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = '# mine\ndefault_client = "work"\n\n[clients.work]\ntimeout = 5 # short\n'
    path.write_text(text)
    path.chmod(0o644)
    command("config", "set", "timeout", "5.5")
    assert path.read_text() == text.replace("5 #", "5.5 #")
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [each.name for each in path.parent.iterdir() if each.suffix != ".lock"] == [path.name]


def test_several_clients(command: Command, path: Path) -> None:
    assert command.json("config", "list") == []
    command("config", "set", "timeout", "1", "--client-name", "one")
    command("config", "set", "timeout", "2", "--client-name", "two")
    assert load_settings({}).timeout == 1
    command("config", "use", "two")
    assert load_settings({}).timeout == 2
    assert command.json("config", "list") == [
        {"name": "one", "default": False, "settings": ["timeout"]},
        {"name": "two", "default": True, "settings": ["timeout"]},
    ]
    said = command.failure("config", "use", "twoo")
    assert f"{path} has no client 'twoo'; did you mean 'two'?; it has: one, two" in said


def test_another_file(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "folder" / "mine.toml"
    command("config", "set", "timeout", "7", "--config-file", str(file))
    assert load_settings({}, configuration_file=file).timeout == 7
    link = tmp_path / "link.toml"
    link.symlink_to(file)
    command("config", "set", "timeout", "8", "--config-file", str(link))
    assert link.is_symlink()
    assert load_settings({}, configuration_file=file).timeout == 8


def test_secrets_are_read_from_the_standard_input(
    command: Command, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command("config", "set", "timeout", "5")
    path.chmod(0o644)
    for name, secret in (
        ("api_key", "dfs_hidden"),
        ("database_url", "postgresql://me:hidden@db/r"),
    ):
        said = command.failure("config", "set", name, secret, code=2)
        assert "A secret is no argument" in said
        assert "hidden" not in said
        monkeypatch.setattr(sys, "stdin", StringIO(f"{secret}\n"))
        assert command("config", "set", name) == ""
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "hidden" not in command("config", "show")


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("tiemout", "5", "unknown setting 'tiemout'; did you mean 'timeout'?"),
        ("timeout", "soon", "timeout (clients.default.timeout in {path}): expected a number"),
    ],
)
def test_wrong_settings_are_not_stored(
    name: str, value: str, complaint: str, command: Command, path: Path
) -> None:
    assert complaint.format(path=path) in command.failure("config", "set", name, value)
    assert not path.exists()


def test_files_that_are_not_changed(command: Command, tmp_path: Path) -> None:
    yaml = tmp_path / "mine.yaml"
    arguments = ("config", "set", "timeout", "5", "--config-file")
    assert "comments in YAML would be lost" in command.failure(*arguments, str(yaml))
    broken = tmp_path / "broken.toml"
    broken.write_text("[clients\n")
    assert "is not valid TOML" in command.failure(*arguments, str(broken))
    assert broken.read_text() == "[clients\n"
    blocked = str(broken / "mine.toml")
    assert "cannot be changed: " in command.failure(*arguments, blocked)
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("colour = 1\n")
    assert "unknown key colour" in command.failure(*arguments, str(wrong))
    assert "unknown setting" in command.failure("config", "unset", "colour")
    assert wrong.read_text() == "colour = 1\n"


def test_a_change_that_fails_leaves_the_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("# empty\n")
    with pytest.raises(ConfigurationError, match="unknown key colour"):
        change_file(path, lambda document: document.update(colour=1))
    assert path.read_text() == "# empty\n"


def test_changes_at_the_same_time_are_all_kept(tmp_path: Path) -> None:
    path = str(tmp_path / "mine.toml")
    settings = {"timeout": "5", "retry_timeout": "6", "orbit": "Trees", "overlay": "mine"}
    code = "import sys; from dataforce.cli import main; sys.exit(main(sys.argv[1:]))"
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code, "config", "set", name, value, "--config-file", path]
        )
        for name, value in settings.items()
    ]
    assert [process.wait(60) for process in running] == [0, 0, 0, 0]
    stored = load_settings({}, configuration_file=path)
    assert (stored.timeout, stored.retry_timeout, stored.orbit, stored.overlay) == (
        5,
        6,
        "Trees",
        "mine",
    )
