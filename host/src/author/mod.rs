//! `sluice plugin`: writing, judging, testing, signing and installing component files. What it says of a
//! component is what the gateway would find: it loads them with the same engine, reads their
//! documents with the same code and runs their fixtures with the same runner.

pub mod bench;
pub mod build;
pub mod capabilities;
pub mod check;
pub mod documents;
mod error;
pub mod harness;
pub mod inspect;
pub mod installed;
pub mod lock;
pub mod place;
pub mod record;
pub mod scaffold;
mod scrub;
pub mod signing;
pub mod subject;

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::time::Duration;

use sluice_engine::Limits;

pub use error::AuthorError;

pub use crate::cli::report;
use crate::cli::report::Report;
use crate::cli::{BenchPlugin, Budgets, InspectPlugin, PluginTask, TestPlugin};
use crate::config::Env;
use crate::loading::default_data_directory;
use crate::plugins::read_component;
use crate::plugins::trust::signers;
use documents::{Document, folder_of, read_folder};
use harness::Terms;
use installed::signatures;
use subject::{Subject, engine};

/// What a command says, and whether it found everything good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub text: String,
    pub is_good: bool,
}

impl Told {
    pub fn good(text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            text,
            is_good: true,
        }
    }

    pub fn bad(text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            text,
            is_good: false,
        }
    }
}

impl From<Report> for Told {
    fn from(report: Report) -> Self {
        Self {
            text: report.render(),
            is_good: report.is_good(),
        }
    }
}

/// Does what the command line asks for.
///
/// # Errors
/// It cannot be done; the message says what to do.
pub async fn run(task: &PluginTask) -> Result<Told, AuthorError> {
    let data = default_data_directory();
    match task {
        PluginTask::New(options) => scaffold::new(options),
        PluginTask::Build(options) => build::build(options),
        PluginTask::Check(options) => {
            Ok(check::check(&engine(&data)?, &options.file).await?.into())
        }
        PluginTask::Test(options) => test(&data, options).await,
        PluginTask::Record(options) => {
            let subject = Subject::open(&engine(&data)?, &options.file).await?;
            record::record(&subject, options, &record::environment()).await
        }
        PluginTask::Bench(options) => measure(&data, options).await,
        PluginTask::Keygen(options) => signing::keygen(options),
        PluginTask::Sign(options) => signing::sign(options),
        PluginTask::Verify(options) => signing::verify(options),
        PluginTask::Add(options) => installed::add(&engine(&data)?, options, &mut terminal).await,
        PluginTask::Remove(options) => installed::remove(options),
        PluginTask::List(options) => installed::list(&engine(&data)?, options).await,
        PluginTask::Inspect(options) => say_all(&data, options).await,
        PluginTask::Lock(options) => installed::lock(&engine(&data)?, options).await,
    }
}

async fn test(data: &Path, options: &TestPlugin) -> Result<Told, AuthorError> {
    let fixtures = fixtures(&options.file, options.fixtures.as_deref())?;
    let subject = Subject::open(&engine(data)?, &options.file).await?;
    let terms = Terms {
        limits: limits(&options.budgets),
        seed: options.seed,
        environment: environment(),
    };
    Ok(harness::run(&subject, &fixtures, &terms).await.into())
}

async fn measure(data: &Path, options: &BenchPlugin) -> Result<Told, AuthorError> {
    let fixtures = fixtures(&options.file, options.fixtures.as_deref())?;
    let subject = Subject::open(&engine(data)?, &options.file).await?;
    let limits = limits(&options.budgets);
    let measured = bench::bench(&subject, &fixtures, &limits, options.rounds).await?;
    Ok(measured.into())
}

async fn say_all(data: &Path, options: &InspectPlugin) -> Result<Told, AuthorError> {
    let arrival = read_component(&options.file)?;
    let signed_by = signers(&arrival.signatures, &arrival.digest);
    let subject = Subject::open(&engine(data)?, &options.file).await?;
    Ok(Told::good(if options.json {
        let document = inspect::document(&subject, &signed_by);
        serde_json::to_string_pretty(&document).unwrap_or_default()
    } else {
        inspect::text(&subject, &signatures(&signed_by))
    }))
}

fn fixtures(file: &Path, given: Option<&Path>) -> Result<Vec<Document>, AuthorError> {
    match folder_of(file, given)? {
        Some(folder) => read_folder(&folder),
        None => Ok(Vec::new()),
    }
}

fn limits(budgets: &Budgets) -> Limits {
    Limits {
        memory_bytes: budgets.memory_mb as usize * (1 << 20),
        cpu: Duration::from_millis(u64::from(budgets.cpu_ms)),
        ..Limits::default()
    }
}

/// What stands in this process's environment and is long enough to be nobody's word by chance.
fn environment() -> Vec<String> {
    const LONG: usize = 12;
    let env = Env::of_process(Path::new(""));
    let values = env.all().into_values();
    let values = values.map(|it| it.reveal().to_owned());
    values.filter(|it| it.len() >= LONG).collect()
}

/// Asks at the terminal; none: there is none.
#[expect(clippy::print_stdout, reason = "a question")]
fn terminal(question: &str) -> Option<bool> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return None;
    }
    print!("{question}");
    let _ = std::io::stdout().flush();
    let mut answer = String::new();
    stdin.read_line(&mut answer).ok()?;
    Some(matches!(answer.trim(), "y" | "Y" | "yes"))
}
