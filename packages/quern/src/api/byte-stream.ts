// An async iterable of bytes as the stream that browsers save and send. ReadableStream.from is not everywhere.

export function byteStream(start: () => AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  let iterator: AsyncIterator<Uint8Array> | undefined;
  // Nothing is read before somebody takes it.
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        iterator ??= start()[Symbol.asyncIterator]();
        const { done, value } = await iterator.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await iterator?.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}
