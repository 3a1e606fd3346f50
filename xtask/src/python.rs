//! Tests of the running gateway: the official SDKs as clients before a loopback upstream that
//! serves recorded bytes, components dropped in while it runs, and the examples in other
//! languages, built with their own tools.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::pages::{self, CHROMIUM};
use crate::tools::{CURL, GO, NPM, PYTHON, Tool};
use crate::{services, sh, tools};

/// What has to be there first.
pub const TOOLS: [Tool; 5] = [PYTHON, NPM, GO, CURL, CHROMIUM];

/// The packages, pinned. `componentize-py` builds the examples in Python, `ziglang` those in C, at the versions of
/// `sdk/*/requirements.txt`. LiteLLM's own migrations
/// make the database that is moved out of, and what it encrypts with fills it. The clients are held
/// together: some want none of the newest of another.
const PACKAGES: [&str; 31] = [
    // It verifies signatures.
    "botocore==1.44.8",
    // pydantic-ai wants it beside `botocore`.
    "boto3==1.44.8",
    "openai==3.57.0",
    "anthropic==2.13.0",
    "pytest==9.2.0",
    // Tests mostly wait: several files at once take a third of the time.
    "pytest-xdist==3.8.0",
    "pyyaml==6.0.4",
    "httpx==0.28.1",
    "componentize-py==0.25.1",
    "ziglang==0.17.1",
    "litellm-proxy-extras==0.4.110",
    "psycopg==3.3.9",
    "psycopg-binary==3.3.9",
    "pynacl==1.6.2",
    "cryptography==50.0.2",
    "google-genai==3.6.1",
    "mistralai==3.7.0",
    "cohere==7.3.1",
    "langchain==1.5.2",
    "langchain-openai==1.7.4",
    "langchain-anthropic==1.7.10",
    "langchain-google-genai==4.4.3",
    "pydantic-ai-slim[openai,anthropic]==2.68.0",
    "openai-agents==0.24.0",
    // For the voices of agents.
    "numpy==2.4.6",
    // OpenAI's client for realtime sessions, and the upstream that they are played by.
    "websockets==16.1.1",
    // For instructor, and for its way to Google.
    "jinja2==3.1.6",
    "jsonref==1.1.0",
    // They read the examples as Docker, Prometheus and Grafana do.
    "promql-parser==0.11.0",
    // They hold the OpenAPI document to its specification, and the gateway to the document.
    "openapi-spec-validator==0.9.0",
    "schemathesis==4.32.5",
];

/// Packages without what they ask for: instructor wants an older `jiter` than openai, and works
/// with either.
const BARE_PACKAGES: [&str; 1] = ["instructor==1.17.0"];

/// The npm packages, pinned. `componentize-qjs`, `esbuild` and `typescript` build the examples in JavaScript and
/// TypeScript, at the versions of `sdk/javascript/package.json`. `ai` 7 needs a newer Node than Debian has.
const NPM_PACKAGES: [&str; 12] = [
    "openai@7.57.0",
    "@anthropic-ai/sdk@1.14.0",
    "componentize-qjs@0.4.5",
    "esbuild@0.28.2",
    "typescript@7.0.2",
    "ai@6.0.325",
    "@ai-sdk/openai@3.0.141",
    "@ai-sdk/anthropic@3.0.140",
    "@ai-sdk/google@3.0.141",
    "@ai-sdk/mistral@3.0.69",
    "@ai-sdk/cohere@3.0.63",
    "zod@4.6.7",
];

/// Files of tests that run at the same time.
const AT_ONCE: &str = "3";

/// Guests that are dropped into a running gateway.
const GUESTS: [&str; 4] = [
    "sluice-guest-guards",
    "sluice-guest-hard-cases",
    "sluice-guest-hostile",
    "sluice-guest-sinks",
];

/// Installs what the tests need into folders of their own and runs `tests/sdk`, with a PostgreSQL
/// server where there is one.
pub fn sdk_tests(database: Option<&str>) -> Result<(), String> {
    let guests = guests()?;
    let target = sh::target_dir();
    let python = venv(&target.join("sdk-venv"))?;
    let node = target.join("sdk-node");
    std::fs::create_dir_all(&node).map_err(|cause| cause.to_string())?;
    sh::run(
        Command::new("npm")
            .args(["install", "--silent", "--no-fund", "--no-audit", "--prefix"])
            .arg(&node)
            .args(NPM_PACKAGES),
    )?;
    let pages = pages::prepare()?;
    let binary = std::env::var_os("SLUICE_BINARY").map(PathBuf::from);
    let binary = binary.unwrap_or_else(|| target.join("debug/sluice"));
    println!("\n== pytest tests/sdk");
    sh::run(
        Command::new(&python)
            .args(["-m", "pytest", "-q", "--durations=12"])
            .args(["-p", "no:cacheprovider"])
            .args(["-n", AT_ONCE, "--dist", "loadfile", "tests/sdk"])
            .env("SLUICE_BINARY", binary)
            .env("SLUICE_GUESTS", guests)
            .env("SDK_NODE", node)
            .env("SDK_PAGES", pages)
            .env("SDK_VENV", target.join("sdk-venv"))
            .env("SDK_EXAMPLES", target.join("sdk-examples"))
            .env("SLUICE_COMPONENT", target.join("debug/sluice-component"))
            .envs(database.map(|url| (services::DATABASE_URL, url))),
    )
}

/// A Python of our own with the packages.
fn venv(folder: &Path) -> Result<PathBuf, String> {
    let python = folder.join("bin/python");
    let pip = |arguments: &[&str]| {
        let mut command = Command::new(&python);
        sh::run(command.args(["-m", "pip"]).args(arguments))
    };
    if pip(&["--version"]).is_err() {
        let make = || {
            sh::run(
                Command::new("python3")
                    .args(["-m", "venv", "--clear"])
                    .arg(folder),
            )
        };
        // Debian has `venv` in a package of its own.
        if make().is_err() {
            tools::install(PYTHON.packages)?;
            make()?;
        }
    }
    let quiet = ["install", "--quiet", "--disable-pip-version-check"];
    pip(&[&quiet[..], &PACKAGES[..]].concat())?;
    pip(&[&quiet[..], &["--no-deps"], &BARE_PACKAGES[..]].concat())?;
    Ok(python)
}

/// Builds the guests beside the bundled plugins, with which they share what they depend on.
fn guests() -> Result<PathBuf, String> {
    let target = sh::target_dir().join("sluice-plugins");
    let mut arguments = vec!["build", "--locked", "--profile", "plugin"];
    arguments.extend(["--target", "wasm32-wasip2", "--target-dir"]);
    let folder = target.display().to_string();
    arguments.push(&folder);
    for name in GUESTS {
        arguments.extend(["-p", name]);
    }
    sh::cargo(&arguments)?;
    Ok(target.join("wasm32-wasip2/plugin"))
}
