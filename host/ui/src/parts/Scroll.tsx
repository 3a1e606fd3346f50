import type { ReactNode } from "react";

import classes from "./Scroll.module.css";

/** What may be wider than the page: it scrolls by itself, also by the keyboard. */
export function Scroll({ label, wide = "middle", children }: { label: string; wide?: "small" | "narrow" | "middle" | "wide"; children: ReactNode }) {
  return (
    // A region that scrolls has to take the focus, or its end is out of the keyboard's reach.
    <section className={classes.region} tabIndex={0} aria-label={label}>
      <div className={wide === "small" ? undefined : classes[wide]}>{children}</div>
    </section>
  );
}
