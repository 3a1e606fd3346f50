//! `ssl_verify`: which certificates of upstreams are trusted. A boolean, or the path of a file of
//! authorities (PEM), as in LiteLLM.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::Value;

use super::env::Env;
use super::include::{ReadFile, Stamp, stamp};
use super::remarks::{Remarks, Taken};
use super::section::{Section, flag_of, kind};

/// How the certificate of an upstream is judged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Verify {
    /// By the authorities that the system trusts.
    #[default]
    System,
    /// By those of a file, and no others.
    By(Authorities),
    /// Not at all.
    Nothing,
}

/// A file of certificate authorities that was found good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorities {
    pub path: PathBuf,
    /// How the file looked when it was read.
    pub stamp: Stamp,
    /// One certificate or more.
    pub pem: Arc<[u8]>,
}

impl Verify {
    /// Reads `ssl_verify` of a section. None: it says nothing, or what it says is wrong.
    pub fn read(section: &mut Section<'_>) -> Option<Self> {
        const NAME: &str = "ssl_verify";
        let taken = match section.resolved(NAME)? {
            Value::Bool(flag) => Ok(Self::of(flag)),
            Value::String(text) => Self::of_text(&text),
            other => Err(format!("is {}, expected a boolean or a path", kind(&other))),
        };
        let said = |what: String| section.say(Taken::Wrong, NAME, what);
        taken.map_err(said).ok()
    }

    /// Reads the environment's `SSL_VERIFY`. None: it says nothing, or what it says is wrong.
    pub fn of_env(env: &Env, remarks: &mut Remarks) -> Option<Self> {
        const NAME: &str = "SSL_VERIFY";
        let text = env.text(NAME).filter(|it| !it.is_empty())?;
        let said = |what: String| remarks.say(Taken::Wrong, NAME, what);
        Self::of_text(&text).map_err(said).ok()
    }

    fn of_text(text: &str) -> Result<Self, String> {
        match flag_of(text) {
            Some(flag) => Ok(Self::of(flag)),
            None => file(text).map(Self::By),
        }
    }

    /// The file that it was read from.
    pub fn file(&self) -> Option<ReadFile> {
        match self {
            Self::By(authorities) => Some((authorities.path.clone(), authorities.stamp)),
            Self::System | Self::Nothing => None,
        }
    }

    const fn of(flag: bool) -> Self {
        if flag { Self::System } else { Self::Nothing }
    }
}

fn file(path: &str) -> Result<Authorities, String> {
    let stamp = stamp(Path::new(path));
    let pem = std::fs::read(path).map_err(|cause| {
        format!("is neither true nor false, and no file that can be read: {path}: {cause}")
    })?;
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match read {
        Ok(certificates) if certificates.is_empty() => {
            Err(format!("{path} holds no certificate (PEM)"))
        }
        Ok(_) => Ok(Authorities {
            path: path.into(),
            stamp,
            pem: pem.into(),
        }),
        Err(cause) => Err(format!("{path} is no file of certificates (PEM): {cause}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Of a `ssl_verify`, with what is said against it.
    fn read(value: Value) -> (Option<Verify>, Vec<String>) {
        let (env, mut remarks) = (Env::default(), Remarks::default());
        let mut section = Section::new(
            "s",
            Some(json!({ "ssl_verify": value })),
            &env,
            &mut remarks,
        );
        let read = Verify::read(&mut section);
        let wrong = remarks.0.into_iter().filter(|it| it.taken == Taken::Wrong);
        (read, wrong.map(|it| it.text).collect())
    }

    #[test]
    fn a_flag_is_one_however_it_is_written() {
        for no in [json!(false), json!("False"), json!("no")] {
            assert_eq!(read(no), (Some(Verify::Nothing), Vec::new()));
        }
        assert_eq!(read(json!(true)), (Some(Verify::System), Vec::new()));
    }

    #[test]
    fn a_file_that_is_none_is_wrong_and_turns_nothing_off() {
        let folder = tempfile::tempdir().unwrap();
        let text = folder.path().join("notes.txt");
        std::fs::write(&text, "no certificate").unwrap();
        for (value, why) in [
            (json!("/gone/ca.pem"), "no file that can be read"),
            (json!(text), "holds no certificate"),
            (json!(3), "expected a boolean or a path"),
        ] {
            let (read, wrong) = read(value);
            assert_eq!(read, None);
            assert!(wrong.iter().any(|it| it.contains(why)), "{wrong:?}");
        }
    }

    #[test]
    fn a_wrong_path_in_the_environment_is_named() {
        let mut remarks = Remarks::default();
        let env = Env::of(&[("SSL_VERIFY", "/gone/ca.pem")]);
        assert_eq!(Verify::of_env(&env, &mut remarks), None);
        assert!(remarks.0.iter().any(|it| it.path == "SSL_VERIFY"));
    }
}
