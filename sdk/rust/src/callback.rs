//! The trait a callback implements, and the line that exports it.

use crate::Error;

/// A callback: gets the records of finished requests, in batches.
///
/// ```
/// use sluice_sdk::serde_json::Value;
/// use sluice_sdk::{Callback, Error, FetchRequest, callback};
///
/// /// Posts every batch to the operator's collector.
/// struct Collector;
///
/// impl Callback for Collector {
///     fn describe() -> String {
///         r#"{"name": "collector", "version": "1.0.0", "callbacks": [{"name": "collector", "max_batch": 100,
///             "secrets": {"api_key": {"env": ["COLLECTOR_API_KEY"]}}}]}"#.to_owned()
///     }
///
///     fn on_batch(_config: &Value, records: &[Value]) -> Result<(), Error> {
///         let request = FetchRequest::post("/records").bearer("api_key").json(&records.into());
///         request.send()?.ok().map(drop)
///     }
/// }
///
/// callback!(Collector);
/// # use sluice_sdk::FetchResponse;
/// # let played = sluice_sdk::testing::Played::new(|request| {
/// #     assert_eq!(request.auth[0].scheme, "bearer");
/// #     Ok(FetchResponse::text_of(503, "busy"))
/// # });
/// # let failed = played.run(|| Collector::on_batch(&Value::Null, &[]));
/// # assert_eq!(failed.unwrap_err().kind, "overloaded");
/// ```
pub trait Callback {
    /// The `describe` document: JSON that fits `wit/describe.schema.json`.
    fn describe() -> String;

    /// A batch of records, oldest first. `config`: the settings; `callback` in them is its name in
    /// `describe`.
    ///
    /// # Errors
    /// They were not delivered. The host tries again later if the kind of the error is worth it.
    fn on_batch(config: &serde_json::Value, records: &[serde_json::Value]) -> Result<(), Error>;
}

/// Exports a [`Callback`] from the component. Does nothing in a native build, so that
/// `cargo test` runs the crate's tests on the machine it is built on.
#[macro_export]
macro_rules! callback {
    ($callback:ty) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            struct Export;

            impl $crate::bindings::exports::sluice::plugin::plugin::Guest for Export {
                fn describe() -> String {
                    <$callback as $crate::Callback>::describe()
                }
            }

            impl $crate::bindings::exports::sluice::plugin::callback::Guest for Export {
                fn on_batch(config: String, records: Vec<String>) -> Result<(), $crate::Error> {
                    let (config, records) = $crate::parse_batch(&config, &records)?;
                    <$callback as $crate::Callback>::on_batch(&config, &records)
                }
            }

    $crate::worlds::callback::export_world!(Export with_types_in $crate::bindings);
        };
    };
}

/// Reads what a callback is handed.
#[doc(hidden)]
pub fn parse_batch(
    config: &str,
    records: &[String],
) -> Result<(serde_json::Value, Vec<serde_json::Value>), Error> {
    let read = |text: &str| {
        serde_json::from_str(text)
            .map_err(|cause| crate::fault::internal(format!("what the host gave: {cause}")))
    };
    let records: Result<_, Error> = records.iter().map(|it| read(it)).collect();
    Ok((read(config)?, records?))
}
