"""`darkroom serve` under load, on the machine that also runs the clients.

    python -m benchmarks.serving [--part throughput|steady|crowd|garbage|memory|end|start|fuzz|protocol] [--rounds 5]

Without `--part`, all of them, each in turn. Needs the extras `serve` and `dev`, and for some of the parts onnx
(a network is made), litserve, schemathesis and tritonclient[http], which darkroom itself does not need. Figures of
other parts in the report stay.

`throughput`: rounds take turns, so that whatever else the machine does hits all servers alike. All three answer for
the same ONNX file; a ratio is that of requests a second in the same round. MLflow's server gets the pixels as JSON,
which is what its ONNX flavour takes, LitServe and ours the JPEG in base64; ours also as the body itself.
"""

import argparse
import base64
import json
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks import interleave, load_client, serving_clients, serving_network, serving_servers
from benchmarks.load_client import LoadResult
from benchmarks.serving_servers import Server

OUT = Path("reports/benchmarks/serving.json")
VENDORS = ("fastapi", "uvicorn", "onnxruntime", "simplejpeg", "numpy")
CLIENTS = 16  # of the comparison
SECONDS = 8  # of one round of one server
REQUESTS = 20_000  # of `memory`
GARBAGE = (b"", b"hello", b"\xff\xd8\xff\xe0" + b"\0" * 500, b"<html>" * 50, b"\x89PNG\r\n\x1a\n" + b"x" * 90)


def throughput(home: Path, rounds: int) -> dict:
    """Requests a second, processor milliseconds per request, and their ratios."""
    import mlflow  # noqa: F401  # fails now and not after a minute

    pictures = serving_network.jpegs()
    serving_network.write_mlflow(home / "mlflow", home / "export")
    tensors = [json.dumps({"inputs": [pixels.tolist()]}).encode() for pixels in serving_network.inputs(pictures)]
    encoded = [base64.b64encode(picture).decode() for picture in pictures]
    kind = "application/json"
    requests = {
        "darkroom, the body a JPEG": [load_client.post("/predict", "image/jpeg", picture) for picture in pictures],
        "darkroom": [load_client.post("/predict", kind, json.dumps({"images": [text]}).encode()) for text in encoded],
        "litserve": [load_client.post("/predict", kind, json.dumps({"image": text}).encode()) for text in encoded],
        "mlflow": [load_client.post("/invocations", kind, tensor) for tensor in tensors],
    }
    with ExitStack() as stack:
        servers = {name: stack.enter_context(_one_of(name, home)) for name in ("darkroom", "litserve", "mlflow")}
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in requests}
        for number in range(rounds + 1):  # the first one warms up
            for name, prepared in requests.items():
                found[name].append(_rate(servers[name.partition(",")[0]], prepared, 1 if number == 0 else SECONDS))
                print(f"round {number} of {rounds}: {name} {found[name][-1]}", flush=True)
    rates = {name: [rate for rate, _ in pairs[1:]] for name, pairs in found.items()}
    return {
        "requests_per_second": {name: interleave.spread(values) for name, values in rates.items()},
        "processor_ms_per_request": {
            name: interleave.spread([each for _, each in pairs[1:]]) for name, pairs in found.items()
        },
        "ratios": {
            f"{ours} / {other}": interleave.ratios(rates[ours], rates[other])
            for ours in ("darkroom", "darkroom, the body a JPEG")
            for other in ("litserve", "mlflow")
        },
        "clients": CLIENTS,
        "kilobytes": round(sum(map(len, pictures)) / len(pictures) / 1000, 1),
    }


def steady(home: Path, rounds: int) -> dict:
    """Four clients for 30 s: only answers, and how long they take."""
    with _ours(home) as server:
        return _summary(load_client.run(server.port, _raw(), clients=4, seconds=30))


def crowd(home: Path, rounds: int) -> dict:
    """64 clients, and 512, more than the server holds images for: answers, and 503 at once."""
    with _ours(home) as server:
        return {
            str(clients): _summary(load_client.run(server.port, _raw(), clients=clients, seconds=15))
            for clients in (64, 512)
        }


def garbage(home: Path, rounds: int) -> dict:
    """Every fifth request is no image: refused in less than 1 kB, and the others are answered."""
    bad = [load_client.post("/predict", "image/jpeg", body) for body in GARBAGE]
    mixed = [
        request for number, good in enumerate(_raw()) for request in ([bad[number % 5]] * (number % 4 == 3) + [good])
    ]
    with _ours(home) as server:
        return _summary(load_client.run(server.port, mixed, clients=8, seconds=15))


def memory(home: Path, rounds: int) -> dict:
    """MiB by which the server grows in 20,000 requests, after 500 to warm up."""
    with _ours(home) as server:
        load_client.run(server.port, _raw(), clients=8, count=500)
        before = server.memory()
        result = load_client.run(server.port, _raw(), clients=8, count=REQUESTS)
        return {"before_mib": round(before, 1), "growth_mib": round(server.memory() - before, 1), **_summary(result)}


def end(home: Path, rounds: int) -> dict:
    """SIGTERM under load: every request whose connection was accepted is answered."""
    found = []
    for _ in range(rounds):
        with _ours(home) as server:
            timer = threading.Timer(2.0, server.process.send_signal, [signal.SIGTERM])
            timer.start()
            result = load_client.run(server.port, _raw(), clients=16, seconds=20)
            start = time.monotonic()
            code = server.process.wait(15)
            found.append({"exit_code": code, "seconds_after_the_last_answer": round(time.monotonic() - start, 2)})
            found[-1] |= {"lost": result.lost, "statuses": _statuses(result)}
    return {"runs": found}


def start(home: Path, rounds: int) -> dict:
    """Seconds from the start of the process to its first answer."""
    seconds = []
    for _ in range(rounds):
        with _ours(home) as server:
            seconds.append(server.ready)
    return {"seconds": interleave.spread(seconds)}


def fuzz(home: Path, rounds: int) -> dict:
    """2,000 requests that schemathesis makes from the OpenAPI document: no 500."""
    with _ours(home) as server:
        return serving_clients.schemathesis(server.port, home)


def protocol(home: Path, rounds: int) -> dict:
    """What Triton's own client for the Open Inference Protocol gets, on each of its calls that the protocol has."""
    with _ours(home) as server:
        return serving_clients.triton(server.port, serving_network.jpegs()[:4])


PARTS: dict[str, Callable[[Path, int], dict]] = {
    part.__name__: part for part in (throughput, steady, crowd, garbage, memory, end, start, fuzz, protocol)
}


def _raw() -> list[bytes]:
    return [load_client.post("/predict", "image/jpeg", picture) for picture in serving_network.jpegs()]


@contextmanager
def _ours(home: Path) -> Iterator[Server]:
    with _one_of("darkroom", home) as server:
        yield server


@contextmanager
def _one_of(name: str, home: Path) -> Iterator[Server]:
    port, folder = serving_servers.free_port(), home / ("mlflow" if name == "mlflow" else "export")
    words = getattr(serving_servers, name)(folder, port)
    with serving_servers.running(words, port, health="/ping" if name == "mlflow" else "/health") as server:
        yield server


def _rate(server: Server, requests: list[bytes], seconds: float) -> tuple[float, float]:
    """Requests a second, and processor milliseconds of the server for each. Raises SystemExit when one fails."""
    before, begin = server.processor_seconds(), time.monotonic()
    result = load_client.run(server.port, requests, clients=CLIENTS, seconds=seconds)
    elapsed, count = time.monotonic() - begin, result.statuses[200]
    if set(result.statuses) != {200} or result.lost:
        raise SystemExit(f"a server failed: {result.statuses}, {result.lost} lost")
    return count / elapsed, 1000 * (server.processor_seconds() - before) / count


def _summary(result: LoadResult) -> dict:
    ranked = sorted(result.seconds)
    times = {f"p{share}_ms": round(1000 * ranked[int(share / 100 * (len(ranked) - 1))], 1) for share in (50, 95, 99)}
    errors = {"longest_error_bytes": result.longest_error, "traceback": result.traceback}
    return {"statuses": _statuses(result), "lost": result.lost, **times, **errors}


def _statuses(result: LoadResult) -> dict[str, int]:
    return {str(status): count for status, count in sorted(result.statuses.items())}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--part", choices=PARTS, action="append", help="default: all of them")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    report = json.loads(arguments.out.read_text()) if arguments.out.exists() else {}
    with tempfile.TemporaryDirectory() as home:
        serving_network.write_export(Path(home) / "export")
        for name in arguments.part or PARTS:
            report[name] = {**PARTS[name](Path(home), arguments.rounds), **interleave.provenance(*VENDORS)}
            print(json.dumps({name: report[name]}), flush=True)
            arguments.out.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
