import { expect, test } from "vitest";

import { faults, latency, type Plugin } from "./plugins";

test("a call's time in a plugin is what it waited and what was computed", () => {
  expect(latency({ calls: 4, cpu_seconds: 0.002, wait_seconds: 0.006 })).toBe(2);
  expect(latency({ calls: 0, cpu_seconds: 0, wait_seconds: 0 })).toBeNull();
  expect(latency({})).toBeNull();
});

test("faults are the guest's own: refusals and full pools are none", () => {
  expect(faults({ stats: { crashed: 1, out_of_time: 2, too_large: 3, refusals: 9, busy: 9 } } as unknown as Plugin)).toBe(6);
});
