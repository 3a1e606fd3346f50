//! `sluice init`: a first config, for the providers whose keys are in the environment and those that are named
//! by a flag or at the terminal, and a master key.
//! Nothing that is there is touched.

mod asking;
mod found;
mod text;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::cli::Init;
use crate::config::{Config, ConfigError, Env};
use crate::loading::{self, at_terminal};
use crate::plugins::Table;

pub use found::{FAVOURITES, Found};

const MASTER_KEY: &str = "LITELLM_MASTER_KEY";
const DOTENV: &str = ".env";
/// Random bytes of a master key.
const KEY_BYTES: usize = 24;

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    #[error("{} is there already, and was not touched: name another file, or take it away", .0.display())]
    Exists(PathBuf),
    #[error("{}: {cause}", path.display())]
    File {
        path: PathBuf,
        #[source]
        cause: std::io::Error,
    },
    #[error("the terminal: {0}")]
    Terminal(#[source] std::io::Error),
    /// What was asked for, and a hint at what was meant.
    #[error("no plugin has the provider `{0}`{1}")]
    Unknown(String, String),
    #[error(transparent)]
    Engine(#[from] sluice_engine::EngineError),
    #[error(transparent)]
    Config(#[from] ConfigError),
}

/// Writes the config, and the master key into `.env` if there is none yet. Gives what was done, and
/// how to go on.
///
/// # Errors
/// The config is there, a provider is not known, or a file cannot be written.
pub async fn init(options: &Init) -> Result<String, InitError> {
    if options.file.exists() {
        return Err(InitError::Exists(options.file.clone()));
    }
    let env = Env::of_process(Path::new(DOTENV));
    let (config, _) = Config::parse("model_list: []", env.clone())?;
    let (plugins, _) = loading::start(&config, &at_terminal()).await?;
    let table = plugins.table();
    let mut options = options.clone();
    if options.provider.is_empty() {
        let there = found::all(&table, &env, &[])?;
        let known = |names: &[String]| found::known(&table, names);
        options.provider = asking::at_terminal(&there, known)?;
    }
    write(&options, Path::new(DOTENV), &env, &table)
}

fn write(options: &Init, dotenv: &Path, env: &Env, table: &Table) -> Result<String, InitError> {
    let found = found::all(table, env, &options.provider)?;
    let file = &options.file;
    write_new(file, &text::config(&found, env), 0o644)?;
    let mut said = vec![format!(
        "{} is written, with {}.",
        file.display(),
        told(&found)
    )];
    if env.get(MASTER_KEY).is_none() {
        said.push(write_key(dotenv)?);
    }
    let config = match file.as_path() == Path::new("config.yaml") {
        true => String::new(),
        false => format!(" --config {}", file.display()),
    };
    said.push(format!(
        "Go on with\n\n  sluice check{config}     # how every key is taken\n  sluice doctor{config}    # what is missing on this machine\n  sluice{config}"
    ));
    Ok(said.join("\n"))
}

fn told(found: &[Found]) -> String {
    let names: Vec<&str> = found.iter().map(|it| it.provider.as_str()).collect();
    match names.as_slice() {
        [] => "the model `demo` only: no key of a provider is in the environment (OPENAI_API_KEY, ANTHROPIC_API_KEY, …), and none was named with `--provider`".to_owned(),
        names => format!("`demo` and {}", names.join(", ")),
    }
}

/// A master key in a new `.env`, or how to put it into the one that is there.
fn write_key(dotenv: &Path) -> Result<String, InitError> {
    let random: [u8; KEY_BYTES] = rand::random();
    let hex: String = random.iter().map(|it| format!("{it:02x}")).collect();
    let line = format!("{MASTER_KEY}=sk-{hex}");
    let path = dotenv.display();
    match write_new(dotenv, &format!("{line}\n"), 0o600) {
        Ok(()) => Ok(format!(
            "{path} is written, with a master key that opens everything: only you can read it."
        )),
        Err(InitError::Exists(_)) => Ok(format!(
            "{path} is there already, and was not touched. Add the master key to it:\n\n  {line}\n"
        )),
        Err(other) => Err(other),
    }
}

/// Writes a file that is not there yet. `mode` says who may read it.
fn write_new(path: &Path, text: &str, mode: u32) -> Result<(), InitError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    let written = options.open(path);
    let written = written.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|cause| match cause.kind() {
        std::io::ErrorKind::AlreadyExists => InitError::Exists(path.to_owned()),
        _ => InitError::File {
            path: path.to_owned(),
            cause,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(folder: &Path, provider: &[&str]) -> Init {
        Init {
            file: folder.join("config.yaml"),
            provider: provider.iter().map(|it| (*it).to_owned()).collect(),
        }
    }

    fn written(folder: &Path, env: &Env) -> Result<String, InitError> {
        let (options, dotenv) = (options(folder, &[]), folder.join(DOTENV));
        write(&options, &dotenv, env, &Table::default())
    }

    #[test]
    fn what_is_there_is_not_touched() {
        let folder = tempfile::tempdir().unwrap();
        let (config, dotenv) = (
            folder.path().join("config.yaml"),
            folder.path().join(DOTENV),
        );
        std::fs::write(&dotenv, "A=1\n").unwrap();
        let said = written(folder.path(), &Env::default()).unwrap();
        assert!(
            said.contains("Add the master key") && said.contains("LITELLM_MASTER_KEY=sk-"),
            "{said}"
        );
        assert_eq!(std::fs::read_to_string(&dotenv).unwrap(), "A=1\n");
        let first = std::fs::read_to_string(&config).unwrap();
        let again = written(folder.path(), &Env::default())
            .unwrap_err()
            .to_string();
        assert!(again.contains("was not touched"), "{again}");
        assert_eq!(std::fs::read_to_string(&config).unwrap(), first);
        let nowhere = written(&folder.path().join("none"), &Env::default());
        assert!(nowhere.unwrap_err().to_string().contains("none"));
    }

    #[test]
    fn a_master_key_is_made_once_for_its_owner_alone_and_is_no_well_known_one() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let said = written(folder.path(), &Env::default()).unwrap();
        let dotenv = folder.path().join(DOTENV);
        let line = std::fs::read_to_string(&dotenv).unwrap();
        let key = line.trim().strip_prefix("LITELLM_MASTER_KEY=").unwrap();
        assert!(
            key.starts_with("sk-") && key.len() == 51 && !said.contains(key),
            "{line}"
        );
        let mode = std::fs::metadata(&dotenv).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let text = std::fs::read_to_string(folder.path().join("config.yaml")).unwrap();
        let (config, remarks) = Config::parse(&text, Env::of(&[(MASTER_KEY, key)])).unwrap();
        assert!(!crate::config::has_errors(&remarks), "{remarks:?}");
        assert_eq!(config.general.loopback_only(), None);

        let other = tempfile::tempdir().unwrap();
        written(other.path(), &Env::of(&[(MASTER_KEY, "sk-mine")])).unwrap();
        assert!(!other.path().join(DOTENV).exists());
    }

    #[test]
    fn a_provider_that_nobody_has_is_refused_before_anything_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let (options, dotenv) = (
            options(folder.path(), &["opnai"]),
            folder.path().join(DOTENV),
        );
        let said = write(&options, &dotenv, &Env::default(), &Table::default());
        assert!(said.unwrap_err().to_string().contains("`opnai`"));
        assert!(!options.file.exists() && !dotenv.exists());
    }
}
