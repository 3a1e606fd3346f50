import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { MODEL, visit } from "./browser.mjs";
import { choose, dialog, page } from "./stage.mjs";

beforeEach(async () => {
  await visit(page, "/playground");
  await choose("Model", MODEL);
});

const conversations = () => page.getByRole("region", { name: `Conversation with ${MODEL}` });

test("an answer comes word by word, with what it took", async () => {
  const streamed = page.waitForResponse((it) => it.url().endsWith("/v1/chat/completions"));
  await page.getByLabel("Message").fill("the sluice opens");
  await page.keyboard.press("Enter");
  assert.match((await streamed).headers()["content-type"], /event-stream/);
  await conversations().getByText("You said: the sluice opens").waitFor();
  await page.getByText(/tokens ·/).waitFor();
  assert.equal(await page.getByLabel("Message").inputValue(), "");
});

test("two models answer side by side", async () => {
  await page.getByRole("switch", { name: "Compare two" }).click();
  await choose("Second model", MODEL);
  await page.getByLabel("Message").fill("both of you");
  await page.getByRole("button", { name: "Send" }).click();
  await conversations().nth(1).getByText("You said: both of you").waitFor();
  await conversations().nth(0).getByText("You said: both of you").waitFor();
});

test("a tool is called and its answer goes back to the model", async () => {
  await page.getByRole("button", { name: "Tools" }).click();
  await page.getByRole("button", { name: "Fill in an example" }).click();
  await page.getByRole("combobox", { name: "Use of tools" }).click();
  await page.getByRole("option", { name: "always" }).click();
  await page.getByLabel("Message").fill("Oslo");
  await page.getByRole("button", { name: "Send" }).click();
  await conversations().getByText("calls get_weather").waitFor();
  await page.getByRole("combobox", { name: "Use of tools" }).click();
  await page.getByRole("option", { name: "never" }).click();
  await page.getByLabel("Answer of the tool get_weather").fill("rain");
  const sent = page.waitForRequest((it) => it.url().endsWith("/v1/chat/completions"));
  await page.getByRole("button", { name: "Send the answers" }).click();
  const { messages } = (await sent).postDataJSON();
  assert.deepEqual(messages.map((it) => it.role), ["user", "assistant", "tool"]);
  assert.equal(messages[2].content, "rain");
  await conversations().getByText(/You said/).waitFor();
});

test("an image goes along with the text", async () => {
  const pixel = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
  await page.locator('input[type="file"]').setInputFiles({ name: "pixel.png", mimeType: "image/png", buffer: pixel });
  await page.getByRole("img", { name: "Image 1" }).waitFor();
  await page.getByLabel("Message").fill("look");
  const sent = page.waitForRequest((it) => it.url().endsWith("/v1/chat/completions"));
  await page.getByRole("button", { name: "Send" }).click();
  const [{ content }] = (await sent).postDataJSON().messages;
  assert.match(content[1].image_url.url, /^data:image\/png;base64,/);
});

test("the conversation is copied as code of three kinds", async () => {
  await page.getByLabel("Message").fill("it's code");
  await page.keyboard.press("Enter");
  await conversations().getByText("You said: it's code").waitFor();
  await page.getByRole("button", { name: "As code" }).click();
  const dialog = page.getByRole("dialog");
  for (const [name, sign] of [["curl", "curl http"], ["Python", "from openai import OpenAI"], ["JavaScript", 'import OpenAI from "openai"']]) {
    await dialog.getByRole("tab", { name }).click();
    await dialog.getByText(sign).waitFor();
  }
  await dialog.getByRole("button", { name: "Copy" }).click();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /it's code/);
});

test("a key of its own is refused in the gateway's words", async () => {
  await page.getByRole("button", { name: "Options" }).click();
  await page.getByLabel("Call with this key").fill("sk-nobody-has-this-one");
  await page.getByLabel("Message").fill("hello");
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByRole("alert").waitFor();
});
