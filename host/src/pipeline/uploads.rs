//! Files that came with a call. Their bytes stay in the host: plugins pass their numbers on.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use sluice_engine::contract::File;
use sluice_engine::{FileBytes, Files};

/// One file of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// The form field's name, without `[]`.
    pub field: String,
    pub filename: String,
    pub content_type: String,
    pub bytes: Bytes,
}

/// The files of a call, numbered from 0. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Uploads(Arc<[Upload]>);

impl Uploads {
    pub fn new(files: Vec<Upload>) -> Self {
        Self(files.into())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Upload> {
        self.0.iter()
    }

    /// Whether a field holds one.
    pub fn has(&self, field: &str) -> bool {
        self.iter().any(|it| it.field == field)
    }

    fn numbered(&self) -> impl Iterator<Item = (u32, &Upload)> {
        (0..).zip(self.iter())
    }

    /// As the contract names them.
    pub fn described(&self) -> Vec<File> {
        let described = self.numbered().map(|(id, it)| File {
            id,
            field: it.field.clone(),
            filename: it.filename.clone(),
            content_type: it.content_type.clone(),
            size: u64::try_from(it.bytes.len()).unwrap_or(u64::MAX),
        });
        described.collect()
    }

    /// For plugins that read them piece by piece.
    pub fn readable(&self) -> Files {
        let bytes = |it: &Upload| Arc::new(it.bytes.clone()) as FileBytes;
        let files: HashMap<u32, FileBytes> =
            self.numbered().map(|(id, it)| (id, bytes(it))).collect();
        Files::new(files)
    }

    /// The field of each and a digest of what it holds, as JSON: two calls with the same files have
    /// the same.
    pub fn digests(&self) -> Vec<(&str, String)> {
        let digests = self.iter().map(|it| {
            let digest = Sha256::digest(&it.bytes);
            let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            (it.field.as_str(), format!("\"{hex}\""))
        });
        digests.collect()
    }

    /// With their content types, for bodies that are sent.
    pub fn kept(&self) -> Vec<(Bytes, String)> {
        let kept = self.iter();
        kept.map(|it| (it.bytes.clone(), it.content_type.clone()))
            .collect()
    }
}
