//! `plugins`, our own section. A table.

use super::Type::{List, Mapping, Number, Text};
use super::{Described, one};

#[rustfmt::skip]
pub(super) const ALL: &[Described] = &[
    one("directory", Text, "null", "where plugins are dropped; without it the bundled ones serve alone").ours(),
    one("data_directory", Text, "null", "where machine code and last good versions are kept").at_start().ours(),
    one("override", List, "[]", "bundled plugins that a dropped file of the same name replaces").ours(),
    one("sha256", Mapping, "{}", "the only digest that a plugin's file may have").ours(),
    one("trust", Mapping, "{}", "public keys of signers, and whether a file that none of them signed is refused").ours(),
    one("grants", Mapping, "{}", "hosts, variables and more that a dropped plugin is allowed").ours(),
    one("ungranted", Text, "\"refuse\"", "`refuse`: a dropped plugin that asks for what `grants` does not give it is not loaded; `warn`: it is, without that. Or one of them by plugin name").ours(),
    one("isolation", Mapping, "{}", "how a plugin's instances are shared: `pooled`, `call` or `fresh`").ours(),
    one("wasi", Mapping, "{}", "plugins that may not import WASI").ours(),
    one("limits", Mapping, "{}", "memory, time and output that a plugin may use").ours(),
    one("poll_interval", Number, "null", "seconds between two looks at the directory, where no events come").ours(),
    one("rollback", Mapping, "{}", "when a new version is taken back").ours(),
    one("providers", Mapping, "{}", "providers of your own, as data rows of a plugin").ours(),
];
