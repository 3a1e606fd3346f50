//! Every route of `auth`'s table, as the document writes it.

use std::collections::HashMap;
use std::sync::LazyLock;

use http::Method;

use super::unserved;
use crate::auth::{Area, Class, all_routes};
use crate::{manage, reports};

/// Method, path and summary of every route, by hand.
const SUMMARIES: &str = include_str!("summaries.tsv");

/// Rows of the table that say who may call what passes through, and are no routes.
const RULES: &str = "/{*provider}/v1/";

/// One operation of the document.
#[derive(Debug)]
pub struct Listed {
    pub method: Method,
    /// With places in braces.
    pub path: String,
    pub class: Class,
    /// LiteLLM has it; here it is answered 501.
    pub unserved: bool,
}

/// Every operation, in the order of the table.
pub fn all() -> Vec<Listed> {
    let listed = all_routes().filter(|it| {
        let rule = it.path.starts_with(RULES) || it.path.starts_with("/{provider}/v1/");
        // A slash at the end is no other route.
        !rule && (it.path == "/" || !it.path.ends_with('/'))
    });
    let listed = listed.map(|it| Listed {
        unserved: unserved::is(&it.method, &it.path),
        path: named(&it.path),
        method: it.method,
        class: it.class,
    });
    listed.collect()
}

impl Listed {
    pub fn summary(&self) -> &'static str {
        // `/v1/x` is what `/x` is, unless it has a summary of its own.
        let slashes = self.path.match_indices('/');
        let mut ends = slashes.map(|(at, _)| self.path.get(at..).unwrap_or_default());
        let own = ends.find_map(|end| SUMMARY.get(&key(self.method.as_str(), end)).copied());
        match (own, self.class.area) {
            (Some(own), _) => own,
            (None, Area::PassThrough) => "Whatever the provider is asked, as it is",
            (None, _) => "",
        }
    }

    /// The names of the places in its path.
    pub fn places(&self) -> impl Iterator<Item = &str> {
        self.path
            .split('{')
            .skip(1)
            .filter_map(|it| it.split('}').next())
    }

    /// Unique in the document.
    pub fn id(&self) -> String {
        let path = self.path.trim_matches('/').replace(['{', '}'], "");
        let path = if path.is_empty() { "root" } else { &path };
        let method = self.method.as_str().to_lowercase();
        format!("{method}_{}", path.replace(['/', ':', '.'], "_"))
    }
}

/// Method and path without the names of its places.
pub fn key(method: &str, path: &str) -> String {
    let mut key = format!("{method} ");
    for (at, piece) in path.split(['{', '}']).enumerate() {
        key.push_str(if at % 2 == 0 { piece } else { "{}" });
    }
    key
}

static SUMMARY: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    let rows = SUMMARIES.lines().filter_map(|line| {
        let mut cells = line.split('\t');
        Some((key(cells.next()?, cells.next()?), cells.next()?))
    });
    rows.collect()
});

/// The names that operations give the places of their paths, whatever their method: two names of one
/// path would be two paths of the document.
static NAMES: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    let manage = manage::OPERATIONS.iter().map(|it| it.1);
    let reports = reports::OPERATIONS.iter().map(|it| it.1);
    let all = manage.chain(reports);
    all.map(|path| (key("", path), path)).collect()
});

/// The path with the names that its operation knows, else with those of the table.
fn named(path: &str) -> String {
    let plain = path.replace("{*", "{");
    let own = NAMES.get(&key("", &plain));
    own.map_or(plain, |it| (*it).to_owned())
}
