//! What every table of entities has in common, so that reading, writing and listing exist once.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StoreError;
use super::column::Cells;
use super::sql::Value;

/// A row of a table with the columns `id` and `doc`.
pub trait Record: Sized + Send + Sync {
    /// What errors, the audit log and the notices to replicas call it.
    const KIND: &'static str;
    const TABLE: &'static str;
    /// Columns that name a row of another table, and that table.
    const REFERENCES: &'static [(&'static str, &'static str)];

    fn columns() -> Vec<String>;
    fn id(&self) -> &str;
    fn stamp(&self) -> &Stamp;
    /// What a column that names another row holds.
    fn reference(&self, column: &str) -> Option<&str>;
    /// In the order of `columns`.
    fn values(&self) -> Result<Vec<Value>, StoreError>;
    fn read(cells: &Cells<'_>) -> Result<Self, StoreError>;
}

/// When a row was made and last changed, and by whom.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stamp {
    /// Milliseconds since 1970.
    pub created_at: i64,
    pub updated_at: i64,
    pub created_by: Option<String>,
    pub updated_by: Option<String>,
}

impl Stamp {
    /// Made now, by this user or key.
    pub fn new(now_ms: i64, by: &str) -> Self {
        Self {
            created_at: now_ms,
            updated_at: now_ms,
            created_by: Some(by.to_owned()),
            updated_by: Some(by.to_owned()),
        }
    }

    /// Changed now, by this user or key.
    pub fn touch(&mut self, now_ms: i64, by: &str) {
        self.updated_at = now_ms;
        self.updated_by = Some(by.to_owned());
    }
}

pub(super) fn to_doc<D: Serialize>(doc: &D) -> Result<String, StoreError> {
    serde_json::to_string(doc).map_err(|cause| StoreError::unreadable("doc", cause))
}

pub(super) fn from_doc<D: DeserializeOwned>(what: &str, text: &str) -> Result<D, StoreError> {
    serde_json::from_str(text).map_err(|cause| StoreError::unreadable(what, cause))
}

/// A record: its columns of its own, then those that every table has.
macro_rules! record {
    (
        $(#[$about:meta])*
        $name:ident is $kind:literal in $table:literal with $doc:ty,
        refers [$($reference:ident to $target:literal),*]
        { $($(#[$note:meta])* $field:ident: $type:ty,)* }
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, Default, PartialEq)]
        pub struct $name {
            pub id: String,
            $($(#[$note])* pub $field: $type,)*
            pub stamp: $crate::store::Stamp,
            /// What is neither queried nor sorted by.
            pub doc: $doc,
        }

        impl $crate::store::record::Record for $name {
            const KIND: &'static str = $kind;
            const TABLE: &'static str = $table;
            const REFERENCES: &'static [(&'static str, &'static str)] =
                &[$((stringify!($reference), $target)),*];

            fn columns() -> Vec<String> {
                let mut names = vec!["id".to_owned()];
                $(names.extend(<$type as $crate::store::column::Column>::names(
                    stringify!($field),
                ));)*
                for name in ["created_at", "updated_at", "created_by", "updated_by", "doc"] {
                    names.push(name.to_owned());
                }
                names
            }

            fn id(&self) -> &str {
                &self.id
            }

            fn stamp(&self) -> &$crate::store::Stamp {
                &self.stamp
            }

            fn reference(&self, column: &str) -> Option<&str> {
                $(if column == stringify!($reference) {
                    return $crate::store::record::Named::named(&self.$reference);
                })*
                let _ = column;
                None
            }

            fn values(&self) -> Result<Vec<$crate::store::sql::Value>, $crate::store::StoreError> {
                use $crate::store::column::Column as _;
                let mut values = Vec::new();
                self.id.put(&mut values);
                $(self.$field.put(&mut values);)*
                self.stamp.created_at.put(&mut values);
                self.stamp.updated_at.put(&mut values);
                self.stamp.created_by.put(&mut values);
                self.stamp.updated_by.put(&mut values);
                $crate::store::record::to_doc(&self.doc)?.put(&mut values);
                Ok(values)
            }

            fn read(
                cells: &$crate::store::column::Cells<'_>,
            ) -> Result<Self, $crate::store::StoreError> {
                let id: String = cells.get("id")?;
                let doc: String = cells.get("doc")?;
                Ok(Self {
                    $($field: cells.get(stringify!($field))?,)*
                    stamp: $crate::store::Stamp {
                        created_at: cells.get("created_at")?,
                        updated_at: cells.get("updated_at")?,
                        created_by: cells.get("created_by")?,
                        updated_by: cells.get("updated_by")?,
                    },
                    doc: $crate::store::record::from_doc(&format!("{} `{id}`", $kind), &doc)?,
                    id,
                })
            }
        }
    };
}
pub(super) use record;

/// A column that may name another row.
pub(super) trait Named {
    fn named(&self) -> Option<&str>;
}

impl Named for String {
    fn named(&self) -> Option<&str> {
        Some(self)
    }
}

impl Named for Option<String> {
    fn named(&self) -> Option<&str> {
        self.as_deref()
    }
}
