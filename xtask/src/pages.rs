//! The admin UI: its packages for tests, and pictures of its pages.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::services::{free_port, password, until_said};
use crate::{sh, tools};

/// The browser, and letters for both languages.
pub const CHROMIUM: tools::Tool = tools::Tool {
    program: "chromium",
    packages: &["chromium", "fonts-noto-cjk"],
};

/// Of the sources, what is no source.
const LEFT_OUT: [&str; 3] = ["node_modules", "dist", "screenshots"];

/// The config of the gateway that is shown: models that need no provider, at prices of real ones.
const SHOWN: &str = r#"
model_list:
  - model_name: demo
    litellm_params: {model: echo/demo}
  - model_name: gpt-4o
    litellm_params: {model: echo/gpt-4o, input_cost_per_token: 0.0000025, output_cost_per_token: 0.00001}
  - model_name: gpt-4o
    litellm_params: {model: openai/gpt-4o, api_key: none, mock_response: "An answer that was made up."}
  - model_name: claude-sonnet
    litellm_params: {model: echo/claude-sonnet, input_cost_per_token: 0.000003, output_cost_per_token: 0.000015}
  - model_name: llama-70b
    litellm_params: {model: echo/llama-70b, input_cost_per_token: 0.0000006, output_cost_per_token: 0.0000008}
  - model_name: llama-70b
    litellm_params: {model: anthropic/llama-70b, api_key: none, mock_response: litellm.RateLimitError, cooldown_time: 3600, input_cost_per_token: 0.0000006, output_cost_per_token: 0.0000008}
  - model_name: out-of-service
    litellm_params: {model: anthropic/out-of-service, api_key: none, mock_response: litellm.ServiceUnavailableError, input_cost_per_token: 0.000003, output_cost_per_token: 0.000015}
guardrails:
  - guardrail_name: no-addresses
    litellm_params: {guardrail: pii, mode: [pre_call, post_call]}
  - guardrail_name: no-secrets
    litellm_params: {guardrail: keywords, mode: pre_call, words: [Nightjar]}
litellm_settings: {callbacks: [prometheus], num_retries: 1}
plugins: {directory: plugins}
general_settings:
  master_key: MASTER_KEY
  store_model_in_db: true
  store_prompts_in_spend_logs: true
  proxy_batch_write_at: 1
"#;

/// A copy of `host/ui` with the packages that its tests need, so that nothing is left in the sources.
pub fn prepare() -> Result<PathBuf, String> {
    let place = sh::target_dir().join("sdk-pages");
    let said = |cause: std::io::Error| format!("the pages could not be copied: {cause}");
    let lock = fs::read("host/ui/package-lock.json").map_err(said)?;
    let known = place.join("package-lock.json");
    let is_new = fs::read(&known).ok().as_deref() != Some(lock.as_slice());
    copy(Path::new("host/ui"), &place).map_err(said)?;
    if is_new || !place.join("node_modules").is_dir() {
        let install = npm(&place, &["ci", "--include=dev", "--no-audit", "--no-fund"]);
        if install.is_err() {
            // The next run is to try it again.
            fs::remove_file(&known).map_err(said)?;
        }
        install?;
    }
    Ok(place)
}

/// Pictures of every page, wide and narrow, light and dark, of a gateway with something in it:
/// the one of this tree, or what `SLUICE_BINARY` names.
pub fn screenshots(folder: &str) -> Result<(), String> {
    tools::ensure_all(&[tools::NPM, CHROMIUM])?;
    let given = std::env::var_os("SLUICE_BINARY").map(PathBuf::from);
    if given.is_none() {
        sh::cargo(&["build", "--locked", "--workspace", "--all-targets"])?;
    }
    let binary = given.unwrap_or_else(|| sh::target_dir().join("debug/sluice"));
    let binary = std::path::absolute(binary).map_err(|cause| cause.to_string())?;
    let folder = std::path::absolute(folder).map_err(|cause| cause.to_string())?;
    let place = prepare()?;
    let gateway = Gateway::start(&binary)?;
    let mut pictures = Command::new("node");
    pictures.arg("e2e/screenshots.mjs").arg(&folder);
    pictures.current_dir(&place);
    pictures.env("SLUICE_URL", &gateway.url);
    pictures.env("SLUICE_MASTER_KEY", &gateway.key);
    pictures.env("SLUICE_SEED", "yes");
    sh::run(&mut pictures)?;
    println!("the pictures are in {}", folder.display());
    Ok(())
}

fn npm(place: &Path, arguments: &[&str]) -> Result<(), String> {
    sh::run(
        Command::new("npm")
            .args(arguments)
            .current_dir(place)
            .env_remove("NODE_ENV"),
    )
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if LEFT_OUT.iter().any(|it| name == **it) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to.join(name))?;
        } else {
            fs::copy(entry.path(), to.join(name))?;
        }
    }
    Ok(())
}

/// A gateway in an empty folder.
struct Gateway {
    process: Child,
    folder: PathBuf,
    url: String,
    key: String,
}

impl Gateway {
    fn start(binary: &Path) -> Result<Self, String> {
        let said = |cause: std::io::Error| format!("the gateway could not be started: {cause}");
        let folder = std::env::temp_dir().join(format!("sluice-pages-{}", std::process::id()));
        fs::create_dir(&folder).map_err(said)?;
        let (key, port) = (password().map_err(said)?, free_port().map_err(said)?);
        let key = format!("sk-{key}");
        let config = folder.join("config.yaml");
        fs::write(&config, SHOWN.replace("MASTER_KEY", &key)).map_err(said)?;
        fs::create_dir(folder.join("plugins")).map_err(said)?;
        let mut process = Command::new(binary);
        process.arg("--config").arg(&config);
        process.args(["--host", "127.0.0.1", "--port", &port.to_string()]);
        process.env("HOME", &folder).current_dir(&folder);
        process.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = process.spawn().map_err(said)?;
        let log = process.stderr.take();
        let this = Self {
            process,
            folder,
            url: format!("http://127.0.0.1:{port}"),
            key,
        };
        let ready = log.ok_or("the gateway has no log")?;
        until_said(ready, "sluice is listening")
            .map_err(|log| format!("the gateway did not start:\n{log}"))?;
        Ok(this)
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let killed = self.process.kill().and_then(|()| self.process.wait());
        if killed.is_err() || fs::remove_dir_all(&self.folder).is_err() {
            eprintln!("xtask: {} is left over", self.folder.display());
        }
    }
}
