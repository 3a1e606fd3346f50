//! The direction of rooms, and which room may name which outside crate.

use std::path::{Path, PathBuf};

use crate::{code, files, nothing_wrong, root, shown};

/// A room, and the rooms it may import from. `main.rs` and `lib.rs` see every one.
const ROOMS: [(&str, &[&str]); 44] = [
    ("domain", &[]),
    ("config", &["domain"]),
    ("store", &["domain"]),
    ("telemetry", &["domain"]),
    ("dialect", &["domain"]),
    ("plugins", &["domain", "config", "telemetry"]),
    ("upstream", &["domain", "config", "telemetry", "dialect"]),
    ("router", &["domain", "config", "telemetry"]),
    ("auth", &["domain", "store"]),
    ("budget", &["domain"]),
    ("limits", &["domain"]),
    ("prices", &["domain"]),
    ("spend", &["domain"]),
    // A connection to a Redis that may go at any time.
    ("redis_link", &["domain", "config"]),
    ("cache", &["domain", "config", "telemetry", "redis_link"]),
    // What replicas share through a Redis: it keeps the pool that `limits` asks.
    ("shared", &["domain", "config", "limits", "redis_link"]),
    // What people are told of.
    ("alerts", &["domain"]),
    // What both of the next have of a request: what it brings, who asks, how it is refused.
    ("asked", &["domain", "store", "auth"]),
    // What operators change: rows, whose they are, and when budgets begin anew.
    (
        "manage",
        &["domain", "config", "store", "auth", "budget", "asked"],
    ),
    // What another gateway has in its database, as rows of ours.
    ("migrate", &["domain", "config", "store", "budget"]),
    // What operators read: sums and rows of what was spent.
    ("reports", &["domain", "store", "auth", "prices", "asked"]),
    (
        "pipeline",
        &[
            "alerts",
            "domain",
            "config",
            "store",
            "telemetry",
            "dialect",
            "plugins",
            "upstream",
            "router",
            "auth",
            "budget",
            "limits",
            "prices",
            "spend",
            "cache",
            "shared",
        ],
    ),
    // Who signs in to the admin UI, and sessions.
    ("signin", &["domain", "config", "store", "auth", "manage"]),
    (
        "http",
        &[
            "alerts",
            "domain",
            "config",
            "telemetry",
            "plugins",
            "auth",
            "manage",
            "reports",
            "pipeline",
            "signin",
        ],
    ),
    ("cli", &["domain", "config", "telemetry"]),
    // Settings, understood before they are put in force.
    (
        "live",
        &[
            "alerts",
            "telemetry",
            "domain",
            "config",
            "store",
            "auth",
            "budget",
            "limits",
            "prices",
            "spend",
            "manage",
            "pipeline",
        ],
    ),
    (
        "price_tables",
        &[
            "domain",
            "config",
            "store",
            "telemetry",
            "prices",
            "manage",
            "pipeline",
        ],
    ),
    ("replicas.rs", &["config", "store", "telemetry", "pipeline"]),
    // That this gateway runs, said to the database.
    ("presence.rs", &["store"]),
    // What no call shows.
    ("watching.rs", &["domain", "store", "alerts", "pipeline"]),
    (
        "rotation.rs",
        &[
            "config",
            "telemetry",
            "budget",
            "manage",
            "pipeline",
            "live",
        ],
    ),
    // What the database holds beside the file, and word of its changes.
    ("held.rs", &["domain", "config", "store"]),
    // Whether the gateway may go over to a config.
    (
        "judge.rs",
        &["domain", "config", "plugins", "pipeline", "http", "live"],
    ),
    (
        "reload.rs",
        &[
            "domain",
            "config",
            "telemetry",
            "plugins",
            "pipeline",
            "http",
            "held",
            "judge",
            "price_tables",
            "services",
        ],
    ),
    (
        "in_force",
        &[
            "domain",
            "config",
            "auth",
            "budget",
            "prices",
            "manage",
            "reports",
            "pipeline",
            "http",
            "held",
            "judge",
            "price_tables",
        ],
    ),
    (
        "services.rs",
        &[
            "alerts",
            "domain",
            "config",
            "store",
            "telemetry",
            "upstream",
            "auth",
            "budget",
            "limits",
            "prices",
            "spend",
            "shared",
            "manage",
            "pipeline",
            "live",
            "price_tables",
            "presence",
            "held",
            "in_force",
            "signin",
            "serve",
        ],
    ),
    (
        "upkeep.rs",
        &[
            "domain", "config", "store", "migrate", "pipeline", "cli", "serve", "services",
        ],
    ),
    // The plugins of a config, and word of how far they are.
    ("loading.rs", &["config", "plugins", "pipeline"]),
    // What is said once the gateway listens.
    (
        "welcome.rs",
        &["config", "plugins", "pipeline", "http", "cli"],
    ),
    // What authors and operators of plugins do with component files.
    (
        "author",
        &[
            "domain", "config", "plugins", "upstream", "cli", "loading", "serve",
        ],
    ),
    (
        "compile.rs",
        &["config", "plugins", "cli", "loading", "serve"],
    ),
    // A first config.
    ("init", &["config", "plugins", "cli", "loading"]),
    // Everything that the gateway needs, looked at before it is needed.
    (
        "doctor",
        &[
            "config",
            "store",
            "redis_link",
            "plugins",
            "upstream",
            "pipeline",
            "cli",
            "loading",
            "serve",
            "services",
        ],
    ),
    (
        "serve.rs",
        &[
            "watching",
            "domain",
            "config",
            "store",
            "telemetry",
            "dialect",
            "plugins",
            "upstream",
            "router",
            "auth",
            "spend",
            "cache",
            "pipeline",
            "http",
            "cli",
            "live",
            "presence",
            "price_tables",
            "replicas",
            "rotation",
            "reload",
            "services",
            "in_force",
            "judge",
            "reports",
            "migrate",
            "loading",
            "welcome",
        ],
    ),
];

/// Outside crates that belong to one room, or few.
const OUTSIDE: [(&str, &[&str]); 22] = [
    ("reqwest", &["upstream"]),
    ("tokio_tungstenite", &["upstream"]),
    ("axum", &["http", "admin"]),
    ("hyper", &["http"]),
    ("sqlx", &["store"]),
    ("redis", &["redis_link"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("notify", &["plugins", "reload.rs"]),
    ("prometheus_client", &["telemetry"]),
    ("opentelemetry", &["telemetry"]),
    ("opentelemetry_http", &["telemetry"]),
    ("opentelemetry_otlp", &["telemetry"]),
    ("opentelemetry_sdk", &["telemetry"]),
    ("tonic", &["telemetry"]),
    ("serde_yaml", &["config"]),
    ("sluice_bridges", &["pipeline"]),
    ("sluice_spans", &["pipeline"]),
    ("tiktoken_rs", &["pipeline"]),
    (
        "sluice_bundled",
        &[
            "author",
            "plugins",
            "http",
            "cli",
            "loading.rs",
            "compile.rs",
            "serve.rs",
        ],
    ),
    // Loading and running components. Its words, `sluice_engine::contract`, are known from
    // `upstream` on.
    (
        "sluice_engine",
        &[
            "author",
            "plugins",
            "pipeline",
            "loading.rs",
            "compile.rs",
            "init",
            "serve.rs",
        ],
    ),
    // Bindings and components of C and Go.
    ("sluice_component", &["author"]),
];

fn rooms() -> PathBuf {
    root().join("host/src")
}

/// The room that a file of the host is in.
fn room_of(file: &Path) -> String {
    let inside = file.strip_prefix(rooms()).unwrap();
    let first = inside.components().next().unwrap();
    first.as_os_str().to_string_lossy().into_owned()
}

/// The first names of every `crate::…` path: one, or those in braces.
fn imported(code: &str) -> Vec<String> {
    let mut names = Vec::new();
    for part in code.split("crate::").skip(1) {
        match part.strip_prefix('{') {
            None => names.push(word(part)),
            Some(group) => {
                let mut depth = 0;
                let mut first = true;
                for (at, letter) in group.char_indices() {
                    match letter {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => first = true,
                        _ if first && !letter.is_whitespace() => {
                            names.push(word(&group[at..]));
                            first = false;
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    names
}

fn word(text: &str) -> String {
    let plain = |it: &char| it.is_ascii_alphanumeric() || *it == '_';
    text.chars().take_while(plain).collect()
}

/// Whether code names a crate: `name::` that is no end of a longer name.
fn names_crate(code: &str, name: &str) -> bool {
    code.match_indices(&format!("{name}::")).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        before.is_none_or(|it| !it.is_ascii_alphanumeric() && it != '_' && it != ':')
    })
}

#[test]
fn rooms_import_from_their_left_only() {
    let mut wrong = Vec::new();
    for file in files(&rooms(), &["rs"]) {
        let room = room_of(&file);
        if matches!(room.as_str(), "main.rs" | "lib.rs") {
            continue;
        }
        let known = ROOMS.iter().find(|(name, _)| *name == room);
        let Some((_, allowed)) = known else {
            wrong.push(format!("{} is in no known room", shown(&file)));
            continue;
        };
        for name in imported(&code(&file)) {
            let is_room = ROOMS
                .iter()
                .any(|(known, _)| known.trim_end_matches(".rs") == name);
            let own = room.trim_end_matches(".rs") == name;
            if is_room && !own && !allowed.contains(&name.as_str()) {
                wrong.push(format!("{}: {room} imports {name}", shown(&file)));
            }
        }
    }
    nothing_wrong(&wrong);
}

#[test]
fn imports_are_read_alone_and_in_braces() {
    let code = "use crate::domain::{Fault, ids};\nuse crate::{\n    config::{Env, x}, router,\n};";
    assert_eq!(imported(code), ["domain", "config", "router"]);
    assert!(names_crate("use axum::Router;", "axum") && !names_crate("my_axum::x", "axum"));
}

#[test]
fn each_outside_crate_is_named_in_its_rooms_only() {
    let mut wrong = Vec::new();
    for file in files(&rooms(), &["rs"]) {
        let (room, code) = (room_of(&file), code(&file));
        for (name, homes) in OUTSIDE {
            let code = match room.as_str() {
                "upstream" => code.replace("sluice_engine::contract", ""),
                _ => code.clone(),
            };
            if names_crate(&code, name) && !homes.contains(&room.as_str()) {
                wrong.push(format!("{} names {name}", shown(&file)));
            }
        }
    }
    nothing_wrong(&wrong);
}

#[test]
fn only_the_engine_names_wasmtime() {
    let mut wrong = Vec::new();
    for folder in [
        "host/src",
        "host/bridges",
        "host/bundled",
        "host/credentials",
        "host/framing",
        "host/spans",
        "sdk",
        "plugins",
    ] {
        for file in files(&root().join(folder), &["rs"]) {
            if names_crate(&code(&file), "wasmtime") {
                wrong.push(shown(&file));
            }
        }
    }
    nothing_wrong(&wrong);
}

/// The admin UI does what a client may do: two files of it speak to the gateway, by the public API
/// alone; one of them for answers that come word by word.
#[test]
fn the_pages_speak_to_the_gateway_from_two_files() {
    const SPEAKING: [&str; 2] = ["api/chat.ts", "api/client.ts"];
    let calls = [
        "fetch(",
        "fetch)",
        "sendBeacon(",
        "XMLHttpRequest",
        "EventSource(",
        "WebSocket(",
    ];
    let pages = root().join("host/ui/src");
    // Tests put a gateway of their own in the place of `fetch`.
    let found = files(&pages, &["ts", "tsx"]);
    let found = found
        .iter()
        .filter(|it| !it.to_string_lossy().contains(".test."));
    let speaks = |path: &&PathBuf| {
        let code = code(path).replace("refetch(", "");
        calls.iter().any(|it| code.contains(it))
    };
    let speaking: Vec<&Path> = found
        .filter(speaks)
        .filter_map(|path| path.strip_prefix(&pages).ok())
        .collect();
    assert_eq!(speaking, SPEAKING.map(Path::new));
}
