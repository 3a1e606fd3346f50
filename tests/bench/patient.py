"""Upstreams that take their time: what a deployment that stalls costs the calls of its group."""

import asyncio
import threading

# Seconds until the first token: four calls in five take the first, one the second.
USUAL, LATE = 0.2, 0.3


class Patient:
    """Streams from loopback: `healthy` ports begin after USUAL or LATE, the port `stalled` reads a request and never answers."""

    def __init__(self, healthy, stalled, text):
        self.calls = 0
        self.answer = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: %d\r\n\r\n%s" % (len(text), text.encode())
        self.ports = {**{port: True for port in healthy}, stalled: False}
        self.ready = threading.Event()
        threading.Thread(target=asyncio.run, args=[self.serve()], daemon=True).start()
        self.ready.wait()

    async def serve(self):
        for port, answers in self.ports.items():
            await asyncio.start_server(lambda reader, writer, answers=answers: self.speak(reader, writer, answers), "127.0.0.1", port)
        self.ready.set()
        await asyncio.Event().wait()

    async def speak(self, reader, writer, answers):
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.startswith(b"content-length:"))
                await reader.readexactly(length)
                if answers:
                    self.calls += 1
                    await asyncio.sleep(LATE if self.calls % 5 == 0 else USUAL)
                    writer.write(self.answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()
