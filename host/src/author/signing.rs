//! `sluice plugin keygen`, `sign` and `verify`.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::lock::put;
use super::{AuthorError, Told, place};
use crate::cli::{Keygen, SignPlugin, VerifyPlugin};
use crate::plugins::read_component;
use crate::plugins::trust::{PublicKey, SecretKey, Trust, signature_file, signers};

/// Makes a key pair.
///
/// # Errors
/// One of the files is there, or cannot be written.
pub fn keygen(options: &Keygen) -> Result<Told, AuthorError> {
    let (secret, public) = (ending(&options.name, "key"), ending(&options.name, "pub"));
    if let Some(there) = [&secret, &public].into_iter().find(|it| it.exists()) {
        return Err(AuthorError::refused(format!(
            "{} is there already: choose another name, or take it away; what it signed cannot be signed again without it",
            there.display()
        )));
    }
    let key = SecretKey::generate();
    write_new(&secret, &key.to_text()).map_err(AuthorError::file(&secret))?;
    write_new(&public, &key.public().to_string()).map_err(AuthorError::file(&public))?;
    Ok(Told::good(format!(
        "{} is the secret key: keep it where only you can read it.\n{} is the public one; operators trust it with\n\nplugins:\n  trust:\n    keys: [\"{}\"]\n    require: true",
        secret.display(),
        public.display(),
        key.public()
    )))
}

fn ending(name: &Path, ending: &str) -> PathBuf {
    let mut name = name.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

/// A new file that nobody else reads.
fn write_new(path: &Path, line: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    writeln!(options.open(path)?, "{line}")
}

/// Writes a component's signature beside it. Signatures of other keys stay, if they are of this
/// component.
///
/// # Errors
/// The component or the key cannot be read.
pub fn sign(options: &SignPlugin) -> Result<Told, AuthorError> {
    let arrival = read_component(&options.file)?;
    sluice_engine::inspect(&arrival.bytes).map_err(crate::plugins::InstallError::from)?;
    let path = &options.key;
    let missing = "make a key with `sluice plugin keygen`, and name the file that ends in .key";
    let text = std::fs::read_to_string(path).map_err(AuthorError::file_or(path, missing))?;
    let key = SecretKey::parse(&text)
        .map_err(|what| AuthorError::refused(format!("{}: {what}", path.display())))?;
    let public = key.public().to_string();
    let is_anothers = |line: &&str| {
        let by = signers(line, &arrival.digest);
        by.iter().any(|it| *it != public)
    };
    let kept = arrival.signatures.lines().filter(is_anothers);
    let mut lines: Vec<String> = kept.map(str::to_owned).collect();
    lines.push(key.sign(&arrival.digest));
    let file = signature_file(&options.file);
    put(&file, (lines.join("\n") + "\n").as_bytes())?;
    Ok(Told::good(format!(
        "{}: signed by {public}\nit goes with the component: copy both, or let `sluice plugin add` do it",
        file.display()
    )))
}

/// Says whether somebody who is trusted signed a component.
///
/// # Errors
/// The component, a key or the config cannot be read.
pub fn verify(options: &VerifyPlugin) -> Result<Told, AuthorError> {
    let arrival = read_component(&options.file)?;
    let trust = trusted_keys(options)?;
    let signed_by = signers(&arrival.signatures, &arrival.digest);
    let by = trust.trusted(&signed_by);
    if !by.is_empty() {
        return Ok(Told::good(format!("good: signed by {}", by.join(", "))));
    }
    let file = signature_file(&options.file);
    let file = file.display();
    let what = match signed_by.as_slice() {
        [] if arrival.signatures.is_empty() => format!("not signed: there is no {file}"),
        [] => format!("not signed: no line of {file} is a signature of this component"),
        keys => format!("signed, but by no key that is trusted: {}", keys.join(", ")),
    };
    Ok(Told::bad(what))
}

fn trusted_keys(options: &VerifyPlugin) -> Result<Trust, AuthorError> {
    if options.key.is_empty() {
        let trust = place::trust(&place::section(options.config.as_deref())?);
        if trust.keys.is_empty() {
            return Err(AuthorError::refused(
                "no key is trusted: name one with `--key`, or list it under `plugins.trust.keys`",
            ));
        }
        return Ok(trust);
    }
    let mut keys = Vec::new();
    for given in &options.key {
        let text = match Path::new(given) {
            path if path.is_file() => {
                std::fs::read_to_string(path).map_err(AuthorError::file(path))?
            }
            _ => given.clone(),
        };
        let key = PublicKey::parse(text.trim()).map_err(AuthorError::Refused)?;
        keys.push(key.to_string());
    }
    Ok(Trust {
        keys,
        require: true,
    })
}
