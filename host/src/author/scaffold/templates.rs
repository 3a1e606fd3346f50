//! The texts of new plugins.

use super::sdk;
use crate::cli::{Lang, PluginKind};

/// A file of a new plugin: where it goes, and what is in it.
pub type Text = (&'static str, &'static str);

pub const README: &str = include_str!("templates/common/README.md.tmpl");

/// What every plugin is built against, and the schemas of its documents.
pub const CONTRACT: [Text; 4] = [
    (
        "sluice-plugin.wit",
        include_str!("../../../../wit/sluice-plugin.wit"),
    ),
    (
        "describe.schema.json",
        include_str!("../../../../wit/describe.schema.json"),
    ),
    (
        "fixture.schema.json",
        include_str!("../../../../wit/fixture.schema.json"),
    ),
    (
        "hook-fixture.schema.json",
        include_str!("../../../../wit/hook-fixture.schema.json"),
    ),
];

/// Where the source of a plugin is.
pub const fn source(lang: Lang) -> &'static str {
    match lang {
        Lang::Rust => "src/lib.rs",
        Lang::Js => "plugin.js",
        Lang::Ts => "plugin.ts",
        Lang::Python => "app.py",
        Lang::Go => "main.go",
        Lang::C => "main.c",
    }
}

/// What has to be on the machine for a build.
pub const fn needs(lang: Lang) -> &'static str {
    match lang {
        Lang::Rust => "Rust with rustup, and `rustup target add wasm32-wasip2`",
        Lang::Js | Lang::Ts => "Node.js 18 or newer with npm; the tools come into this folder",
        Lang::Python => "Python 3.10 or newer with `venv`; the tool comes into this folder",
        Lang::Go => "Go 1.25 or newer",
        Lang::C => {
            "Python 3.10 or newer with `venv`, whose package `ziglang` is a C compiler for WebAssembly and \
             comes into this folder; or another one that `CC` names"
        }
    }
}

/// What a new plugin of this kind asks for, and how it is granted.
pub const fn grants(kind: PluginKind) -> &'static str {
    match kind {
        PluginKind::Provider => include_str!("templates/common/provider/grants.md.tmpl"),
        PluginKind::Guardrail => include_str!("templates/common/guardrail/grants.md.tmpl"),
        PluginKind::Callback => include_str!("templates/common/callback/grants.md.tmpl"),
    }
}

/// The files of a language and a kind, the source first.
pub fn of(lang: Lang, kind: PluginKind) -> Vec<Text> {
    let mut files = vec![(source(lang), text(lang, kind))];
    files.extend(others(lang));
    match lang {
        Lang::Rust | Lang::Js | Lang::Python => {}
        Lang::Ts => files.extend_from_slice(fixtures(kind)),
        Lang::Go | Lang::C => {
            files.push(describe(kind));
            files.extend_from_slice(fixtures(kind));
        }
    }
    files
}

const fn text(lang: Lang, kind: PluginKind) -> &'static str {
    use PluginKind::{Callback, Guardrail, Provider};
    match (lang, kind) {
        (Lang::Rust, Provider) => include_str!("templates/rust/provider.rs.tmpl"),
        (Lang::Rust, Guardrail) => include_str!("templates/rust/guardrail.rs.tmpl"),
        (Lang::Rust, Callback) => include_str!("templates/rust/callback.rs.tmpl"),
        (Lang::Js, Provider) => include_str!("templates/js/provider.js.tmpl"),
        (Lang::Js, Guardrail) => include_str!("templates/js/guardrail.js.tmpl"),
        (Lang::Js, Callback) => include_str!("templates/js/callback.js.tmpl"),
        (Lang::Ts, Provider) => include_str!("templates/ts/provider.ts.tmpl"),
        (Lang::Ts, Guardrail) => include_str!("templates/ts/guardrail.ts.tmpl"),
        (Lang::Ts, Callback) => include_str!("templates/ts/callback.ts.tmpl"),
        (Lang::Python, Provider) => include_str!("templates/python/provider.py.tmpl"),
        (Lang::Python, Guardrail) => include_str!("templates/python/guardrail.py.tmpl"),
        (Lang::Python, Callback) => include_str!("templates/python/callback.py.tmpl"),
        (Lang::Go, Provider) => include_str!("templates/go/provider.go.tmpl"),
        (Lang::Go, Guardrail) => include_str!("templates/go/guardrail.go.tmpl"),
        (Lang::Go, Callback) => include_str!("templates/go/callback.go.tmpl"),
        (Lang::C, Provider) => include_str!("templates/c/provider.c.tmpl"),
        (Lang::C, Guardrail) => include_str!("templates/c/guardrail.c.tmpl"),
        (Lang::C, Callback) => include_str!("templates/c/callback.c.tmpl"),
    }
}

/// What belongs to a language whatever the kind: its own files, and the parts of the SDK that the source uses.
fn others(lang: Lang) -> Vec<Text> {
    let (own, sdk): (&[Text], &[Text]) = match lang {
        Lang::Rust => (
            &[
                ("Cargo.toml", include_str!("templates/rust/Cargo.toml.tmpl")),
                (".gitignore", include_str!("templates/rust/gitignore.tmpl")),
            ],
            &[],
        ),
        Lang::Js => (
            &[
                (
                    "package.json",
                    include_str!("templates/js/package.json.tmpl"),
                ),
                (".gitignore", include_str!("templates/js/gitignore.tmpl")),
            ],
            &[],
        ),
        Lang::Ts => (
            &[
                (
                    "package.json",
                    include_str!("templates/ts/package.json.tmpl"),
                ),
                (
                    "tsconfig.json",
                    include_str!("templates/ts/tsconfig.json.tmpl"),
                ),
                (".gitignore", include_str!("templates/ts/gitignore.tmpl")),
            ],
            sdk::JAVASCRIPT,
        ),
        Lang::Python => (
            &[
                (
                    "requirements.txt",
                    include_str!("templates/python/requirements.txt.tmpl"),
                ),
                (
                    ".gitignore",
                    include_str!("templates/python/gitignore.tmpl"),
                ),
            ],
            &[],
        ),
        Lang::Go => (
            &[
                ("go.mod", include_str!("templates/go/go.mod.tmpl")),
                (".gitignore", include_str!("templates/go/gitignore.tmpl")),
            ],
            sdk::GO,
        ),
        Lang::C => (
            &[
                (
                    "requirements.txt",
                    include_str!("../../../../sdk/c/requirements.txt"),
                ),
                (".gitignore", include_str!("templates/c/gitignore.tmpl")),
            ],
            sdk::C,
        ),
    };
    own.iter().chain(sdk).copied().collect()
}

/// The document of a kind, where it is a file of its own.
const fn describe(kind: PluginKind) -> Text {
    let text = match kind {
        PluginKind::Provider => include_str!("templates/common/provider/describe.json.tmpl"),
        PluginKind::Guardrail => include_str!("templates/common/guardrail/describe.json.tmpl"),
        PluginKind::Callback => include_str!("templates/common/callback/describe.json.tmpl"),
    };
    ("describe.json", text)
}

/// The examples of a kind, where they are files of their own.
const fn fixtures(kind: PluginKind) -> &'static [Text] {
    match kind {
        PluginKind::Provider => &[
            (
                "fixtures/answer.json",
                include_str!("templates/common/provider/answer.json.tmpl"),
            ),
            (
                "fixtures/stream.json",
                include_str!("templates/common/provider/stream.json.tmpl"),
            ),
        ],
        PluginKind::Guardrail => &[
            (
                "fixtures/blocked.json",
                include_str!("templates/common/guardrail/blocked.json.tmpl"),
            ),
            (
                "fixtures/masked.json",
                include_str!("templates/common/guardrail/masked.json.tmpl"),
            ),
            (
                "fixtures/restored.json",
                include_str!("templates/common/guardrail/restored.json.tmpl"),
            ),
        ],
        PluginKind::Callback => &[
            (
                "fixtures/delivered.json",
                include_str!("templates/common/callback/delivered.json.tmpl"),
            ),
            (
                "fixtures/refused.json",
                include_str!("templates/common/callback/refused.json.tmpl"),
            ),
        ],
    }
}
