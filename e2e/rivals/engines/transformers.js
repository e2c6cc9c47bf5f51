// Transformers.js on onnxruntime-web's WebGPU, over a folder of ONNX files.
export async function load({ dtype }) {
  const { AutoModelForCausalLM, AutoTokenizer, BaseStreamer, env } =
    await import('/transformers/transformers.js');
  env.allowRemoteModels = false;
  env.allowLocalModels = true;
  env.localModelPath = '/onnx/';
  env.backends.onnx.wasm.wasmPaths = '/ort/';
  const tokenizer = await AutoTokenizer.from_pretrained('model');
  const model = await AutoModelForCausalLM.from_pretrained('model', { device: 'webgpu', dtype });

  class Pieces extends BaseStreamer {
    started = false;
    ids = [];
    shown = '';

    constructor(onText) {
      super();
      this.onText = onText;
    }

    put(value) {
      // The first call brings the prompt back.
      if (!this.started) return void (this.started = true);
      this.ids.push(...value.flat().map(BigInt));
      const text = tokenizer.decode(this.ids);
      this.onText(text.slice(this.shown.length));
      this.shown = text;
    }

    end() {}
  }

  return {
    device: 'WebGPU',
    // Its cache grows with the text.
    contextLength: undefined,
    notes: [`weights ${dtype}`],
    async run(prompt, tokens, onText) {
      const inputs = tokenizer(prompt);
      const streamer = new Pieces(onText);
      const length = { max_new_tokens: tokens, min_new_tokens: tokens };
      await model.generate({ ...inputs, ...length, do_sample: false, streamer });
      return inputs.input_ids.dims[1];
    },
  };
}
