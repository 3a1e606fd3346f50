//! The texts of new plugins.

use crate::cli::{Lang, PluginKind};

/// A file of a new plugin.
#[derive(Debug, Clone, Copy)]
pub struct Template {
    /// Where it goes.
    pub path: &'static str,
    pub text: &'static str,
}

pub const README: &str = include_str!("templates/common/README.md.tmpl");

/// What every plugin is built against, and the schemas of its documents.
pub const CONTRACT: [(&str, &str); 4] = [
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
        Lang::Python => "app.py",
    }
}

/// The files of a language and a kind.
pub fn of(lang: Lang, kind: PluginKind) -> Vec<Template> {
    let (source_text, others) = match lang {
        Lang::Rust => rust(kind),
        Lang::Js => js(kind),
        Lang::Python => python(kind),
    };
    let own = Template {
        path: source(lang),
        text: source_text,
    };
    let others = others.iter().map(|(path, text)| Template { path, text });
    std::iter::once(own).chain(others).collect()
}

type Texts = (&'static str, &'static [(&'static str, &'static str)]);

const fn rust(kind: PluginKind) -> Texts {
    let source = match kind {
        PluginKind::Provider => include_str!("templates/rust/provider.rs.tmpl"),
        PluginKind::Guardrail => include_str!("templates/rust/guardrail.rs.tmpl"),
        PluginKind::Callback => include_str!("templates/rust/callback.rs.tmpl"),
    };
    (
        source,
        &[
            ("Cargo.toml", include_str!("templates/rust/Cargo.toml.tmpl")),
            (".gitignore", include_str!("templates/rust/gitignore.tmpl")),
        ],
    )
}

const fn js(kind: PluginKind) -> Texts {
    let source = match kind {
        PluginKind::Provider => include_str!("templates/js/provider.js.tmpl"),
        PluginKind::Guardrail => include_str!("templates/js/guardrail.js.tmpl"),
        PluginKind::Callback => include_str!("templates/js/callback.js.tmpl"),
    };
    (
        source,
        &[
            (
                "package.json",
                include_str!("templates/js/package.json.tmpl"),
            ),
            (".gitignore", include_str!("templates/js/gitignore.tmpl")),
        ],
    )
}

const fn python(kind: PluginKind) -> Texts {
    let source = match kind {
        PluginKind::Provider => include_str!("templates/python/provider.py.tmpl"),
        PluginKind::Guardrail => include_str!("templates/python/guardrail.py.tmpl"),
        PluginKind::Callback => include_str!("templates/python/callback.py.tmpl"),
    };
    (
        source,
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
    )
}
