//! Responses that may be asked for again.

use super::DeploymentId;

/// A response that its owner may ask for, go on from and delete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredResponse {
    pub id: String,
    /// Whose it is: a team, a user, a key.
    pub owner: String,
    /// In milliseconds since 1970.
    pub created_ms: i64,
    /// The model, as its client named it.
    pub model_group: String,
    pub place: ResponsePlace,
    /// Whom one that is made in the background is charged to, until it is booked: a row without its
    /// cost.
    pub account: Option<String>,
}

/// Where a response is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResponsePlace {
    /// With the gateway, which made it of a chat.
    Here {
        /// The items before its output, oldest first: a JSON array.
        input: String,
        /// As its client got it.
        response: String,
    },
    /// With the provider.
    There {
        deployment: DeploymentId,
        /// As the provider knows it.
        model: String,
    },
}

impl StoredResponse {
    /// Its texts, in bytes.
    pub fn bytes(&self) -> usize {
        let texts = match &self.place {
            ResponsePlace::Here { input, response } => input.len().saturating_add(response.len()),
            ResponsePlace::There { deployment, model } => {
                deployment.as_str().len().saturating_add(model.len())
            }
        };
        let names = [&self.id, &self.owner, &self.model_group];
        names
            .into_iter()
            .chain(&self.account)
            .map(String::len)
            .fold(texts, usize::saturating_add)
    }
}
