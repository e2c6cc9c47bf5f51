// Pipelines by kernel key, made asynchronously and once. A shader that does not compile becomes a
// QuernError with the kernel's name and the WGSL line.

import { QuernError } from '@quern/spec';
import type { BindingKind, Kernel } from './kernel.ts';

const BUFFER_TYPE: Record<BindingKind, GPUBufferBindingType> = {
  read: 'read-only-storage',
  write: 'storage',
  uniform: 'uniform',
};

export class PipelineCache {
  readonly #device: GPUDevice;
  readonly #pipelines = new Map<string, Promise<GPUComputePipeline>>();
  readonly #layouts = new Map<string, GPUBindGroupLayout>();

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** Explicit, because automatic layouts drop bindings that a variant does not use. */
  layout(bindings: readonly BindingKind[]): GPUBindGroupLayout {
    const key = bindings.join();
    let layout = this.#layouts.get(key);
    if (!layout) {
      layout = this.#device.createBindGroupLayout({
        label: key,
        entries: bindings.map((kind, binding) => ({
          binding,
          visibility: GPUShaderStage.COMPUTE,
          buffer: { type: BUFFER_TYPE[kind] },
        })),
      });
      this.#layouts.set(key, layout);
    }
    return layout;
  }

  /** Throws 'gpu-error' with the compiler's words. */
  get(kernel: Kernel): Promise<GPUComputePipeline> {
    let pipeline = this.#pipelines.get(kernel.key);
    if (!pipeline) {
      pipeline = this.#create(kernel);
      this.#pipelines.set(kernel.key, pipeline);
    }
    return pipeline;
  }

  async #create(kernel: Kernel): Promise<GPUComputePipeline> {
    const code = await kernel.source().catch((cause: unknown): never => {
      throw new QuernError('gpu-error', `Kernel "${kernel.key}" does not link: ${String(cause)}`, { cause });
    });
    // The scope catches what createShaderModule reports, so that it is not reported twice.
    this.#device.pushErrorScope('validation');
    const module = this.#device.createShaderModule({ label: kernel.key, code });
    const scope = this.#device.popErrorScope();
    try {
      return await this.#device.createComputePipelineAsync({
        label: kernel.key,
        layout: this.#device.createPipelineLayout({ bindGroupLayouts: [this.layout(kernel.bindings)] }),
        compute: { module, entryPoint: 'main' },
      });
    } catch (cause) {
      throw new QuernError('gpu-error', await describe(kernel, code, module, cause), { cause });
    } finally {
      await scope;
    }
  }
}

async function describe(kernel: Kernel, code: string, module: GPUShaderModule, cause: unknown) {
  const lines = code.split('\n');
  const { messages } = await module.getCompilationInfo();
  const errors = messages
    .filter((message) => message.type === 'error')
    .slice(0, 3)
    .map((m) => `line ${m.lineNum}:${m.linePos}: ${m.message}\n    ${lines[m.lineNum - 1] ?? ''}`);
  return `Kernel "${kernel.key}" does not compile: ${errors.join('\n') || String(cause)}`;
}
