//! Who may call which route. One table says it; what is not in the table is closed.

mod class;
mod pattern;
mod table;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use http::Method;

pub use class::{Area, Class, Gate};
use class::{RouteGroup, method_in};
use pattern::Pattern;

use super::caller::{Caller, Role};
use super::grant::{KeyPart, KeyType};
use super::refuse;
use crate::domain::Fault;

/// What the operator says about routes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RouteRules {
    /// `general_settings.admin_only_routes`.
    pub admin_only: RouteList,
    /// `general_settings.public_routes`.
    pub public: RouteList,
    /// `general_settings.allowed_routes`; empty: every one.
    pub allowed: RouteList,
    /// Paths of `pass_through_endpoints` that take a key: any key, as for models.
    pub pass_through: RouteList,
    /// Those of them that take none, where no other route stands.
    pub open: RouteList,
    /// `/metrics` without a key.
    pub public_metrics: bool,
}

/// Routes as operators and keys list them: paths, wildcards (`/v1/*`), patterns
/// (`/key/{key}/regenerate`) and groups (`llm_api_routes`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RouteList(Vec<Entry>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    Group(RouteGroup),
    Path(Pattern),
}

impl RouteList {
    /// Reads a list.
    ///
    /// # Errors
    /// The first entry that is neither a path nor a known group.
    pub fn parse<'t>(entries: impl IntoIterator<Item = &'t str>) -> Result<Self, String> {
        let read = |text: &'t str| Entry::parse(text).ok_or_else(|| text.to_owned());
        entries
            .into_iter()
            .map(read)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn holds(&self, path: &str, class: Option<Class>) -> bool {
        self.0.iter().any(|entry| entry.holds(path, class))
    }
}

impl Entry {
    fn parse(text: &str) -> Option<Self> {
        if text.starts_with('/') || text == "*" {
            return Some(Self::Path(Pattern::parse(text)));
        }
        RouteGroup::parse(text).map(Self::Group)
    }

    fn holds(&self, path: &str, class: Option<Class>) -> bool {
        match self {
            Self::Group(group) => class.is_some_and(|class| group.holds(class)),
            Self::Path(pattern) => pattern.matches(path),
        }
    }
}

impl RouteRules {
    /// Whether a route needs no key.
    pub fn is_public(&self, method: &Method, path: &str) -> bool {
        let class = class_of(method, path);
        let open = class.is_some_and(|class| class.gate == Gate::Public)
            || (self.public_metrics && path == "/metrics");
        // What the operator opens is open for reading and asking, never a route of admins.
        let opened = || {
            let gate = class.map(|class| class.gate);
            let may_open = matches!(gate, None | Some(Gate::Llm | Gate::Info))
                || class.is_some_and(|class| class.reads);
            may_open && self.public.holds(path, class)
        };
        let endpoint = || class.is_none() && self.open.holds(path, None);
        (open || opened() || endpoint()) && self.is_served(path, class)
    }

    /// Whether a proven caller may call a route.
    ///
    /// # Errors
    /// The route is for other roles, outside the key's type or `allowed_routes`, or closed by
    /// the operator.
    pub fn permit(&self, caller: &Caller, method: &Method, path: &str) -> Result<(), Fault> {
        let class = class_of(method, path);
        if !self.is_served(path, class) {
            return Err(refuse::route_closed(path));
        }
        let Some(grant) = caller.grant() else {
            return Ok(());
        };
        let by_permission = || {
            let key = grant.key.as_ref();
            let opened = key.is_some_and(KeyPart::opens_spend) && is_global_spend(path, class);
            opened && !self.admin_only.holds(path, class)
        };
        if !self.role_may(grant.role, path, class) && !by_permission() {
            return Err(refuse::route(path, shown(caller)));
        }
        if let Some(token) = &grant.token {
            self.listed(&token.routes, path, class)?;
        }
        match &grant.key {
            Some(key) => self.key_may(key, path, class),
            None => Ok(()),
        }
    }

    fn is_served(&self, path: &str, class: Option<Class>) -> bool {
        let health = class.is_some_and(|it| it.area == Area::Health && it.gate == Gate::Public);
        self.allowed.is_empty() || health || self.allowed.holds(path, class)
    }

    fn role_may(&self, role: Role, path: &str, class: Option<Class>) -> bool {
        if self.admin_only.holds(path, class) {
            return role == Role::ProxyAdmin
                && !matches!(class, Some(it) if it.gate == Gate::Master);
        }
        match class {
            Some(class) => class.gate.lets_in(role, class.reads),
            // An unknown path is answered to admins only: others learn nothing from it.
            None => role == Role::ProxyAdmin || self.pass_through.holds(path, None),
        }
    }

    fn key_may(&self, key: &KeyPart, path: &str, class: Option<Class>) -> Result<(), Fault> {
        let of_type: &[Arc<str>] = match key.key_type {
            KeyType::Default => &[],
            KeyType::LlmApi => &["llm_api_routes".into()],
            KeyType::Management => &["management_routes".into()],
            KeyType::ReadOnly => &["info_routes".into()],
        };
        self.listed(of_type, path, class)?;
        self.listed(&key.allowed_routes, path, class)
    }

    /// An empty list allows every route.
    fn listed(&self, routes: &[Arc<str>], path: &str, class: Option<Class>) -> Result<(), Fault> {
        let named = |text: &str| {
            let entry = Entry::parse(text);
            let of_model = class.is_none() && text == "llm_api_routes";
            entry.is_some_and(|it| it.holds(path, class))
                || (of_model && self.pass_through.holds(path, None))
        };
        if routes.is_empty() || routes.iter().any(|text| named(text)) {
            return Ok(());
        }
        let list = routes.join("', '");
        Err(refuse::route_of_key(path, &format!("['{list}']")))
    }
}

/// Reports of everybody's spend, which a key may be let see.
fn is_global_spend(path: &str, class: Option<Class>) -> bool {
    let reads = class.is_some_and(|it| it.area == Area::GlobalSpend && it.reads);
    reads && path.starts_with("/global/spend")
}

/// The caller's role as LiteLLM prints it: a key without a user has none.
fn shown(caller: &Caller) -> &'static str {
    match caller.role() {
        Role::Team => "unknown",
        role => role.as_str(),
    }
}

/// A route's class; None: the table does not know it.
pub fn class_of(method: &Method, path: &str) -> Option<Class> {
    let of_row = |row: &Row| {
        method_in(row.methods, method).map(|reads| Class {
            area: row.area,
            gate: row.gate,
            reads,
        })
    };
    // A path that is known by its name is not looked for under wildcards.
    if let Some(rows) = INDEX.plain.get(path) {
        return rows.iter().find_map(of_row);
    }
    let mut patterns = INDEX.patterns.iter();
    patterns.find_map(|(pattern, row)| of_row(row).filter(|_| pattern.matches(path)))
}

/// A route of the table.
#[derive(Debug, Clone)]
pub struct Listed {
    pub method: Method,
    /// With places in braces: `{id}` is a segment, `{*rest}` what is left.
    pub path: String,
    pub class: Class,
}

/// Every route of the table: for documents and tests.
pub fn all_routes() -> impl Iterator<Item = Listed> {
    let methods = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
    ];
    rows().flat_map(move |(path, row)| {
        let of_method = move |method: &Method| {
            let reads = method_in(row.methods, method)?;
            Some(Listed {
                method: method.clone(),
                path: path.clone(),
                class: Class {
                    area: row.area,
                    gate: row.gate,
                    reads,
                },
            })
        };
        let found: Vec<Listed> = methods.iter().filter_map(of_method).collect();
        found
    })
}

#[derive(Debug, Clone, Copy)]
struct Row {
    methods: u8,
    area: Area,
    gate: Gate,
}

struct Index {
    plain: HashMap<String, Vec<Row>>,
    /// The most exact first.
    patterns: Vec<(Pattern, Row)>,
}

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let mut index = Index {
        plain: HashMap::new(),
        patterns: Vec::new(),
    };
    for (path, row) in rows() {
        let pattern = Pattern::parse(&path);
        if pattern.is_plain() {
            index.plain.entry(path).or_default().push(row);
        } else {
            index.patterns.push((pattern, row));
        }
    }
    index
        .patterns
        .sort_by_key(|(pattern, _)| std::cmp::Reverse(pattern.written()));
    index
});

fn rows() -> impl Iterator<Item = (String, Row)> {
    table::TABLE
        .iter()
        .flat_map(|table::Group(area, gate, routes)| {
            routes.iter().flat_map(move |(methods, path)| {
                let row = Row {
                    methods: *methods,
                    area: *area,
                    gate: *gate,
                };
                written_out(path).map(move |path| (path, row))
            })
        })
}

/// `[/v1|/x]/y` as `/y`, `/v1/y` and `/x/y`.
fn written_out(path: &'static str) -> impl Iterator<Item = String> {
    let (heads, tail) = path
        .strip_prefix('[')
        .and_then(|it| it.split_once(']'))
        .map_or((None, path), |(heads, tail)| (Some(heads), tail));
    let heads = heads.into_iter().flat_map(|it| it.split('|'));
    std::iter::once("")
        .chain(heads)
        .map(move |head| format!("{head}{tail}"))
}
