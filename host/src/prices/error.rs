//! What can be wrong with prices from outside.

use thiserror::Error;

/// Why a price table or an override was refused. The table in use stays as it was.
#[derive(Debug, Error)]
pub enum PriceError {
    #[error("the price table is no JSON object of models: {0}")]
    Syntax(#[source] serde_json::Error),
    #[error("the price table has {0} bytes; at most {1} are read")]
    TooLarge(usize, usize),
    #[error("the price table has format {0}; this build reads format 1")]
    Format(u64),
    #[error("the price table names no models")]
    Empty,
    #[error("model `{model}`: {fault}")]
    Model {
        model: String,
        #[source]
        fault: FieldError,
    },
    #[error("{0}")]
    Field(#[from] FieldError),
}

impl PriceError {
    pub(super) fn of(model: &str, fault: FieldError) -> Self {
        Self::Model {
            model: model.to_owned(),
            fault,
        }
    }
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{field}` {fault}")]
pub struct FieldError {
    pub field: String,
    pub fault: String,
}

impl FieldError {
    pub(super) fn new(field: &str, fault: impl Into<String>) -> Self {
        Self {
            field: field.to_owned(),
            fault: fault.into(),
        }
    }
}
