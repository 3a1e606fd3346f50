//! Whether the gateway may go over to a config: one judgement, for a changed file and for a change
//! through the API. Nothing is put in force here.

use std::path::PathBuf;
use std::sync::Arc;

use crate::config::{Config, Env, Remark, Stored, Taken};
use crate::domain::Fault;
use crate::http;
use crate::live::Understood;
use crate::pipeline::{Fleet, Pipeline};
use crate::plugins::Plugins;

/// Judges configs against what runs.
#[derive(Clone)]
pub struct Judge {
    path: PathBuf,
    env: Env,
    pipeline: Pipeline,
    plugins: Plugins,
}

/// A config that may be put in force.
pub struct Judged {
    pub config: Arc<Config>,
    pub understood: Understood,
    /// Guardrails that could not do what the config says, by their names: the rest of it holds, and
    /// calls that they are to look at are refused.
    pub unfit: Vec<(String, Fault)>,
}

impl Judge {
    pub const fn new(path: PathBuf, env: Env, pipeline: Pipeline, plugins: Plugins) -> Self {
        Self {
            path,
            env,
            pipeline,
            plugins,
        }
    }

    /// The config's file.
    pub const fn path(&self) -> &PathBuf {
        &self.path
    }

    /// Reads the file with this beside it.
    ///
    /// # Errors
    /// Everything that is wrong with it; what is wrong with the whole has no path.
    pub async fn judge(&self, stored: Stored) -> Result<Judged, Vec<Remark>> {
        let it = self.clone();
        let judged = tokio::task::spawn_blocking(move || it.judge_now(stored)).await;
        judged.unwrap_or_else(|cause| Err(of_whole(cause.to_string())))
    }

    fn judge_now(&self, stored: Stored) -> Result<Judged, Vec<Remark>> {
        let read = Config::load_with(&self.path, self.env.clone(), stored);
        let (config, remarks) = read.map_err(|cause| of_whole(cause.to_string()))?;
        let wrong = remarks.into_iter().filter(|it| it.taken == Taken::Wrong);
        nothing(wrong.collect())?;
        let running = self.pipeline.fleet();
        if config.is_blank && !running.config.is_blank {
            return Err(of_whole(
                "the file is empty: its write may have been cut off",
            ));
        }
        http::Rules::read(&config.general).map_err(|text| at_its_path(&text))?;
        let understood = Understood::read(&config);
        let understood = understood.map_err(|it| vec![wrong_at(it.path, it.what)])?;
        let lost_key = config.general.loopback_only().is_some()
            && running.config.general.loopback_only().is_none();
        if lost_key {
            let text = "it has no master key of its own, but the gateway listens beyond loopback";
            return Err(of_whole(text));
        }
        let fleet = Fleet::build(Arc::clone(&config), &self.plugins.table());
        let mistakes = fleet.mistakes().into_iter();
        let mistakes = mistakes.map(|(path, text)| wrong_at(path, text));
        nothing(mistakes.collect())?;
        let guards = fleet.guards.all().iter();
        let unfit = guards.filter_map(|it| Some((it.entry.name.clone(), it.unfit()?)));
        Ok(Judged {
            config,
            understood,
            unfit: unfit.collect(),
        })
    }
}

fn nothing(wrong: Vec<Remark>) -> Result<(), Vec<Remark>> {
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

fn of_whole(text: impl Into<String>) -> Vec<Remark> {
    vec![wrong_at(String::new(), text)]
}

/// Of a text that begins with the path.
fn at_its_path(text: &str) -> Vec<Remark> {
    match text.split_once(": ") {
        Some((path, what)) => vec![wrong_at(path, what)],
        None => of_whole(text),
    }
}

fn wrong_at(path: impl Into<String>, text: impl Into<String>) -> Remark {
    Remark {
        path: path.into(),
        taken: Taken::Wrong,
        text: text.into(),
    }
}

/// Everything that is wrong, in one sentence.
pub fn in_words(wrong: &[Remark]) -> String {
    let one = |it: &Remark| match it.path.as_str() {
        "" => it.text.clone(),
        path => format!("{path}: {}", it.text),
    };
    wrong.iter().map(one).collect::<Vec<_>>().join("; ")
}
