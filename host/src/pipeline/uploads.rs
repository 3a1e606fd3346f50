//! Files that came with a call. Their bytes stay in the host: plugins pass their numbers on.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use sluice_engine::contract::File;
use sluice_engine::{FileBytes, Files};

pub use crate::upstream::{FileContent, Spools};

/// One file of a form.
#[derive(Debug, Clone)]
pub struct Upload {
    /// The form field's name, without `[]`.
    pub field: String,
    pub filename: String,
    pub content_type: String,
    pub content: FileContent,
}

impl Upload {
    /// What it holds, if it is in memory.
    pub const fn held(&self) -> Option<&Bytes> {
        match &self.content {
            FileContent::Held(bytes) => Some(bytes),
            FileContent::Spooled(_) => None,
        }
    }
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
            size: it.content.length(),
        });
        described.collect()
    }

    /// For plugins that read them piece by piece. What lies on disk is passed on and not read.
    pub fn readable(&self) -> Files {
        let held = self.numbered().filter_map(|(id, it)| {
            let bytes = it.held()?.clone();
            Some((id, Arc::new(bytes) as FileBytes))
        });
        let files: HashMap<u32, FileBytes> = held.collect();
        Files::new(files)
    }

    /// The field of each that is in memory and a digest of what it holds, as JSON: two calls with the
    /// same files have the same.
    pub fn digests(&self) -> Vec<(&str, String)> {
        let held = self.iter().filter_map(|it| Some((it, it.held()?)));
        let digests = held.map(|(it, bytes)| {
            let digest = Sha256::digest(bytes);
            let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            (it.field.as_str(), format!("\"{hex}\""))
        });
        digests.collect()
    }

    /// With their content types, for bodies that are sent.
    pub fn kept(&self) -> Vec<(FileContent, String)> {
        let kept = self.iter();
        kept.map(|it| (it.content.clone(), it.content_type.clone()))
            .collect()
    }
}
