// Models from somebody's disk: a file field, a folder, and drops of either anywhere on the page.
import { element } from '../look/element.ts';
import { filesModel, folderModel, type ModelChoice } from './models.ts';

/** What is not in TypeScript's DOM yet (wicg.github.io/file-system-access). */
interface FileSystemAccess {
  showDirectoryPicker?(options: { id: string; mode: 'read' }): Promise<FileSystemDirectoryHandle>;
}
interface DroppedItem extends DataTransferItem {
  getAsFileSystemHandle?(): Promise<FileSystemHandle | null>;
}

/** The buttons, and from now on every drop on the page. `onModel` gets what was opened: it needs no further click. */
export function localFiles(onModel: (choice: ModelChoice) => void): HTMLElement {
  const take = (choice: ModelChoice | undefined) => choice && onModel(choice);
  const file = element('input', {
    type: 'file',
    accept: '.gguf,.safetensors,.json,.jinja',
    multiple: true,
    hidden: true,
    'aria-label': 'Model files',
  });
  const browse = element('button', { type: 'button' }, 'Open model files …');
  browse.addEventListener('click', () => file.click());
  file.addEventListener('change', () => {
    take(filesModel([...(file.files ?? [])]));
    file.value = '';
  });
  const root = element('div', { class: 'drop' }, browse, file);

  const access: FileSystemAccess = globalThis as FileSystemAccess;
  if (access.showDirectoryPicker) {
    const folder = element('button', { type: 'button' }, 'Open a folder …');
    folder.addEventListener('click', () => {
      // Rejects when somebody closes the dialog: nothing was chosen.
      void access.showDirectoryPicker?.({ id: 'models', mode: 'read' }).then(
        (handle) => take(folderModel(handle)),
        () => undefined,
      );
    });
    root.append(folder);
  }
  root.append(element('span', { class: 'muted small' }, 'or drop them anywhere on this page'));
  acceptDrops((data) => void droppedModel(data).then(take));
  return root;
}

/** Files, or one folder. What a drop holds must be asked for before the first await. */
export async function droppedModel(data: DataTransfer): Promise<ModelChoice | undefined> {
  const files = [...data.files];
  const items: DroppedItem[] = [...data.items].filter(({ kind }) => kind === 'file');
  const [only] = items;
  if (items.length !== 1 || !only) return filesModel(files);
  const entry = only.webkitGetAsEntry?.();
  const handle = await only.getAsFileSystemHandle?.().catch(() => null);
  if (handle?.kind === 'directory') return folderModel(handle as FileSystemDirectoryHandle);
  if (entry?.isDirectory) {
    const model = filesModel(await filesIn(entry as FileSystemDirectoryEntry));
    return model && { ...model, label: entry.name };
  }
  return filesModel(files);
}

/** The files that lie in the folder itself. A reader gives them in portions, an empty one last. */
async function filesIn(folder: FileSystemDirectoryEntry): Promise<File[]> {
  const reader = folder.createReader();
  const files: File[] = [];
  for (;;) {
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (entries.length === 0) return files;
    for (const entry of entries) {
      if (!entry.isFile) continue;
      files.push(
        await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject)),
      );
    }
  }
}

/** The whole page takes a drop: who misses a box by an inch should not lose the page to the file. */
function acceptDrops(take: (data: DataTransfer) => void): void {
  const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
  let depth = 0;
  const mark = (over: boolean) => document.body.classList.toggle('dropping', over);
  document.addEventListener('dragenter', (event) => {
    if (hasFiles(event)) mark(++depth > 0);
  });
  document.addEventListener('dragleave', (event) => {
    if (hasFiles(event)) mark(--depth > 0);
  });
  document.addEventListener('dragover', (event) => {
    if (hasFiles(event)) event.preventDefault();
  });
  document.addEventListener('drop', (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth = 0;
    mark(false);
    if (event.dataTransfer) take(event.dataTransfer);
  });
}
