"""Trains two readers of handwritten digits, or loads them, with whatever scikit-learn is installed where it runs.

It runs inside the environments of lesson 2 and imports nothing of ours: `_letters.py fit FOLDER SEED` trains, and
`_letters.py load FOLDER` loads what was saved and answers again. The last line that it prints is JSON.
"""

import json
import pickle
import sys
import warnings
from pathlib import Path
from typing import Any

MODELS = ("linear", "forest")
TRAINED_ON = 800


def fit(folder: Path, seed: int) -> dict[str, Any]:
    """Train both on some letters, answer the others, and save models, letters and answers."""
    import numpy as np
    from sklearn.datasets import load_digits
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    pixels, digits = load_digits(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(digits))
    known, held_out = order[:TRAINED_ON], order[TRAINED_ON:]
    linear = LogisticRegression(multi_class="ovr", C=0.05, max_iter=200)
    models = {
        "linear": make_pipeline(StandardScaler(), linear),
        "forest": RandomForestClassifier(25, random_state=seed % 2**32),
    }
    np.save(folder / "letters.npy", pixels[held_out])
    np.save(folder / "digits.npy", digits[held_out])
    for name, model in models.items():
        model.fit(pixels[known], digits[known])
        (folder / f"{name}.pkl").write_bytes(pickle.dumps(model))
        np.save(folder / f"{name}.tested.npy", model.predict_proba(pixels[held_out]))
    return {name: {"error": "", "warnings": 0} for name in models}


def load(folder: Path) -> dict[str, Any]:
    """Load both as a service would at its start, and answer the same letters."""
    return {name: _loaded(folder, name) for name in MODELS}


def _loaded(folder: Path, name: str) -> dict[str, Any]:
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            import numpy as np

            model = pickle.loads((folder / f"{name}.pkl").read_bytes())  # `fit` wrote it a moment ago
            answers = model.predict_proba(np.load(folder / "letters.npy"))
            np.save(folder / f"{name}.production.npy", answers)
            error = ""
        except Exception as problem:  # whatever another version stumbles over is what the lesson shows
            error = f"{type(problem).__name__}: {str(problem).strip().splitlines()[0][:160]}"
    versions = [one for one in heard if one.category.__name__ == "InconsistentVersionWarning"]
    return {"error": error, "warnings": len(versions)}


if __name__ == "__main__":
    asked = fit(Path(sys.argv[2]), int(sys.argv[3])) if sys.argv[1] == "fit" else load(Path(sys.argv[2]))
    print(json.dumps(asked))
