/** The JSON of server-sent events, one after the other, until the stream or `[DONE]` ends them. */
export async function* events(stream: ReadableStream<Uint8Array>): AsyncGenerator<unknown> {
  const reader = stream.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>).getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      rest += value ?? "";
      const whole = rest.split(/\r\n\r\n|\n\n|\r\r/);
      // The last part is not ended yet, unless the stream is.
      rest = done ? "" : (whole.pop() ?? "");
      for (const event of whole) {
        const data = dataOf(event);
        if (data === "[DONE]") return;
        if (data) yield JSON.parse(data) as unknown;
      }
      if (done) return;
    }
  } finally {
    // Who stops reading ends the call.
    await reader.cancel().catch(() => {});
  }
}

/** The data lines of an event; comments, which keep connections open, have none. */
function dataOf(event: string): string {
  const lines = event.split(/\r\n|\n|\r/).filter((line) => line.startsWith("data:"));
  return lines.map((line) => line.slice(5).replace(/^ /, "")).join("\n");
}
