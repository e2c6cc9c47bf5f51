// The least that a warm load can cost: every cached chunk is read, hashed, and written to the GPU, each by itself.
self.onmessage = async () => {
  const database = await done(indexedDB.open('quern-models'));
  const keys = await done(database.transaction('chunks').objectStore('chunks').getAllKeys());
  const adapter = await navigator.gpu.requestAdapter();
  const device = await adapter.requestDevice();
  const buffer = device.createBuffer({
    size: 4 << 20,
    usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.STORAGE,
  });
  const spent = { readMs: 0, hashMs: 0, writeMs: 0, bytes: 0 };
  let writing = 0;
  for (const key of keys) {
    const start = performance.now();
    const { bytes: stored } = await done(database.transaction('chunks').objectStore('chunks').get(key));
    const bytes = stored instanceof Blob ? new Uint8Array(await stored.arrayBuffer()) : stored;
    const read = performance.now();
    await crypto.subtle.digest('SHA-256', bytes);
    const hashed = performance.now();
    device.queue.writeBuffer(buffer, 0, bytes, 0, bytes.length & ~3);
    writing += bytes.length;
    // As much as a load keeps under way.
    if (writing >= 32 << 20) {
      await device.queue.onSubmittedWorkDone();
      writing = 0;
    }
    const written = performance.now();
    spent.readMs += read - start;
    spent.hashMs += hashed - read;
    spent.writeMs += written - hashed;
    spent.bytes += bytes.length;
  }
  const last = performance.now();
  await device.queue.onSubmittedWorkDone();
  spent.writeMs += performance.now() - last;
  database.close();
  self.postMessage(spent);
};

function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
