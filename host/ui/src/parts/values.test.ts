import { describe, expect, test } from "vitest";

import { changed, json, number, said, text, whyNotJson, written } from "./values";

test("an empty field is null, and zero is a number", () => {
  expect([number(""), number("0"), number(0), text("  "), text(" a ")]).toEqual([null, 0, 0, null, "a"]);
});

test("something new carries only what says something", () => {
  expect(said({ a: null, b: [], c: {}, d: false, e: 0, f: "x", g: true })).toEqual({ e: 0, f: "x", g: true });
});

test("a change carries only what is not as it was, and a cleared field as null", () => {
  expect(changed({ a: 1, b: ["x"], c: null, d: { y: 1 } }, { a: 1, b: [], c: "old", d: { y: 1 } })).toEqual({ b: ["x"], c: null });
});

describe("JSON in a field", () => {
  test("may be empty", () => {
    expect([json(" "), whyNotJson(""), written({}), written(null), written([])]).toEqual([null, null, "", "", ""]);
  });

  test("that is none is explained", () => {
    expect(whyNotJson("{")).toMatch(/JSON/);
    expect(whyNotJson('{"a": 1}')).toBeNull();
  });
});
