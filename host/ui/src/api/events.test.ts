import { describe, expect, test } from "vitest";

import { events } from "./events";

const SAID = 'data: {"a":1}\r\n\r\n: a comment\n\ndata: {"b":\ndata: "ü"}\n\nevent: x\ndata:{"c":3}\n\ndata: [DONE]\n\ndata: {"late":true}\n\n';

function streamOf(bytes: Uint8Array, size: number): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size));
      controller.close();
    },
  });
}

async function all(stream: ReadableStream<Uint8Array>): Promise<unknown[]> {
  const found = [];
  for await (const event of events(stream)) found.push(event);
  return found;
}

describe("events", () => {
  test("are the same however the bytes are cut", async () => {
    const bytes = new TextEncoder().encode(SAID);
    for (let size = 1; size <= bytes.length; size += 1) expect(await all(streamOf(bytes, size)), String(size)).toEqual([{ a: 1 }, { b: "ü" }, { c: 3 }]);
  });

  test("end with the stream, also without a blank line behind the last", async () => {
    expect(await all(streamOf(new TextEncoder().encode('data: {"a":1}\n\ndata: {"b":2}'), 4))).toEqual([{ a: 1 }, { b: 2 }]);
    expect(await all(streamOf(new Uint8Array(), 1))).toEqual([]);
  });
});
