"""Tiny random checkpoints of dense families, and what Hugging Face transformers computes from them.

A case is a folder: model.safetensors (BF16) with config.json and tokenizer files as the hub has them, model.gguf
(F16, the same values, by llama.cpp's own converter), logits.bin and expected.json. See README.md.
"""
import argparse
import base64
import importlib
import json
import random
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoConfig, AutoModelForCausalLM

HERE = Path(__file__).parent
VOCABULARY = 272
PROMPT = 69           # more than two KV pages and four windows of 16, with an odd remainder
GENERATED = 32        # across the page that begins at 96
STEPS = [0, 1, 2, 5, 10, 20, 31]
PROMPTS = 12


def words(seed, count):
    """Plain text with repetitions, so that a tiny BPE has something to merge."""
    rng = random.Random(seed)
    stems = "the sea and a ship under stars, wind over water; night of rain in the old town. light on stone".split()
    return " ".join(rng.choice(stems) for _ in range(count))


def tokenizer():
    tk = Tokenizer(models.BPE())
    tk.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tk.decoder = decoders.ByteLevel()
    specials = ["<|endoftext|>", "<|user|>"]
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY - len(specials), show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tk.train_from_iterator([words(1, 4000)], trainer)
    tk.add_special_tokens(specials)
    assert tk.get_vocab_size() == VOCABULARY
    return tk


def round_both(t):
    """Nearest values that bfloat16 and float16 both hold exactly."""
    return t.to(torch.bfloat16).to(torch.float16).to(torch.float32)


def fill(model, row, seed, gain):
    """Weights with spread enough that a wrong detail shows: norm weights around one, biases that matter."""
    g = torch.Generator().manual_seed(seed)
    rn = lambda p: torch.randn(p.shape, generator=g)
    zero_centred = row["config"]["model_type"] in ("gemma", "nemotron")
    tied = row["config"]["tie_word_embeddings"]
    head = row.get("head", 3.0)
    embedding, output = model.get_input_embeddings().weight, model.get_output_embeddings().weight
    width = embedding.shape[1]
    with torch.no_grad():
        for name, p in model.named_parameters():
            low = name.lower()
            is_norm = any(s in low for s in ("norm", ".ln_", "layernorm"))
            if p is embedding:
                p.copy_(rn(p) * (head if tied else 20) / width ** 0.5 / (4 if zero_centred and tied else 1))
            elif p is output:
                p.copy_(rn(p) * head / width ** 0.5)
            elif "wpe" in low:
                p.copy_(rn(p) * 0.4)
            elif is_norm and low.endswith("weight"):
                p.copy_(rn(p) * 0.25 + (0 if zero_centred else 1))
            elif p.ndim == 1:
                p.copy_(rn(p) * 0.2)
            else:
                fan = p.shape[0] if row["config"]["model_type"] == "gpt2" else p.shape[-1]
                std = fan ** -0.5
                if "router" in low:
                    std *= row.get("router", 1.0)
                if any(s in low for s in ("q_proj", "k_proj", "query_key_value", "wqkv", "c_attn")):
                    std *= 1.4
                if any(s in low for s in ("o_proj", "down_proj", "out_proj", "dense_4h_to_h", "dense.weight", "c_proj", "fc2")):
                    std *= gain * (1.7 if tied else 1)
                if any(s in low for s in ("mlp.gate.weight", "moe.gate.weight", "router", "shared_expert_gate")):
                    std *= 3   # experts that differ clearly
                p.copy_(rn(p) * std)
        for name, b in model.named_buffers():
            if name.endswith("_bias"):
                b.copy_(rn(b) * 0.1)
        for p in [*model.parameters(), *(b for n, b in model.named_buffers() if n.endswith("_bias"))]:
            p.copy_(round_both(p))


def logits_of(model, ids):
    with torch.no_grad():
        return model(input_ids=torch.tensor(np.asarray(ids)), use_cache=False).logits.float()


def reference(model, tk, seed):
    """Greedy over several prompts; keeps the one whose choices are clearest and most varied."""
    prompts = []
    for i in range(PROMPTS):
        ids = tk.encode(words(100 * seed + i, 200)).ids[:PROMPT]
        prompts.append((tk.decode(ids), ids))
    ids = torch.tensor([p for _, p in prompts])
    for _ in range(GENERATED):
        ids = torch.cat([ids, logits_of(model, ids)[:, -1].argmax(-1, keepdim=True)], 1)
    logits = logits_of(model, ids).numpy()
    ids = ids.numpy()
    chosen = logits[:, PROMPT - 1:PROMPT - 1 + GENERATED]
    top = np.sort(chosen, -1)
    margin = (top[..., -1] - top[..., -2]).min(-1)
    distinct = np.array([len(set(row[PROMPT:].tolist())) for row in ids])
    best = int((2 * np.minimum(margin, 0.1) + 0.02 * np.minimum(distinct, 12)).argmax())
    return dict(text=prompts[best][0], prompt=prompts[best][1], ids=ids[best].tolist(), logits=logits[best],
                margin=float(margin[best]), distinct=int(distinct[best]))


def with_keys(cls, keys):
    """The converter with keys that it does not write itself: whole numbers and floats."""
    class WithKeys(cls):
        model_arch = cls.model_arch

        def set_gguf_parameters(self):
            super().set_gguf_parameters()
            for key, value in keys.items():
                add = self.gguf_writer.add_uint32 if isinstance(value, int) else self.gguf_writer.add_float32
                add(f"{self.gguf_writer.arch}.{key}", value)
    return WithKeys


def convert(folder, out, spm, keys):
    """llama.cpp's converter; the pre-tokenizer is named, since a tiny vocabulary has no known hash."""
    import gguf
    from conversion import ModelBase, ModelType, get_model_architecture, get_model_class
    from conversion.base import TextModel
    TextModel.get_vocab_base_pre = lambda self, tokenizer: "gpt-2"
    if spm:   # families published with SentencePiece: the vocabulary does not matter here
        TextModel._set_vocab_sentencepiece = lambda self, add_to_gguf=True: self._set_vocab_gpt2()
    given = json.loads((folder / "config.json").read_text())
    load = ModelBase.load_hparams

    def load_hparams(path, is_mistral_format):
        read = load(path, is_mistral_format)
        for key, value in given.items():
            read.setdefault(key, value)   # keys of published configs that newer transformers drop
        return read
    ModelBase.load_hparams = staticmethod(load_hparams)
    try:
        with torch.inference_mode():
            cls = get_model_class(get_model_architecture(ModelBase.load_hparams(folder, False), ModelType.TEXT))
            if spm:
                cls.set_vocab = lambda self: self._set_vocab_gpt2()
            with_keys(cls, keys)(folder, gguf.LlamaFileType.MOSTLY_F16, out, model_name=out.parent.name, eager=True).write()
    finally:
        ModelBase.load_hparams = staticmethod(load)


def make(row, out, seed):
    name = f"arch-{row['name']}"
    config = dict(row["config"], vocab_size=VOCABULARY, torch_dtype="bfloat16", bos_token_id=VOCABULARY - 2,
                  eos_token_id=VOCABULARY - 2, pad_token_id=VOCABULARY - 2)
    tk = tokenizer()
    best = None
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / name
        folder.mkdir()
        (folder / "config.json").write_text(json.dumps(config, indent=1))
        for attempt, gain in enumerate(row.get("gains", (1.0, 1.6, 2.6, 4.2))):
            model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(folder), attn_implementation=row.get("attention", "eager"),
                                                     dtype=torch.float32).float().eval()
            fill(model, row, seed + attempt, gain)
            found = reference(model, tk, seed)
            key = (min(found["distinct"], 10), min(found["margin"], 0.05))
            if best is None or key > best[0]:
                best = (key, model, found)
            if found["distinct"] >= 10 and found["margin"] >= 0.05:
                break
        _, model, found = best
        model.to(torch.bfloat16).save_pretrained(folder, safe_serialization=True)
        model.float()
        (folder / "config.json").write_text(json.dumps(config, indent=1))
        (folder / "generation_config.json").unlink(missing_ok=True)
        tk.save(str(folder / "tokenizer.json"))
        (folder / "tokenizer_config.json").write_text(json.dumps(
            {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|endoftext|>", "bos_token": "<|endoftext|>",
             "add_bos_token": False, "clean_up_tokenization_spaces": False, "model_max_length": 512}, indent=1))
        # The file's own values are what counts: load it again.
        loaded = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation=row.get("attention", "eager")).eval()
        again = logits_of(loaded, [found["ids"]])[0].numpy()
        change = float(np.abs(again - found["logits"]).max())
        assert change < 1e-4, f"{name}: the saved file computes otherwise by {change}"
        if not row.get("no_gguf"):
            convert(folder, folder / "model.gguf", row.get("spm", False), row.get("gguf_keys", {}))
        case = out / name
        shutil.rmtree(case, ignore_errors=True)
        case.mkdir(parents=True)
        for file in ("model.safetensors", "config.json", "tokenizer.json", "tokenizer_config.json", "model.gguf"):
            if (folder / file).exists():
                shutil.copy(folder / file, case / file)
    rows = np.stack([found["logits"][PROMPT - 1 + s] for s in STEPS]).astype("<f4")
    rows.tofile(case / "logits.bin")
    transformers, torch_version = importlib.import_module("transformers").__version__, torch.__version__.split("+")[0]
    (case / "expected.json").write_text(json.dumps({
        "name": name, "architecture": config["model_type"],
        "source": f"transformers {transformers} on torch {torch_version} (float32, {row.get('attention', 'eager')} attention, CPU, no KV cache)",
        "prompt_text": found["text"], "prompt_ids": found["prompt"], "greedy_ids": found["ids"][PROMPT:],
        "ignore_eos": True,
        "logits": {"file": "logits.bin", "dtype": "float32-le", "shape": list(rows.shape), "steps": STEPS},
        "logits_last": base64.b64encode(rows[0].tobytes()).decode(),
        "min_top1_margin": round(found["margin"], 5), "distinct_greedy_tokens": found["distinct"],
        "logit_std": round(float(rows.std()), 4)}, indent=1))
    size = sum(f.stat().st_size for f in case.iterdir())
    print(f"{name}: {size >> 10} KiB, margin {found['margin']:.3f}, {found['distinct']} tokens, std {rows.std():.2f}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--llama-src", type=Path, required=True, help="llama.cpp's source tree: its converter is used")
    parser.add_argument("--only", default="", help="names, by commas")
    args = parser.parse_args()
    sys.path[:0] = [str(args.llama_src), str(args.llama_src / "gguf-py")]   # its gguf knows more than PyPI's
    wanted = [n for n in args.only.split(",") if n]
    for seed, row in enumerate(json.loads((HERE / "families.json").read_text())):
        if not wanted or row["name"] in wanted:
            make(row, args.out, 11 + seed)


if __name__ == "__main__":
    main()
