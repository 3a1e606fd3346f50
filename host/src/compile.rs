//! `sluice compile`: the plugins' machine code is made now, as an image does it, so that no start has to.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use sluice_engine::{Engine, EngineConfig, EngineError, Settings};

use crate::cli::Compile;
use crate::cli::report::{Report, size};
use crate::config::{Config, Env};
use crate::loading::{at_terminal, data_directory, default_data_directory, engine_config};
use crate::plugins::{Progress, list_components, read_component};
use crate::serve::{ServeError, config_path};

/// Why nothing was compiled.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    #[error(transparent)]
    Config(#[from] ServeError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(
        "no machine code can be kept in {}: name another folder with `--into`, or let this user write it",
        .0.display()
    )]
    NoRoom(PathBuf),
}

/// A component, and what it is called.
type Component = (String, Bytes);

/// Compiles the bundled plugins and those of the config's directory. What cannot be compiled is wrong.
///
/// # Errors
/// The config cannot be read, or no machine code can be kept there.
pub async fn compile(options: &Compile) -> Result<Report, CompileError> {
    let config = config(options.config.as_deref())?;
    let data = config
        .as_deref()
        .map_or_else(default_data_directory, data_directory);
    let usual = engine_config(&data);
    let folder = options.into.clone().or(usual.cache_dir.clone());
    let folder = folder.unwrap_or(data);
    let engine = engine(&folder)?;
    let mut report = Report::default();
    let directory = config.and_then(|it| it.plugins.directory.clone());
    let components = components(directory.as_deref(), &mut report);
    let (told, of) = (at_terminal(), components.len());
    for (done, (name, bytes)) in components.into_iter().enumerate() {
        told(Progress {
            done,
            of,
            next: &name,
        });
        let length = bytes.len() as u64;
        match engine.load(&name, bytes, Settings::default()).await {
            Ok(_) => report.fine(name, size(length)),
            Err(cause) => report.wrong(name, cause.to_string()),
        }
    }
    told(Progress {
        done: of,
        of,
        next: "",
    });
    let what = format!("{} of machine code", size(bytes_in(&folder)));
    report.fine(folder.display().to_string(), what);
    Ok(report)
}

/// The named config, or the usual one; none: there is none.
fn config(given: Option<&Path>) -> Result<Option<Arc<Config>>, ServeError> {
    match config_path(given) {
        Err(ServeError::NoConfig) => Ok(None),
        path => {
            let (config, _) = Config::load(&path?, Env::of_process(Path::new(".env")))?;
            Ok(Some(config))
        }
    }
}

/// One that writes there, and takes nothing from elsewhere: what is shipped has to be whole.
fn engine(folder: &Path) -> Result<Engine, CompileError> {
    let engine = Engine::new(&EngineConfig {
        cache_dir: Some(folder.to_owned()),
        max_instances: 1,
        ..EngineConfig::default()
    })?;
    if engine.keeps_code() {
        return Ok(engine);
    }
    Err(CompileError::NoRoom(folder.to_owned()))
}

/// The bundled ones, and the files of the directory.
fn components(directory: Option<&Path>, report: &mut Report) -> Vec<Component> {
    let bundled = sluice_bundled::PLUGINS.iter();
    let mut all: Vec<Component> = bundled
        .map(|it| (it.name.to_owned(), Bytes::from_static(it.wasm)))
        .collect();
    let Some(directory) = directory else {
        return all;
    };
    let files: Vec<PathBuf> = match list_components(directory) {
        Ok(listing) => listing.files.into_keys().collect(),
        Err(cause) => {
            report.wrong(
                "plugins.directory",
                format!("{}: {cause}", directory.display()),
            );
            return all;
        }
    };
    for file in files {
        match read_component(&file) {
            Ok(arrival) => all.push((file.display().to_string(), arrival.bytes)),
            Err(cause) => report.wrong("plugins.directory", cause.to_string()),
        }
    }
    all
}

fn bytes_in(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let lengths = entries
        .filter_map(|it| it.metadata().ok())
        .map(|it| it.len());
    lengths.sum()
}
