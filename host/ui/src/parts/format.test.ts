import { describe, expect, test } from "vitest";

import { formatOf } from "./format";

const [en, zh] = [formatOf("en", "unknown price"), formatOf("zh-CN", "价格未知")];

describe("money", () => {
  test("has cents, and three figures where it is little", () => {
    expect(en.money(1234.5)).toBe("$1,234.50");
    expect(en.money(0)).toBe("$0.00");
    expect(en.money(0.1)).toBe("$0.10");
    expect(en.money(0.000123456)).toBe("$0.000123");
    expect(en.money(-0.05)).toBe("-$0.05");
  });

  test("that is not known is said, and is not nothing", () => {
    expect(en.money(null)).toBe("unknown price");
    expect(zh.money(undefined)).toBe("价格未知");
  });

  test("of a million tokens is what tables of prices say", () => {
    expect(en.perMillion(1e-7)).toBe("$0.10");
    expect(en.perMillion(0.0000025)).toBe("$2.50");
    expect(en.perMillion(null)).toBe("unknown price");
  });
});

test("numbers, shares and bytes are written as the language does", () => {
  expect(en.count(12345)).toBe("12,345");
  expect(en.short(1_250_000)).toBe("1.3M");
  expect(zh.short(12_500)).toBe("1.3万");
  expect(en.percent(0.9524)).toBe("95.2%");
  expect(en.bytes(1_572_864)).toBe("1.5 MB");
});

test("durations are told in the unit that fits", () => {
  expect(en.duration(0.254)).toBe("0.25 ms");
  expect(en.duration(42.4)).toBe("42 ms");
  expect(en.duration(1_240)).toBe("1.2 sec");
});

test("days are those of UTC, whatever the browser's time", () => {
  expect(en.day("2026-01-31")).toBe("Jan 31");
  expect(zh.day("2026-01-31")).toBe("1月31日");
});
