//! Commands on the database: backups, a new salt key, and moving in from another gateway.

use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::Arc;

use crate::cli::{Backup, FromLiteLlm, Migrate, Origin, Restore, RotateSalt};
use crate::config::{Config, Env};
use crate::domain::Secret;
use crate::migrate::{self, Fate, Plan, Report, Style};
use crate::pipeline::accounting::now_ms;
use crate::serve::{self, ServeError};
use crate::services;
use crate::store::{Address, SaltKey, Store};

/// Writes a backup; the sentence says what was written.
///
/// # Errors
/// The database refuses, or the file is there already.
pub async fn backup(options: &Backup) -> Result<String, ServeError> {
    let (config, env) = config(options.config.as_deref())?;
    let store = Store::open(&services::address(&config, &env)?, now_ms()).await?;
    let file = &options.file;
    let what = if file.extension().is_some_and(|it| it == "db") {
        store.copy_file(file).await?;
        format!("{} is a copy of the database", file.display())
    } else {
        let rows = store.dump(file).await?;
        format!("{} has {rows} rows", file.display())
    };
    store.close().await;
    Ok(what)
}

/// Fills the database from a backup.
///
/// # Errors
/// The backup is none, a gateway runs, the database holds something, or it refuses.
pub async fn restore(options: &Restore) -> Result<String, ServeError> {
    let (config, env) = config(options.config.as_deref())?;
    let address = services::address(&config, &env)?;
    let store = Store::restore(&address, &options.file, options.replace, now_ms()).await?;
    store.close().await;
    Ok(format!(
        "the database is as {} has it",
        options.file.display()
    ))
}

/// Seals every secret of the database anew.
///
/// # Errors
/// There is no new key, a gateway runs, a secret does not open with the old one, or the database
/// refuses.
pub async fn rotate_salt(options: &RotateSalt) -> Result<String, ServeError> {
    const NEW: &str = "SLUICE_NEW_SALT_KEY";
    let (config, env) = config(options.config.as_deref())?;
    let new = env.get(NEW).filter(|it| !it.reveal().is_empty());
    let new = new.ok_or_else(|| ServeError::Wrong(format!("  {NEW}: is not set")))?;
    let store = Store::open(&services::address(&config, &env)?, now_ms()).await?;
    let old = services::salt(&config);
    let keys = (&old, &SaltKey::new(&new));
    let done = store.rotate_salt(keys, "sluice rotate-salt", now_ms());
    let count = done.await?;
    store.close().await;
    let next = "start the gateway with it as LITELLM_SALT_KEY";
    Ok(format!(
        "{count} secrets of the database are sealed with the new key: {next}"
    ))
}

/// Moves in from another gateway; the report goes to standard output.
///
/// # Errors
/// A database refuses, the salt key is wrong, or the report cannot be written.
pub async fn migrate(options: &Migrate) -> Result<String, ServeError> {
    let Origin::LiteLlm(options) = &options.origin;
    let (config, env) = config(options.config.as_deref())?;
    let plan = Plan {
        from: Address::parse(&options.from)?,
        schema: options.schema.clone(),
        to: services::address(&config, &env)?,
        their_salt: match &options.salt_key {
            Some(salt) => SaltKey::new(&Secret::new(salt.as_str())),
            None => services::salt(&config),
        },
        our_salt: services::salt(&config),
        config: Some(serve::config_path(options.config.as_deref())?),
        env,
        dry_run: options.dry_run,
        spend_logs: options.spend_logs,
        overwrite: options.overwrite,
    };
    let style = if options.json {
        Style::Json
    } else {
        Style::Text
    };
    let (mut out, mut screen) = (std::io::stdout(), std::io::stderr());
    let is_watched = screen.is_terminal();
    let mut report = Report::new(&mut out, style);
    if is_watched {
        report = report.watched(&mut screen);
    }
    let done = migrate::litellm(&plan, now_ms(), &mut report).await;
    report.clear();
    done?;
    let left = report.total(Fate::Conflict);
    report.finish().map_err(migrate::MigrateError::Report)?;
    Ok(closing(options, left))
}

/// What an operator has to know in the end; programs have the counts.
fn closing(options: &FromLiteLlm, conflicts: u64) -> String {
    if options.json {
        return serde_json::json!({"dry_run": options.dry_run, "conflicts": conflicts}).to_string();
    }
    let conflicts = match conflicts {
        0 => String::new(),
        count => format!("{count} rows changed on both sides and stay as they are here; "),
    };
    let done = if options.dry_run {
        "dry run: nothing was changed on either side"
    } else {
        "moved; gateways that run on this database have to be started again, because they \
         remember what was spent"
    };
    format!("\n{conflicts}{done}")
}

fn config(path: Option<&Path>) -> Result<(Arc<Config>, Env), ServeError> {
    let path = serve::config_path(path)?;
    let env = Env::of_process(Path::new(".env"));
    let (config, _) = Config::load(&path, env.clone())?;
    Ok((config, env))
}
