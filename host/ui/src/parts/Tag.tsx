import { Badge } from "@mantine/core";

/** A word in a small frame. Colours are of the theme, which keeps them readable on both grounds. */
export function Tag({ color = "gray", title, children }: { color?: string; title?: string; children: React.ReactNode }) {
  return (
    <Badge variant="light" tt="none" color={color} title={title} className="tag">
      {children}
    </Badge>
  );
}
