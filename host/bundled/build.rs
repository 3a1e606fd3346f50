//! Builds the plugins of this repository as components, exactly as a third party builds theirs,
//! and embeds them. `SLUICE_PLUGINS_DIR` takes prebuilt `<name>.wasm` files instead. The pages of the
//! admin UI are built and embedded beside them.
#![expect(
    clippy::disallowed_methods,
    reason = "a build script is told by its environment what to do"
)]

mod pages;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

const PLUGINS: &[&str] = &[
    "anthropic",
    "azure",
    "azure_content_safety",
    "bedrock",
    "bedrock_guardrails",
    "black_forest_labs",
    "clickhouse",
    "cohere",
    "datadog",
    "deepgram",
    "echo",
    "elevenlabs",
    "gemini",
    "generic_api",
    "keywords",
    "lakera",
    "langfuse",
    "langsmith",
    "ollama",
    "openai",
    "openai_compatible",
    "openai_moderation",
    "pii",
    "presidio",
    "prompt_injection",
    "replicate",
    "rerankers",
    "s3",
    "sagemaker",
    "slack",
    "stability",
    "vertex_ai",
    "watsonx",
    "webhook",
];
const TARGET: &str = "wasm32-wasip2";

/// Cargo's commands that make nothing that runs, and those that do.
const CHECKING: &[&str] = &["check", "c", "clippy", "doc", "d", "fix", "rustdoc"];
const BUILDING: &[&str] = &[
    "build", "b", "run", "r", "test", "t", "bench", "install", "rustc",
];

fn main() {
    if let Err(what) = run() {
        println!("cargo::error={what}");
    }
}

fn run() -> Result<(), String> {
    let out = PathBuf::from(variable("OUT_DIR")?);
    let root = Path::new(&variable("CARGO_MANIFEST_DIR")?).join("../..");
    let root = root.canonicalize().map_err(|cause| cause.to_string())?;
    pages::run(&root, &out)?;
    println!("cargo::rerun-if-env-changed=SLUICE_PLUGINS_DIR");
    if let Ok(prebuilt) = std::env::var("SLUICE_PLUGINS_DIR") {
        println!("cargo::rerun-if-changed={prebuilt}");
        return embed(&out, Path::new(&prebuilt), |name| format!("{name}.wasm"));
    }
    if only_checking() {
        // A path that never exists: the next real build runs this script again.
        println!("cargo::rerun-if-changed=never-built");
        return write(&out, "");
    }
    let hash = hash_of_inputs(&root)?;
    let target = out
        .ancestors()
        .nth(4)
        .unwrap_or(&out)
        .join("sluice-plugins");
    // A target folder may be shared by several checkouts, so what was built is kept apart.
    let kept = out.join("components");
    let stamp = kept.join("stamp");
    let complete = PLUGINS
        .iter()
        .all(|name| kept.join(file_name(name)).is_file());
    let fresh = complete && std::fs::read_to_string(&stamp).is_ok_and(|old| old == hash);
    if !fresh {
        ensure_target()?;
        build(&root, &target)?;
        std::fs::create_dir_all(&kept).map_err(|cause| cause.to_string())?;
        for name in PLUGINS {
            let built = target.join(TARGET).join("plugin").join(file_name(name));
            std::fs::copy(&built, kept.join(file_name(name)))
                .map_err(|cause| format!("{}: {cause}", built.display()))?;
        }
        std::fs::write(&stamp, &hash).map_err(|cause| cause.to_string())?;
    }
    embed(&out, &kept, file_name)
}

/// What cargo calls the component of a plugin.
fn file_name(name: &str) -> String {
    format!("sluice_plugin_{name}.wasm")
}

/// Everything the components depend on, by content.
fn hash_of_inputs(root: &Path) -> Result<String, String> {
    let mut inputs = Sha256::new();
    for folder in ["plugins", "sdk", "wit", "host/framing"] {
        println!("cargo::rerun-if-changed={}", root.join(folder).display());
        hash_folder(root, &root.join(folder), &mut inputs)?;
    }
    // The manifest has the profile that they are built with.
    for file in ["Cargo.lock", "Cargo.toml"] {
        println!("cargo::rerun-if-changed={}", root.join(file).display());
        hash_file(root, &root.join(file), &mut inputs)?;
    }
    let version = rustc(&["-vV"])?;
    inputs.update(version);
    let hex = inputs.finalize();
    Ok(hex.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn rustc(arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(variable("RUSTC")?)
        .args(arguments)
        .output()
        .map_err(|cause| format!("rustc could not be run: {cause}"))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn variable(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|_| format!("{name} is not set"))
}

/// Cargo does not tell a build script what it is run for, but its own arguments do.
fn only_checking() -> bool {
    let parent = std::os::unix::process::parent_id().to_string();
    let arguments = std::fs::read(format!("/proc/{parent}/cmdline"))
        .map(|bytes| String::from_utf8_lossy(&bytes).replace('\0', " "))
        .or_else(|_| {
            let output = Command::new("ps")
                .args(["-o", "args=", "-p", &parent])
                .output()?;
            Ok::<_, std::io::Error>(String::from_utf8_lossy(&output.stdout).into_owned())
        });
    let arguments = arguments.unwrap_or_default();
    // Options may stand before the command, some with a value of their own.
    let command = arguments
        .split_whitespace()
        .skip(1)
        .find(|word| CHECKING.contains(word) || BUILDING.contains(word));
    command.is_some_and(|word| CHECKING.contains(&word))
}

/// Adds the target through rustup, or says how.
fn ensure_target() -> Result<(), String> {
    let sysroot = rustc(&["--print", "sysroot"])?;
    if Path::new(&sysroot)
        .join("lib/rustlib")
        .join(TARGET)
        .exists()
    {
        return Ok(());
    }
    let added = Command::new("rustup")
        .args(["target", "add", TARGET])
        .status();
    if added.is_ok_and(|status| status.success()) {
        return Ok(());
    }
    Err(format!(
        "plugins are built for {TARGET}; run: rustup target add {TARGET}"
    ))
}

fn build(root: &Path, target: &Path) -> Result<(), String> {
    let mut command = Command::new(variable("CARGO")?);
    command
        .current_dir(root)
        .args(["build", "--locked", "--profile", "plugin"])
        .args(["--target", TARGET])
        .arg("--target-dir")
        .arg(target);
    for name in PLUGINS {
        command.args(["-p", &format!("sluice-plugin-{}", name.replace('_', "-"))]);
    }
    // What the outer build is told is not for the inner one.
    for (name, _) in std::env::vars() {
        let outer = name.starts_with("CARGO")
            && !matches!(name.as_str(), "CARGO_HOME" | "CARGO_NET_OFFLINE")
            && !name.starts_with("CARGO_REGISTRIES")
            && !name.starts_with("CARGO_SOURCE")
            && !name.starts_with("CARGO_HTTP");
        let flags = matches!(
            name.as_str(),
            "RUSTFLAGS"
                | "RUSTC"
                | "RUSTDOC"
                | "RUSTC_WRAPPER"
                | "RUSTC_WORKSPACE_WRAPPER"
                | "CLIPPY_ARGS"
                | "TARGET"
                | "HOST"
                | "OUT_DIR"
                | "PROFILE"
                | "OPT_LEVEL"
                | "DEBUG"
                | "NUM_JOBS"
                | "RUSTC_LINKER"
        );
        if outer || flags {
            command.env_remove(name);
        }
    }
    let output = command
        .output()
        .map_err(|cause| format!("cargo could not be run: {cause}"))?;
    if output.status.success() {
        return Ok(());
    }
    let errors = String::from_utf8_lossy(&output.stderr).replace('\n', "\ncargo::warning=");
    println!("cargo::warning={errors}");
    Err("the bundled plugins do not build; the warnings above say why".into())
}

fn embed(out: &Path, folder: &Path, file: impl Fn(&str) -> String) -> Result<(), String> {
    let mut code = String::new();
    for name in PLUGINS {
        let path = folder.join(file(name));
        if !path.is_file() {
            return Err(format!("{} is missing", path.display()));
        }
        // Writing to a string does not fail.
        let _ = writeln!(
            code,
            "Bundled {{ name: {name:?}, wasm: include_bytes!({:?}) }},",
            path.display().to_string()
        );
    }
    write(out, &code)
}

fn write(out: &Path, list: &str) -> Result<(), String> {
    let code = format!("&[{list}]");
    std::fs::write(out.join("bundled.rs"), code).map_err(|cause| cause.to_string())
}

fn hash_folder(root: &Path, folder: &Path, hash: &mut Sha256) -> Result<(), String> {
    let entries =
        std::fs::read_dir(folder).map_err(|cause| format!("{}: {cause}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            hash_folder(root, &path, hash)?;
        } else {
            hash_file(root, &path, hash)?;
        }
    }
    Ok(())
}

fn hash_file(root: &Path, path: &Path, hash: &mut Sha256) -> Result<(), String> {
    let bytes = std::fs::read(path).map_err(|cause| format!("{}: {cause}", path.display()))?;
    let name = path.strip_prefix(root).unwrap_or(path);
    hash.update(name.display().to_string());
    hash.update((bytes.len() as u64).to_le_bytes());
    hash.update(bytes);
    Ok(())
}
