//! What operators ask of the cache, answered in LiteLLM's shapes.

use serde_json::{Map, Value, json};

use super::{Cache, Sight, Unreachable};
use crate::domain::{ErrorKind, Fault};

impl Cache {
    /// `/cache/ping`: whether answers can be kept, and where.
    ///
    /// # Errors
    /// None are kept, or Redis does not answer.
    pub async fn report_ping(&self) -> Result<Value, Fault> {
        let sight = self.if_on()?;
        self.ping().await.map_err(gone)?;
        let mut params = json!({"type": sight.kind, "namespace": sight.namespace});
        if let (Some(params), Some(address)) = (params.as_object_mut(), &sight.address) {
            params.insert("address".to_owned(), address.as_str().into());
        }
        if let (Some(params), Some((entries, bytes))) = (params.as_object_mut(), sight.size) {
            params.insert("entries".to_owned(), entries.into());
            params.insert("bytes".to_owned(), bytes.into());
        }
        Ok(json!({
            "status": "healthy",
            "cache_type": sight.kind,
            "ping_response": true,
            "set_cache_response": "success",
            "litellm_cache_params": params,
        }))
    }

    /// `/cache/delete`.
    ///
    /// # Errors
    /// As [`report_ping`](Self::report_ping).
    pub async fn report_delete(&self, keys: &[String]) -> Result<Value, Fault> {
        self.if_on()?;
        let deleted = self.delete(keys).await.map_err(gone)?;
        tracing::info!(deleted, "kept answers were deleted");
        Ok(json!({"status": "success", "deleted": deleted}))
    }

    /// `/cache/flushall`: every answer of the namespace; nothing else that a Redis holds.
    ///
    /// # Errors
    /// As [`report_ping`](Self::report_ping).
    pub async fn report_clear(&self) -> Result<Value, Fault> {
        self.if_on()?;
        let deleted = self.clear().await.map_err(gone)?;
        tracing::info!(deleted, "every kept answer was deleted");
        Ok(json!({"status": "success", "deleted": deleted}))
    }

    /// `/cache/redis/info`.
    ///
    /// # Errors
    /// As [`report_ping`](Self::report_ping), or answers are not in a Redis.
    pub async fn report_redis(&self) -> Result<Value, Fault> {
        self.if_on()?;
        let Some(info) = self.info().await.map_err(gone)? else {
            let message = "answers are kept in memory, not in a Redis: see `cache_params.type`";
            let fault = Fault::caller(ErrorKind::InvalidRequest, message);
            return Err(fault.with_param("cache_params.type").with_status(400));
        };
        let number = |text: &str| {
            text.parse::<i64>()
                .map_or_else(|_| text.into(), Value::from)
        };
        let info: Map<String, Value> = info
            .into_iter()
            .map(|(name, value)| (name, number(&value)))
            .collect();
        let clients = info.get("connected_clients").cloned();
        Ok(json!({"num_clients": clients, "info": info}))
    }

    fn if_on(&self) -> Result<Sight, Fault> {
        let sight = self.sight();
        if sight.on {
            return Ok(sight);
        }
        let message = "no answers are kept: set `litellm_settings.cache`";
        let fault = Fault::caller(ErrorKind::InvalidRequest, message);
        Err(fault.with_param("cache").with_status(503))
    }
}

fn gone(cause: Unreachable) -> Fault {
    Fault::upstream(ErrorKind::Upstream, cause.to_string()).with_status(503)
}
