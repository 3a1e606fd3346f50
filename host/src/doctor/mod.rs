//! `sluice doctor`: everything that the gateway needs, looked at before it is needed. Each line says that it
//! is well, or what to do. It changes nothing but the machine code of plugins, which it makes as a start does.

mod machine;
mod others;
mod upstreams;

use std::path::Path;
use std::sync::Arc;

use crate::cli::Doctor;
use crate::cli::report::Report;
use crate::config::{Config, Env, Taken};
use crate::loading;
use crate::pipeline::Fleet;
use crate::plugins::{Source, What};
use crate::serve::{ServeError, config_path};

/// Looks at everything.
pub async fn doctor(options: &Doctor) -> Report {
    let mut report = Report::default();
    let env = Env::of_process(Path::new(".env"));
    let config = config(options.config.as_deref(), &env, &mut report);
    machine::open_files(&mut report);
    machine::folders(config.as_deref(), &env, &mut report);
    let Some(config) = config else {
        return report;
    };
    machine::port(options, &config, &mut report).await;
    others::database(&config, &env, &mut report).await;
    others::redis(&config, &mut report).await;
    if let Some(fleet) = fleet(config, &mut report).await {
        upstreams::credentials(&fleet, &mut report);
        upstreams::reach(&fleet, options.offline, &mut report).await;
    }
    report
}

fn config(given: Option<&Path>, env: &Env, report: &mut Report) -> Option<Arc<Config>> {
    let read = |path: &Path| Config::load(path, env.clone()).map_err(ServeError::from);
    let loaded = config_path(given).and_then(|path| Ok((read(&path)?, path)));
    let ((config, remarks), path) = match loaded {
        Ok(loaded) => loaded,
        Err(ServeError::NoConfig) => {
            let cure =
                "there is none in this folder: `sluice init` writes one, `--config` names another";
            report.wrong("config", cure);
            return None;
        }
        Err(cause) => {
            report.wrong("config", cause.to_string());
            return None;
        }
    };
    report.fine("config", path.display().to_string());
    for remark in &remarks {
        let text = format!("`{}` {}", remark.path, remark.text);
        match remark.taken {
            Taken::Honoured | Taken::Accepted => {}
            Taken::Unknown | Taken::Warning => report.remark("config", text),
            Taken::Wrong => report.wrong("config", text),
        }
    }
    match config.general.loopback_only() {
        None => report.fine("master key", "one of your own"),
        Some(why) => report.remark(
            "master key",
            format!(
                "{why}, so only this machine may come in: put `LITELLM_MASTER_KEY=sk-…` into `.env`, or let `sluice init` make one"
            ),
        ),
    }
    Some(config)
}

/// The plugins, and the deployments with what serves them.
async fn fleet(config: Arc<Config>, report: &mut Report) -> Option<Fleet> {
    let (plugins, _) = match loading::start(&config, &loading::at_terminal()).await {
        Ok(started) => started,
        Err(cause) => {
            report.wrong("plugins", cause.to_string());
            return None;
        }
    };
    plugins.load_directory(&|_: &str| true).await;
    for refused in plugins.log() {
        if refused.what == What::Refused {
            let text = format!("{}: {}", refused.plugin, refused.detail);
            report.wrong("plugins", text);
        }
    }
    let table = plugins.table();
    let files = table
        .plugins
        .values()
        .filter(|it| it.source != Source::Bundled);
    let files = files.count();
    let bundled = table.plugins.len().saturating_sub(files);
    let loaded = format!("{bundled} bundled, {files} from files");
    match &config.plugins.directory {
        Some(directory) if !directory.is_dir() => {
            let directory = directory.display();
            let text = format!(
                "{loaded}; {directory} is not there: make it, or change `plugins.directory`"
            );
            report.remark("plugins", text);
        }
        _ => report.fine("plugins", loaded),
    }
    let fleet = Fleet::build(config, &table);
    for (path, text) in fleet.mistakes() {
        report.wrong("config", format!("`{path}` {text}"));
    }
    Some(fleet)
}
