"""The program of a package that predicts; it is copied into the package, and runs from there."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from fnnx.variants.pyfunc import PyFunc


class Predictor(PyFunc):  # type: ignore[misc]  # pragma: no cover  the tests run it from a package
    """Predict with the model in `model.pkl`, row by row."""

    def warmup(self) -> None:
        """Load the model."""
        import pickle

        with open(self.fnnx_context.get_filepath("model.pkl"), "rb") as file:  # noqa: PTH123
            # Whoever runs a package runs its program anyway.
            self._model: Any = pickle.load(file)  # noqa: S301

    def compute(self, inputs: dict[str, Any], dynamic_attributes: dict[str, str]) -> dict[str, Any]:
        """Return the predictions for the rows."""
        import numpy

        rows = numpy.asarray(getattr(inputs["rows"], "data", inputs["rows"]))
        return {"predictions": numpy.asarray(self._predict(rows))}

    async def compute_async(
        self, inputs: dict[str, Any], dynamic_attributes: dict[str, str]
    ) -> dict[str, Any]:
        """Return the predictions for the rows."""
        return self.compute(inputs, dynamic_attributes)

    def _predict(self, rows: Any) -> Any:
        library = type(self._model).__module__.partition(".")[0]
        if not hasattr(self._model, "predict"):
            import torch

            with torch.no_grad():
                return self._model(torch.as_tensor(rows, dtype=torch.float32)).numpy()
        if library == "xgboost" and not hasattr(self._model, "n_features_in_"):
            import xgboost

            return self._model.predict(xgboost.DMatrix(rows))
        names = getattr(self._model, "feature_names_in_", None)
        if names is not None:
            with suppress(ImportError):
                import pandas

                rows = pandas.DataFrame(rows, columns=names)
        return self._model.predict(rows)
