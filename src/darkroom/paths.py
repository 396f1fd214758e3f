"""Where every file and folder is, relative to the repository root, from which DVC runs every stage.

Only `pipeline/`, `api`, `cli`, `cli_arguments` and `params` import it; library functions take a Path.
"""

from pathlib import Path

PARAMS = Path("params.yaml")
PRESETS = Path("presets")
SCHEMA = PRESETS / "params.schema.json"
LOCK = Path("dvc.lock")
CACHE = Path(".cache")
RUNNING = CACHE / "running"  # the lock and the record of each stage
CHOICE = CACHE / "choice.json"  # the champion that a person is choosing

RAW = Path("data/raw")
RELABELLED = RAW / "relabelled"
IMAGES = Path("data/images")
UNPACKED = Path("data/unpacked")
MANIFEST = Path("data/manifest.csv")
PACKED = Path("data/packed")
START = Path("data/start")  # the weights that the training of the tuned network starts from
TRIAL_CURVES = Path("data/trials")  # cached by DVC, so that a fresh clone, which lacks it, searches
WEIGHTS = Path("data/weights")
REPEATS = Path("data/repeats.csv")
MODELS = Path("models")
CHAMPION = Path("champion")
EXPORTS = Path("exports")

VALIDATION = Path("reports/validation.json")
QUARANTINE = Path("reports/quarantine.csv")
DROPPED = Path("reports/dropped.csv")
DATA_DOCS = Path("reports/validation")
TRIALS = Path("reports/trials.csv")
BEST = Path("reports/best.json")
METRICS = Path("reports/metrics.json")
EVALUATION = Path("reports/evaluation")
PREDICTIONS = EVALUATION / "predictions"
TEST_SET = EVALUATION / "details/test_set.json"
VALIDATION_SCORES = EVALUATION / "details/validation.json"
CALIBRATION = EVALUATION / "details/calibration.json"
COST = Path("reports/cost.json")  # times on this machine, so it is cached by DVC and not in git
LABEL_ISSUES = Path("reports/label_issues.csv")
LABEL_QUALITY = Path("reports/label_quality.json")
LEARNING_CURVE = Path("reports/learning_curve.json")
COMPARISON = Path("reports/comparison.json")
LOOKS = Path("reports/looks.json")
CHAMPIONS = Path("reports/champions.csv")
REGISTRATION = Path("reports/registration.json")
REPORT = Path("reports/index.html")
CARDS = Path("reports/cards")
SUMMARY = Path("reports/summary.md")
