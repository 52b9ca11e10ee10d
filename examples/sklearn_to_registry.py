"""Train a model, keep it in a registry in one line, and predict with it in a new process.

    pip install "dataforce[fnnx]" scikit-learn
    python examples/sklearn_to_registry.py

Without any settings the registry is on this machine. Environment variables choose another one.
"""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime
from tempfile import TemporaryDirectory

from dataforce import Client

try:
    from sklearn.datasets import load_iris
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import train_test_split
except ImportError as error:
    sys.exit(f"This example trains a model ({error}). Run pip install scikit-learn first.")

MEASURED = load_iris()
TRAINING, TEST, TRAINING_SPECIES, TEST_SPECIES = train_test_split(
    MEASURED.data, MEASURED.target, random_state=0
)


def train(name: str) -> None:
    """Train forests of two sizes and keep both, as two versions of one model."""
    with Client() as client:
        client.collection = client.collections.create("Made by an example", name, "model").id
        for trees in (2, 50):
            forest = RandomForestClassifier(trees, random_state=0).fit(TRAINING, TRAINING_SPECIES)
            accuracy = round(forest.score(TEST, TEST_SPECIES), 3)
            model = client.model_artifacts.upload(
                forest, "iris", f"{trees} trees", metrics={"accuracy": accuracy}
            )
            say("stored", f"{model.file_name}, {model.description}: accuracy {accuracy}")


def predict(name: str) -> None:
    """Take the newest version of the model, and predict with it."""
    with Client(collection=name) as client:
        newest, *older = client.model_artifacts.versions("iris")
        say("found", f"{newest.description}, and {len(older)} older version")

        # A pickle runs code when it is loaded; this one was made by the function above.
        forest = client.model_artifacts.load(newest, trust=True)
        species = MEASURED.target_names[forest.predict(TEST[:1])[0]]
        say("loaded", f"{type(forest).__name__} says {species} of {TEST[0].tolist()}")

        with TemporaryDirectory() as folder:
            pickle = client.model_artifacts.extract(newest, folder)
            say("extracted", pickle.name)


def say(what: str, how: str) -> None:
    """Print one line of the story, at once: two processes tell it."""
    print(f"{what:<12}{how}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        predict(sys.argv[1])
    else:
        # The time makes it a name of its own in every run.
        unique = f"Flowers {datetime.now().astimezone():%Y-%m-%d %H:%M:%S.%f}"
        train(unique)
        subprocess.run([sys.executable, __file__, unique], check=True)
