//! `sluice plugin`: what authors and operators of plugins do with component files.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};

/// Options of `plugin`.
#[derive(Debug, Clone, Args)]
pub struct Plugin {
    #[command(subcommand)]
    pub task: PluginTask,
}

/// What to do with a plugin.
#[derive(Debug, Clone, Subcommand)]
pub enum PluginTask {
    /// Make a folder with a plugin that builds and passes its tests at once.
    New(NewPlugin),
    /// Build the plugin of this folder with its language's own tool.
    Build(BuildPlugin),
    /// Judge a component: contract, document, imports, capabilities, size.
    Check(PluginFile),
    /// Run a component's fixtures, and the conformance harness on them.
    Test(TestPlugin),
    /// Send a request through a provider to its upstream, and keep the exchange as a fixture.
    Record(RecordPlugin),
    /// Measure a component on its fixtures: time and memory against its limits.
    Bench(BenchPlugin),
    /// Make a key pair to sign with: `NAME.key` and `NAME.pub`.
    Keygen(Keygen),
    /// Sign a component: the signature is written beside it, as `FILE.sig`.
    Sign(SignPlugin),
    /// Say whether a component is signed by a key that is trusted.
    Verify(VerifyPlugin),
    /// Show what a component asks for, and copy it into the plugins directory.
    Add(AddPlugin),
    /// Take a plugin out of the plugins directory.
    Remove(RemovePlugin),
    /// List what lies in the plugins directory.
    List(PluginsPlace),
    /// Say all that is known of a component.
    Inspect(InspectPlugin),
    /// Write the digests of the plugins directory into its `plugins.lock`, or hold them against it.
    Lock(LockPlugins),
}

/// A component.
#[derive(Debug, Clone, Args)]
pub struct PluginFile {
    /// The component: a `.wasm` file.
    pub file: PathBuf,
}

/// Where plugins are installed.
#[derive(Debug, Clone, Args)]
pub struct PluginsPlace {
    /// The plugins directory. Without it, the config's `plugins.directory`.
    #[arg(long, short)]
    pub directory: Option<PathBuf>,
    /// The config file. Without one, `config.yaml` or else `config.example.yaml` of this folder.
    #[arg(long, short, env = "CONFIG_FILE_PATH")]
    pub config: Option<PathBuf>,
}

/// What a plugin is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    Rust,
    #[value(alias = "javascript")]
    Js,
    #[value(alias = "typescript")]
    Ts,
    #[value(alias = "py")]
    Python,
    Go,
    C,
}

/// What a plugin is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PluginKind {
    Provider,
    Guardrail,
    Callback,
}

/// Options of `plugin new`.
#[derive(Debug, Clone, Args)]
pub struct NewPlugin {
    /// The folder, which must not be there; the last part of it names the plugin.
    pub folder: PathBuf,
    #[arg(long, value_enum)]
    pub lang: Lang,
    #[arg(long, value_enum)]
    pub kind: PluginKind,
}

/// Options of `plugin build`.
#[derive(Debug, Clone, Args)]
pub struct BuildPlugin {
    /// The plugin's folder, which has a `sluice-plugin.json`.
    #[arg(default_value = ".")]
    pub folder: PathBuf,
}

/// Limits that a component is held to.
#[derive(Debug, Clone, Args)]
pub struct Budgets {
    /// Memory of an instance, in MiB.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=256))]
    pub memory_mb: u32,
    /// Computing of one call, in milliseconds.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..))]
    pub cpu_ms: u32,
}

/// Options of `plugin test`.
#[derive(Debug, Clone, Args)]
pub struct TestPlugin {
    /// The component: a `.wasm` file.
    pub file: PathBuf,
    /// A folder of fixtures (`*.json`). Without it, `fixtures` beside the component if it is there.
    /// The examples in the component's document are always run.
    #[arg(long, short)]
    pub fixtures: Option<PathBuf>,
    #[command(flatten)]
    pub budgets: Budgets,
    /// Where random places to cut at begin: the same seed cuts at the same places.
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
}

/// Options of `plugin record`.
#[derive(Debug, Clone, Args)]
pub struct RecordPlugin {
    /// The component: a `.wasm` file.
    pub file: PathBuf,
    /// The request, as a client sends it: a JSON file. With `"stream": true` in it, a stream.
    #[arg(long)]
    pub body: PathBuf,
    /// The fixture to write. Must not be there.
    #[arg(long, short)]
    pub out: PathBuf,
    /// The model's name at the provider.
    #[arg(long)]
    pub model: String,
    /// Which provider, where the component has several.
    #[arg(long)]
    pub provider: Option<String>,
    #[arg(long, default_value = "chat")]
    pub operation: String,
    /// The upstream. Without it, the `base_url` of the component's document.
    #[arg(long)]
    pub api_base: Option<String>,
    /// `NAME=VARIABLE`: the environment variable that has a secret. Without, those that the
    /// document names.
    #[arg(long, value_parser = assignment)]
    pub secret: Vec<(String, String)>,
    /// What the case shows.
    #[arg(long)]
    pub name: Option<String>,
}

/// `NAME=VARIABLE`.
fn assignment(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=');
    let pair = pair.filter(|(name, value)| !name.is_empty() && !value.is_empty());
    let (name, value) = pair.ok_or("expected NAME=VARIABLE, as in api_key=ACME_API_KEY")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Options of `plugin bench`.
#[derive(Debug, Clone, Args)]
pub struct BenchPlugin {
    /// The component: a `.wasm` file.
    pub file: PathBuf,
    /// As of `test`.
    #[arg(long, short)]
    pub fixtures: Option<PathBuf>,
    #[command(flatten)]
    pub budgets: Budgets,
    /// How often each fixture is run.
    #[arg(long, short = 'n', default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub rounds: u32,
}

/// Options of `plugin keygen`.
#[derive(Debug, Clone, Args)]
pub struct Keygen {
    /// The files are `NAME.key`, which is secret, and `NAME.pub`. Neither may be there.
    pub name: PathBuf,
}

/// Options of `plugin sign`.
#[derive(Debug, Clone, Args)]
pub struct SignPlugin {
    /// The component: a `.wasm` file.
    pub file: PathBuf,
    /// The secret key, as `keygen` wrote it.
    #[arg(long, short)]
    pub key: PathBuf,
}

/// Options of `plugin verify`.
#[derive(Debug, Clone, Args)]
pub struct VerifyPlugin {
    /// The component: a `.wasm` file, with its signature beside it as `FILE.sig`.
    pub file: PathBuf,
    /// A public key that is trusted (`ed25519:…`), or a file with one. Without, the config's
    /// `plugins.trust.keys`.
    #[arg(long, short)]
    pub key: Vec<String>,
    /// The config file. Without one, `config.yaml` or else `config.example.yaml` of this folder.
    #[arg(long, short, env = "CONFIG_FILE_PATH")]
    pub config: Option<PathBuf>,
}

/// Options of `plugin add`.
#[derive(Debug, Clone, Args)]
pub struct AddPlugin {
    /// The component: a `.wasm` file.
    pub file: PathBuf,
    #[command(flatten)]
    pub place: PluginsPlace,
    /// Do not ask: what it asks for was read.
    #[arg(long, short)]
    pub yes: bool,
}

/// Options of `plugin remove`.
#[derive(Debug, Clone, Args)]
pub struct RemovePlugin {
    /// The plugin's name, or its file's in the plugins directory.
    pub name: String,
    #[command(flatten)]
    pub place: PluginsPlace,
}

/// Options of `plugin inspect`.
#[derive(Debug, Clone, Args)]
pub struct InspectPlugin {
    /// The component: a `.wasm` file.
    pub file: PathBuf,
    /// As JSON, with the whole document.
    #[arg(long)]
    pub json: bool,
}

/// Options of `plugin lock`.
#[derive(Debug, Clone, Args)]
pub struct LockPlugins {
    #[command(flatten)]
    pub place: PluginsPlace,
    /// Write nothing; exit with 1 if the directory is not what the file says.
    #[arg(long)]
    pub check: bool,
}
