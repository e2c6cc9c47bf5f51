// Who opens a GGUF need not download what reads Hugging Face's folders: this module is loaded when one comes.
export { openPeft } from './adapter/open-peft.ts';
export { openSafetensors } from './safetensors/open-safetensors.ts';
