//! Components that an operator puts into force through the gateway: written into the plugins
//! directory, where they are found as any other file, and so are there after a restart.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

use super::journal::What;
use super::lastgood::write_renamed;
use super::registry::{Generation, Source};
use super::trial::Trial;
use super::{Plugins, lock};
use crate::domain::{ErrorKind, Fault};

/// A version that an operator goes back to.
pub struct Earlier {
    serving: Arc<Generation>,
    /// The digest of the version.
    pub digest: String,
    /// Its bytes; none: it ships with the gateway, and the file in its place is taken away.
    bytes: Option<Vec<u8>>,
}

impl Plugins {
    /// Puts a component that was tried into force, in the place of the version that serves.
    ///
    /// # Errors
    /// It is refused, there is no directory to keep it in, or that cannot be written. Then what
    /// served before serves on, with its file as it was.
    pub async fn put(&self, trial: Trial) -> Result<(), Fault> {
        if let Some(cause) = &trial.refusal {
            return Err(refused(cause.to_string()));
        }
        let path = self.place_of(&trial)?;
        let before = read(&path).await?;
        write(&path, Some(trial.bytes)).await?;
        let loaded = self.reload().await;
        if self.serves_bytes(&path, &trial.digest) {
            return Ok(());
        }
        // It passed alone, and the others or the deployments are against it.
        write(&path, before.map(Bytes::from)).await?;
        loaded?;
        let why = self.why_refused(&trial.digest);
        self.reload().await?;
        Err(refused(why))
    }

    /// The version of a plugin that served before: the one of this digest, or else the last one.
    ///
    /// # Errors
    /// There is no such plugin or version.
    pub async fn earlier(&self, name: &str, digest: Option<&str>) -> Result<Earlier, Fault> {
        let serving = self.table().plugins.get(name).cloned();
        let serving = serving.ok_or_else(|| {
            let message = format!("no plugin `{name}` is loaded; `GET /plugins` lists them");
            let fault = Fault::caller(ErrorKind::NotFound, message);
            fault.with_param("name").with_status(404)
        })?;
        let now = serving.plugin.digest().to_owned();
        if digest == Some(&*now) {
            return Err(no_version("digest", "that version serves already"));
        }
        let is_meant = |it: &str| digest.map_or(it != now, |digest| it == digest);
        let versions = self.inner.history.versions(name).into_iter();
        let mut digests = versions.map(|it| it.digest);
        if let Some(digest) = digests.find(|it| is_meant(it)) {
            let bytes = Some(self.kept(digest.clone()).await?);
            return Ok(Earlier {
                serving,
                digest,
                bytes,
            });
        }
        let bundled = lock(&self.inner.bundled).get(name).cloned();
        let bundled = bundled.map(|it| it.plugin.digest().to_owned());
        let is_file = serving.source != Source::Bundled;
        match (bundled.filter(|it| is_file && is_meant(it)), digest) {
            (Some(digest), _) => Ok(Earlier {
                serving,
                digest,
                bytes: None,
            }),
            (None, Some(_)) => Err(no_version("digest", "no such version of it is kept")),
            (None, None) => Err(no_version(
                "name",
                "no version of it before this one is kept",
            )),
        }
    }

    async fn kept(&self, digest: String) -> Result<Vec<u8>, Fault> {
        let inner = Arc::clone(&self.inner);
        let read = tokio::task::spawn_blocking(move || inner.history.read(&digest)).await;
        let lost = || no_version("digest", "the component of that version is lost or damaged");
        read.ok().flatten().ok_or_else(lost)
    }

    /// Lets it serve again.
    ///
    /// # Errors
    /// It is refused now; then what served before serves on.
    pub async fn go_back(&self, to: Earlier) -> Result<(), Fault> {
        match to.bytes {
            Some(bytes) => self.put(self.try_out(bytes.into()).await).await,
            None => self.take_away(&to.serving).await,
        }
    }

    /// The bundled plugin serves again in the place of a file.
    async fn take_away(&self, serving: &Generation) -> Result<(), Fault> {
        let Source::File(path) = &serving.source else {
            return Err(no_version(
                "name",
                "it is the one that ships with the gateway",
            ));
        };
        let before = read(path).await?;
        write(path, None).await?;
        self.reload().await?;
        let table = self.table();
        let now = table.plugins.get(&serving.describe.name);
        if now.is_some_and(|it| it.source == Source::Bundled) {
            return Ok(());
        }
        write(path, before.map(Bytes::from)).await?;
        self.reload().await?;
        Err(refused("deployments use what only its file has"))
    }

    fn place_of(&self, trial: &Trial) -> Result<PathBuf, Fault> {
        let config = self.inner.config.load();
        let Some(directory) = &config.directory else {
            let message = "there is no plugins directory to keep it in: set `plugins.directory`";
            return Err(Fault::caller(ErrorKind::InvalidRequest, message));
        };
        let name = trial.generation.as_ref().map(|it| &it.describe.name);
        let name = name.ok_or_else(|| refused("it did not say what it is"))?;
        let place = self.place(directory, name);
        place.map_err(|cause| refused(cause.to_string()))
    }

    fn serves_bytes(&self, path: &Path, digest: &str) -> bool {
        let table = self.table();
        let is_it = |it: &Generation| {
            it.plugin.digest() == digest && it.source == Source::File(path.to_owned())
        };
        table.plugins.values().any(|it| is_it(it))
    }

    /// What the reload log says of these bytes.
    fn why_refused(&self, digest: &str) -> String {
        let entries = self.inner.journal.entries();
        let said = entries
            .into_iter()
            .find(|it| it.digest == digest && it.what == What::Refused);
        said.map_or_else(
            || "it does not serve; the reload log in `GET /plugins` says more".to_owned(),
            |it| it.detail,
        )
    }
}

fn refused(why: impl Into<String>) -> Fault {
    let why: String = why.into();
    let fault = Fault::caller(
        ErrorKind::InvalidRequest,
        format!("the component is refused: {why}"),
    );
    fault.with_param("component")
}

fn no_version(field: &str, why: &str) -> Fault {
    Fault::caller(ErrorKind::InvalidRequest, why).with_param(field)
}

/// What lies in the file now, if it is there.
async fn read(path: &Path) -> Result<Option<Vec<u8>>, Fault> {
    let file = path.to_owned();
    on_disk(path, move || match std::fs::read(file) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(cause),
    })
    .await
}

/// Puts these bytes into the file by renaming, so that nobody reads half of them; or takes it away.
async fn write(path: &Path, bytes: Option<Bytes>) -> Result<(), Fault> {
    let file = path.to_owned();
    on_disk(path, move || match bytes {
        Some(bytes) => write_renamed(&file, &bytes),
        None => std::fs::remove_file(&file),
    })
    .await
}

async fn on_disk<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, Fault> {
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.unwrap_or_else(|cause| Err(std::io::Error::other(cause)));
    done.map_err(|cause| {
        let message = format!(
            "{} cannot be written: {cause}. The gateway needs the right to write into \
             `plugins.directory`; or copy the file there yourself",
            path.display()
        );
        Fault::operator(ErrorKind::InvalidRequest, message)
    })
}
