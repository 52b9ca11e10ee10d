"""A whole session with secrets, of which nothing that it prints may hold one."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server.serving import serving

CANARIES = {
    "key": "dfs_" + "canary-of-the-key".ljust(43, "k"),
    "access": "canary-of-the-access-key",
    "secret": "canary-of-the-secret-key",
    "token": "canary-of-the-session-token",
    "password": "canary-of-the-password",
}
ROOT = Path(__file__).parents[1]

SESSION = """
import logging, pickle, sys, traceback
from dataforce import Client

logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
logging.captureWarnings(True)
url, package, folder, key, access, secret, token, password = sys.argv[1:]

def attempt(call, *arguments, **more):
    try:
        print(repr(call(*arguments, **more)))
    except Exception:
        traceback.print_exc()

client = Client(url, key, backend_type="remote", retry_timeout=0)
for shown in (client, client.settings, client.backend, vars(client), vars(client.backend)):
    print(repr(shown), str(shown))
attempt(pickle.dumps, client)
stored = client.bucket_secrets.create(
    "bucket.example", "models", access, secret, session_token=token, region="eu-west-1"
)
print(repr(stored))
attempt(client.bucket_secrets.create, "bucket.example", "models", access, secret, region="x")
attempt(client.bucket_secrets.update, stored.id, secret_key=secret + "\\0")
collection = client.collections.create("", "Models", "model")
client.collection = collection
model = client.model_artifacts.upload(package, "iris")
attempt(client.model_artifacts.download, model, folder)
attempt(client.model_artifacts.download, model, folder + "/no/such/")
attempt(client.model_artifacts.get, "iris")
attempt(client.model_artifacts.update, model.id, status="failed")
attempt(client.model_artifacts.delete, "nobody")
client.collections.delete(collection.id)
attempt(client.bucket_secrets.delete, client.bucket_secrets.list()[0])
client.close()
attempt(client.collections.list)
attempt(lambda: Client(url, key[:-1] + "?", backend_type="remote").orbits.list())
attempt(Client, url, key + " ", backend_type="remote")
nowhere = f"me:{password}@127.0.0.1:9"
for settings in (
    {"base_url": "http://127.0.0.1:9"},
    {"base_url": url, "proxy": f"http://{nowhere}"},
    {"backend_type": "local", "database_url": f"postgresql://{nowhere}/db"},
    {"backend_type": "local", "database_url": f"postgresql+none://{nowhere}/db"},
):
    usual = {"api_key": key, "backend_type": "remote", "retry_timeout": 0}
    with Client(**(usual | settings)) as client:
        attempt(client.orbits.list)
"""


def test_no_secret_is_printed_in_a_whole_session(tmp_path: Path) -> None:
    package = ROOT / "examples" / "data" / "iris.fnnx"
    with serving(api_key=CANARIES["key"]) as url:
        command = [sys.executable, "-c", SESSION, url, str(package), str(tmp_path)]
        ended = subprocess.run([*command, *CANARIES.values()], capture_output=True, text=True)
    printed = ended.stdout + ended.stderr
    assert ended.returncode == 0, printed
    assert "Traceback" in printed
    assert "DEBUG:dataforce.http:" in printed
    assert [name for name, canary in CANARIES.items() if canary[:-1] in printed] == []
    assert "Signature=" not in printed.replace("Signature=*", "")
    assert "signature=" not in printed.replace("signature=*", "")


UNSAFE = {
    ("builtins", "eval"),
    ("builtins", "exec"),
    ("pickle", "load"),
    ("pickle", "loads"),
    ("marshal", "loads"),
    ("yaml", "load"),
    ("yaml", "unsafe_load"),
    ("shelve", "open"),
}


@pytest.mark.parametrize("package", ["dataforce", "backends"])
def test_nothing_is_read_that_could_run_code(package: str) -> None:
    found = []
    for path in sorted((ROOT / package).rglob("*.py")):
        if path.name == "_predictor.py":  # part of a package that is run, and run nowhere else
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Attribute(value=ast.Name(id=module), attr=name):
                    used = {(module, name)}
                case ast.ImportFrom(module=str(module)):
                    used = {(module, each.name) for each in node.names}
                case ast.Call(func=ast.Name(id="eval" | "exec" as name)):
                    used = {("builtins", name)}
                case _:
                    continue
            if used & UNSAFE:
                found.append(f"{path.name}:{node.lineno}")
    assert found == []
