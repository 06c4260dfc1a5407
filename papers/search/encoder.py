"""The encoder as a light runtime sees it: an exported graph, run by OpenVINO. Nothing here loads torch.

A worker prepares the model once (`papers.search.export`), which leaves

    <DATA_DIR>/models/<name>-<hash>.json     what is prepared: model id, dimension, prompts, the graph's folder
    <DATA_DIR>/models/<folder>/              graph.xml, graph.bin, tokenizer.json

Whoever encodes a query reads only these. Pooling and normalisation are part of the graph, so a vector is
the model's own sentence embedding, float32, of unit length.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib import metadata
from pathlib import Path

import numpy as np
from django.conf import settings

BATCH = 8  # small batches fit the cache: the fastest of 8 to 256 on two cores

Progress = Callable[[int], None]


class EncoderUnavailable(Exception):
    """Texts cannot be encoded here and now; the message says why, in words for a page."""


@dataclass(frozen=True)
class Prepared:
    """What a worker has prepared. `folder` is empty when the model cannot run as a graph; `note` says why."""

    model_id: str
    dimension: int
    folder: str
    note: str
    query_prompt: str
    text_prompt: str
    runtime: str  # OpenVINO version that exported the graph
    graph_bytes: int  # size of graph.bin, which tells a whole file from a broken one


def models_dir() -> Path:
    return Path(settings.DATA_DIR) / "models"


def pointer_path() -> Path:
    name = str(settings.ENCODER_MODEL)
    slug = re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-")[-60:]
    return models_dir() / f"{slug}-{hashlib.sha256(name.encode()).hexdigest()[:8]}.json"


def runtime_version() -> str:
    """The installed OpenVINO's version; empty when it is missing."""
    try:
        return metadata.version("openvino")
    except metadata.PackageNotFoundError:
        return ""


def prepared() -> Prepared:
    """What is prepared for the configured model. Raises EncoderUnavailable when nothing is."""
    path = pointer_path()
    try:
        return Prepared(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise EncoderUnavailable("the encoder is not prepared yet: a worker does it with the first texts") from None
    except (ValueError, TypeError) as error:
        raise EncoderUnavailable(f"{path.name} is damaged ({error}); it is rewritten by the next embedding") from None


def model_id() -> str | None:
    """The configured model's id as stored with vectors; None while it is not prepared."""
    try:
        return prepared().model_id
    except EncoderUnavailable:
        return None


def is_whole(info: Prepared) -> bool:
    """Whether the files of the exported graph are all there."""
    folder = models_dir() / info.folder
    try:
        return (folder / "graph.bin").stat().st_size == info.graph_bytes and (folder / "graph.xml").exists() \
            and (folder / "tokenizer.json").exists()
    except FileNotFoundError:
        return False


def write_pointer(info: Prepared) -> None:
    path = pointer_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.partial")
    partial.write_text(json.dumps(asdict(info), indent=1), encoding="utf-8")
    os.replace(partial, path)


def openvino():
    """The runtime's module, without its usage reporting: a self-hosted tool calls nobody."""
    if "openvino" not in sys.modules:
        # None makes the import fail, so that its silent stand-in is used
        sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # Python allows it
    import openvino as runtime
    return runtime


class Graph:
    """An exported model: tokenizer and compiled graph.

    `hint` is "LATENCY" for single queries or "THROUGHPUT" for many texts. On processors with bfloat16
    the runtime computes in it (cosine to float32 above 0.9999).
    """

    def __init__(self, info: Prepared, hint: str):
        folder = models_dir() / info.folder
        if not info.folder:
            raise EncoderUnavailable(info.note)
        if not is_whole(info):
            raise EncoderUnavailable("the exported encoder is missing or broken; a worker exports it again with the "
                                     "next texts")
        try:
            runtime = openvino()
            from tokenizers import Tokenizer
        except ImportError as error:
            raise EncoderUnavailable(f"the light runtime is not installed ({error.name})") from None
        self.info = info
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        # One thread answers a short query as fast as several do, and twice as fast while workers keep the cores busy.
        threads = 1 if hint == "LATENCY" else min(len(os.sched_getaffinity(0)), 8)
        self.compiled = runtime.Core().compile_model(str(folder / "graph.xml"), "CPU", {
            "PERFORMANCE_HINT": hint, "INFERENCE_NUM_THREADS": threads})
        self._requests = threading.local()  # an infer request serves one thread at a time

    def inputs(self, texts: Sequence[str]) -> dict[str, np.ndarray]:
        """The named int64 inputs (n, length) of one padded batch."""
        encodings = self.tokenizer.encode_batch(list(texts))
        columns = {"input_ids": "ids", "attention_mask": "attention_mask", "token_type_ids": "type_ids"}
        names = [port.get_any_name() for port in self.compiled.inputs]
        return {name: np.array([getattr(encoding, columns[name]) for encoding in encodings], dtype=np.int64)
                for name in names}

    def encode_query(self, text: str) -> np.ndarray:
        """One query's vector (dimension,)."""
        if not hasattr(self._requests, "own"):
            self._requests.own = self.compiled.create_infer_request()
        return self._requests.own.infer(self.inputs([self.info.query_prompt + text]))[0][0].copy()

    def encode_texts(self, texts: Sequence[str], progress: Progress | None = None) -> np.ndarray:
        """The vectors (n, dimension) of many texts, batched by length; `progress` hears how many are done."""
        runtime = openvino()
        vectors = np.empty((len(texts), self.info.dimension), dtype=np.float32)
        prompted = [self.info.text_prompt + text for text in texts]
        order = sorted(range(len(texts)), key=lambda i: len(prompted[i]))
        finished = 0

        def store(request, rows):
            nonlocal finished
            vectors[rows] = request.get_output_tensor(0).data
            finished += len(rows)
            if progress:
                progress(finished)

        queue = runtime.AsyncInferQueue(self.compiled)
        queue.set_callback(store)
        for start in range(0, len(order), BATCH):
            rows = order[start:start + BATCH]
            queue.start_async(self.inputs([prompted[i] for i in rows]), userdata=rows)
        queue.wait_all()
        return vectors


@lru_cache(maxsize=2)
def _query_graph(pointer: str, modified_ns: int) -> Graph:
    return Graph(prepared(), "LATENCY")


def encode_query(text: str) -> tuple[str, np.ndarray]:
    """The id of the model and the query's vector (dimension,), float32, unit length.

    Raises EncoderUnavailable when no graph is prepared or the runtime is missing.
    """
    path = pointer_path()
    modified = path.stat().st_mtime_ns if path.exists() else 0
    graph = _query_graph(str(path.resolve()), modified)
    return graph.info.model_id, graph.encode_query(text)
