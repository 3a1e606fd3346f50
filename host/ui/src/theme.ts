import { Card, type CSSVariablesResolver, createTheme, DEFAULT_THEME, Input, Table, Tabs } from "@mantine/core";

export const theme = createTheme({
  primaryColor: "cyan",
  // Dark enough for white letters on it, on both grounds.
  primaryShade: 9,
  respectReducedMotion: true,
  defaultRadius: "md",
  autoContrast: true,
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif',
  headings: { fontWeight: "600" },
  components: {
    Card: Card.extend({ defaultProps: { withBorder: true, padding: "lg" } }),
    // Fields side by side stand on one line, whatever is said of each.
    InputWrapper: Input.Wrapper.extend({ defaultProps: { inputWrapperOrder: ["label", "input", "description", "error"] } }),
    Table: Table.extend({ defaultProps: { verticalSpacing: "sm", highlightOnHover: true } }),
    Tabs: Tabs.extend({ classNames: { list: "tabs" } }),
  },
});

const COLOURS = Object.keys(DEFAULT_THEME.colors).filter((name) => name !== "dark");

const each = (name: (colour: string) => string, value: (colour: string) => string) => Object.fromEntries(COLOURS.map((colour) => [name(colour), value(colour)]));

/** Text on tinted ground, and coloured text, at 4.5 to 1 and more; the theme's own are fainter. */
export const readable: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-dimmed": "var(--mantine-color-gray-7)",
    "--mantine-color-placeholder": "var(--mantine-color-gray-7)",
    "--mantine-color-error": "var(--mantine-color-red-9)",
    ...each((it) => `--mantine-color-${it}-light-color`, (it) => `color-mix(in srgb, var(--mantine-color-${it}-9) 80%, black)`),
    ...each((it) => `--mantine-color-${it}-text`, (it) => `var(--mantine-color-${it}-9)`),
  },
  dark: {
    "--mantine-color-dimmed": "var(--mantine-color-dark-1)",
    "--mantine-color-placeholder": "var(--mantine-color-dark-1)",
    "--mantine-color-error": "var(--mantine-color-red-4)",
    "--mantine-color-gray-light": "var(--mantine-color-dark-4)",
    "--mantine-color-gray-light-hover": "var(--mantine-color-dark-3)",
    ...each((it) => `--mantine-color-${it}-light-color`, (it) => `var(--mantine-color-${it}-2)`),
    ...each((it) => `--mantine-color-${it}-text`, (it) => `var(--mantine-color-${it}-4)`),
  },
});
