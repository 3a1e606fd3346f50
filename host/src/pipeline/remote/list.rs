//! Lists of what a caller has there, as it was last told: the provider's own list would show
//! everybody's.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::{Asking, Kind, text, unreadable};
use crate::domain::{ErrorKind, Fault};
use crate::pipeline::run::Pipeline;
use crate::store::RemotePage;

/// Rows that are read at once.
const AT_ONCE: u32 = 200;

/// Which of them, as the query says.
#[derive(Debug, Default)]
pub struct Wanted {
    pub after: Option<String>,
    pub limit: Option<String>,
    pub order: Option<String>,
    /// Of files.
    pub purpose: Option<String>,
}

impl Wanted {
    /// OpenAI's limits: 20 of 100 batches, all of 10,000 files.
    fn limit(&self, kind: Kind) -> Result<usize, Fault> {
        let (usual, most) = match kind {
            Kind::File => (10_000, 10_000),
            Kind::Batch => (20, 100),
        };
        let Some(said) = &self.limit else {
            return Ok(usual);
        };
        let limit = said.parse().ok().filter(|it| (1..=most).contains(it));
        limit.ok_or_else(|| wrong("limit", &format!("must be a number from 1 to {most}")))
    }

    fn is_oldest_first(&self) -> Result<bool, Fault> {
        match self.order.as_deref() {
            None | Some("desc") => Ok(false),
            Some("asc") => Ok(true),
            Some(_) => Err(wrong("order", "must be `asc` or `desc`")),
        }
    }

    fn wants(&self, doc: &Map<String, Value>) -> bool {
        let purpose = self.purpose.as_deref();
        purpose.is_none_or(|it| text(doc, "purpose") == Some(it))
    }
}

impl Pipeline {
    /// A page of the caller's files or batches; an admin's is of everybody's.
    ///
    /// # Errors
    /// The query is wrong, or the database does not answer.
    pub async fn list_remote(
        &self,
        asking: &Asking<'_>,
        kind: Kind,
        wanted: &Wanted,
    ) -> Result<Bytes, Fault> {
        let limit = wanted.limit(kind)?;
        let oldest_first = wanted.is_oldest_first()?;
        let owner = match asking.caller.sees_all() {
            true => None,
            false => Some(asking.owner()?),
        };
        let mut after = match &wanted.after {
            Some(id) => {
                let found = self.remote(asking, (kind, id), false).await?;
                Some((found.created_ms, found.id))
            }
            None => None,
        };
        let mut docs: Vec<Map<String, Value>> = Vec::new();
        // One more than is wanted says whether there are more.
        while docs.len() <= limit {
            let page = RemotePage {
                kind: kind.as_str(),
                owner: owner.as_deref(),
                after: after.as_ref().map(|it| (it.0, it.1.as_str())),
                oldest_first,
                limit: AT_ONCE,
            };
            let found = self.accounting().store().remotes(page).await;
            let found = found.map_err(|cause| unreadable(&cause))?;
            let is_last = found.len() < usize::try_from(AT_ONCE).unwrap_or(usize::MAX);
            after = found.last().map(|it| (it.created_ms, it.id.clone()));
            for object in &found {
                let doc: Option<Map<String, Value>> = serde_json::from_str(&object.doc).ok();
                docs.extend(doc.filter(|it| wanted.wants(it)));
            }
            if is_last {
                break;
            }
        }
        let has_more = docs.len() > limit;
        docs.truncate(limit);
        let id = |it: Option<&Map<String, Value>>| it.and_then(|it| it.get("id").cloned());
        let (first, last) = (id(docs.first()), id(docs.last()));
        let list = json!({"object": "list", "data": docs, "first_id": first, "last_id": last,
            "has_more": has_more});
        Ok(Bytes::from(list.to_string()))
    }
}

fn wrong(name: &str, text: &str) -> Fault {
    let message = format!("`{name}` {text}");
    Fault::caller(ErrorKind::InvalidRequest, message).with_param(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limited(limit: &str) -> Wanted {
        Wanted {
            limit: Some(limit.to_owned()),
            ..Wanted::default()
        }
    }

    #[test]
    fn limits_are_numbers_in_bounds() {
        assert_eq!(limited("7").limit(Kind::Batch).unwrap(), 7);
        assert_eq!(Wanted::default().limit(Kind::Batch).unwrap(), 20);
        for limit in ["0", "101", "-1", "x", ""] {
            let fault = limited(limit).limit(Kind::Batch).unwrap_err();
            assert_eq!(fault.param.as_deref(), Some("limit"), "{limit}");
        }
    }
}
