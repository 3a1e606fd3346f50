//! `sluice plugin add`, `remove`, `list` and `lock`: what lies in the plugins directory.

use std::path::{Path, PathBuf};

use sluice_engine::Engine;

use super::capabilities::Capabilities;
use super::lock::{self, Lock, Locked, put};
use super::place::Place;
use super::report::size;
use super::subject::Subject;
use super::{AuthorError, Told, check};
use crate::cli::{AddPlugin, LockPlugins, PluginsPlace, RemovePlugin};
use crate::plugins::trust::{signature_file, signers};
use crate::plugins::{Arrival, Missing, examples, read_component};

/// Asks whether to go on; none: nobody is there to answer.
pub type Ask<'a> = dyn FnMut(&str) -> Option<bool> + Send + 'a;

/// Shows what a component asks for, and copies it into the directory.
///
/// # Errors
/// It is no good plugin, the config does not let it in, or nobody agreed.
pub async fn add(
    engine: &Engine,
    options: &AddPlugin,
    ask: &mut Ask<'_>,
) -> Result<Told, AuthorError> {
    let place = Place::of(&options.place)?;
    let judged = check::check(engine, &options.file).await?;
    if !judged.is_good() {
        let text = format!("{}\nit is not installed", judged.render());
        return Ok(Told::bad(text));
    }
    let arrival = read_component(&options.file)?;
    let subject = Subject::of(engine, &arrival.stem, arrival.bytes.clone()).await?;
    let tried = examples::run(&subject.plugin, &subject.describe).await;
    tried.map_err(|what| {
        AuthorError::refused(format!("its own example {what}; it is not installed"))
    })?;
    let signed_by = signers(&arrival.signatures, &arrival.digest);
    may_come_in(&place, &subject, &signed_by)?;
    let mut lock = Lock::read(&place.directory)?;
    let name = subject.describe.name.clone();
    let before = lock.plugins.get(&name).cloned();
    let file = file_of(&place, &name, before.as_ref());
    let missing = Missing::of(&subject.describe, place.grant(&name));
    let shown = shown(&subject, &signed_by, before.as_ref(), missing.as_ref());
    if !options.yes {
        match ask(&format!("{shown}\n\nLet it in? [y/N] ")) {
            Some(true) => {}
            Some(false) => return Ok(Told::bad("it is not installed")),
            None => {
                return Err(AuthorError::refused(format!(
                    "{shown}\n\nit is not installed: nobody is here to answer; say `--yes` when you have read what it asks for"
                )));
            }
        }
    }
    copy(&place.directory, &file, &arrival)?;
    lock.plugins
        .insert(name.clone(), Locked::of(&file, &subject, signed_by));
    lock.write(&place.directory)?;
    let mut text = match options.yes {
        true => format!("{shown}\n\n"),
        false => String::new(),
    };
    text.push_str(&format!("installed as {}", file.display()));
    if let Some(missing) = missing {
        text.push_str(&to_grant(
            &missing,
            place.section.ungranted.may_serve(&name),
        ));
    }
    Ok(Told::good(text))
}

/// What the config needs for it, to be copied from the terminal.
fn to_grant(missing: &Missing, may_serve: bool) -> String {
    let what = match may_serve {
        true => "it serves without what the config does not grant it; this grants it",
        false => {
            "it does not serve until the config grants it what it asks for; a running gateway takes it then"
        }
    };
    let line = &missing.line;
    format!("\n{what}:\n\nplugins:\n  grants:\n    {line}")
}

/// Whether the config speaks against it.
fn may_come_in(place: &Place, subject: &Subject, signed_by: &[String]) -> Result<(), AuthorError> {
    let name = &subject.describe.name;
    let section = &place.section;
    if let Some(pinned) = section.sha256.get(name).filter(|it| **it != subject.digest) {
        return Err(AuthorError::refused(format!(
            "its sha256 is {}, but `plugins.sha256.{name}` pins {pinned}: pin this one if it was reviewed",
            subject.digest
        )));
    }
    let trust = place.trust();
    if trust.require && trust.trusted(signed_by).is_empty() {
        return Err(AuthorError::refused(format!(
            "no key of `plugins.trust.keys` has signed it, and `plugins.trust.require` is on: have it signed (`sluice plugin sign`), and keep its signature beside it as {name}.wasm.sig"
        )));
    }
    let is_bundled = sluice_bundled::PLUGINS.iter().any(|it| it.name == *name);
    if is_bundled && !section.overrides.contains(name) {
        return Err(AuthorError::refused(format!(
            "`{name}` ships with the gateway: name it in `plugins.override` if this one is to stand in for it, or give this one another name"
        )));
    }
    Ok(())
}

/// Where it goes: where the version before it is, or by its name.
fn file_of(place: &Place, name: &str, before: Option<&Locked>) -> PathBuf {
    let file = before.map_or_else(|| format!("{name}.wasm"), |it| it.file.clone());
    place.directory.join(file)
}

fn shown(
    subject: &Subject,
    signed_by: &[String],
    before: Option<&Locked>,
    missing: Option<&Missing>,
) -> String {
    let describe = &subject.describe;
    let mut lines = vec![format!(
        "{} {}, a {} of {}",
        describe.name,
        describe.version,
        subject.kind().as_str(),
        size(subject.bytes.len() as u64)
    )];
    match before {
        Some(before) if before.sha256 == subject.digest => {
            lines.push("replaces     the same version".to_owned());
        }
        Some(before) => lines.push(format!("replaces     version {}", before.version)),
        None => {}
    }
    lines.push(format!("sha256       {}", subject.digest));
    lines.push(format!("signed by    {}", signatures(signed_by)));
    lines.extend(Capabilities::of(describe, subject.plugin.inspection()).lines());
    lines.extend(missing.map(|it| format!("not granted  {}", it.told)));
    lines.join("\n")
}

/// Who signed, in words.
pub fn signatures(signed_by: &[String]) -> String {
    match signed_by {
        [] => "nobody".to_owned(),
        keys => keys.join(", "),
    }
}

/// The signature comes first: whoever watches the directory finds it with the component.
fn copy(directory: &Path, file: &Path, arrival: &Arrival) -> Result<(), AuthorError> {
    std::fs::create_dir_all(directory).map_err(AuthorError::file(directory))?;
    let signature = signature_file(file);
    if arrival.signatures.is_empty() {
        forget(&signature)?;
    } else {
        put(&signature, arrival.signatures.as_bytes())?;
    }
    put(file, &arrival.bytes)
}

/// Takes a file away, if it is there.
fn forget(path: &Path) -> Result<(), AuthorError> {
    match std::fs::remove_file(path) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
            Err(AuthorError::file(path)(cause))
        }
        _ => Ok(()),
    }
}

/// Takes a plugin out of the directory.
///
/// # Errors
/// There is none of this name.
pub fn remove(options: &RemovePlugin) -> Result<Told, AuthorError> {
    let place = Place::of(&options.place)?;
    let mut lock = Lock::read(&place.directory)?;
    let files = lock::files(&place.directory)?;
    let name = &options.name;
    let locked = lock.plugins.get(name).map(|it| it.file.clone());
    let wanted = locked.unwrap_or_else(|| name.clone());
    let is_it = |path: &&PathBuf| {
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        *file == *wanted || *file == format!("{wanted}.wasm")
    };
    let Some(file) = files.iter().find(is_it) else {
        return Err(AuthorError::refused(nothing_of(name, &place, &files)));
    };
    forget(file)?;
    forget(&signature_file(file))?;
    let file_name = file.file_name().unwrap_or_default().to_string_lossy();
    lock.plugins.retain(|_, it| it.file != file_name);
    lock.write(&place.directory)?;
    Ok(Told::good(format!(
        "{} is gone; a running gateway keeps what its deployments use until they do not",
        file.display()
    )))
}

fn nothing_of(name: &str, place: &Place, files: &[PathBuf]) -> String {
    if sluice_bundled::PLUGINS.iter().any(|it| it.name == name) {
        return format!(
            "`{name}` ships inside the gateway, and cannot be taken out: do not use it"
        );
    }
    let names = files.iter().filter_map(|it| it.file_name());
    let names: Vec<_> = names.map(|it| it.to_string_lossy()).collect();
    let there = match names.as_slice() {
        [] => "nothing is there".to_owned(),
        names => format!("there are {}", names.join(", ")),
    };
    format!("no `{name}` in {}: {there}", place.directory.display())
}

/// A line for each file.
///
/// # Errors
/// The directory cannot be read.
pub async fn list(engine: &Engine, options: &PluginsPlace) -> Result<Told, AuthorError> {
    let place = Place::of(options)?;
    let lock = Lock::read(&place.directory)?;
    let trust = place.trust();
    let mut lines = Vec::new();
    let mut is_good = true;
    for file in lock::files(&place.directory)? {
        let name = file
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let arrival = read_component(&file)?;
        let locked = match lock.of_file(&name) {
            Some((_, it)) if it.sha256 == arrival.digest => "locked",
            Some(_) => "NOT WHAT IS LOCKED",
            None => "not locked",
        };
        let signed_by = signers(&arrival.signatures, &arrival.digest);
        let signed = match (trust.trusted(&signed_by).is_empty(), signed_by.is_empty()) {
            (false, _) => "signed",
            (true, false) => "signed by a stranger",
            (true, true) => "not signed",
        };
        let about = match Subject::of(engine, &arrival.stem, arrival.bytes).await {
            Ok(it) => format!(
                "{} {} ({})",
                it.describe.name,
                it.describe.version,
                it.kind().as_str()
            ),
            Err(cause) => {
                is_good = false;
                format!("NO PLUGIN: {cause}")
            }
        };
        let digest = arrival.digest.get(..12).unwrap_or_default();
        lines.push(format!(
            "{name}: {about}, sha256 {digest}…, {locked}, {signed}"
        ));
    }
    if lines.is_empty() {
        let text = format!("no plugin in {}", place.directory.display());
        return Ok(Told::good(text));
    }
    let text = lines.join("\n");
    Ok(Told { text, is_good })
}

/// Writes the lock, or holds the directory against it.
///
/// # Errors
/// The directory cannot be read, or something in it is no plugin.
pub async fn lock(engine: &Engine, options: &LockPlugins) -> Result<Told, AuthorError> {
    let place = Place::of(&options.place)?;
    let directory = &place.directory;
    if options.check {
        let wrong = Lock::read(directory)?.differences(directory)?;
        return Ok(match wrong.is_empty() {
            true => Told::good("the directory is what is locked"),
            false => Told::bad(format!(
                "{}\n`sluice plugin lock` locks what is there now",
                wrong.join("\n")
            )),
        });
    }
    let mut lock = Lock::default();
    for file in lock::files(directory)? {
        let arrival = read_component(&file)?;
        let signed_by = signers(&arrival.signatures, &arrival.digest);
        let subject = Subject::of(engine, &arrival.stem, arrival.bytes).await;
        let subject = subject.map_err(|cause| {
            AuthorError::refused(format!("{}: {cause}; nothing is locked", file.display()))
        })?;
        let locked = Locked::of(&file, &subject, signed_by);
        if let Some(other) = lock.plugins.insert(subject.describe.name.clone(), locked) {
            return Err(AuthorError::refused(format!(
                "{} and {} are both `{}`: take one away",
                other.file,
                file.display(),
                subject.describe.name
            )));
        }
    }
    let path = lock.write(directory)?;
    let pins = lock.plugins.iter();
    let pins = pins.map(|(name, it)| format!("    {name}: {}", it.sha256));
    let pins: Vec<String> = pins.collect();
    Ok(Told::good(format!(
        "{}: {} plugins. As pins of the config they are enforced when a file is loaded:\n\nplugins:\n  sha256:\n{}",
        path.display(),
        pins.len(),
        pins.join("\n")
    )))
}
