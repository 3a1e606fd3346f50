//! S3: an object for each record, or one of lines for each batch. The gateway signs.
//!
//! Keys, headers and settings are those of `litellm/integrations/s3.py` (`get_s3_object_key`) and
//! `s3_v2.py` of `BerriAI/litellm`, so that what reads the bucket goes on. Addresses and errors are
//! those of `PutObject` in the API reference of Amazon S3. A key is made of its record alone: what
//! is sent twice is written over itself.

mod answer;
mod describe;
mod key;
mod place;

use std::cell::RefCell;
use std::collections::HashMap;

use serde_json::Value;
use sluice_records::{Limits, Piece, Record, Reply, TIMEOUT_MS, deliver, joined};
use sluice_sdk::{Body, Callback, Error, FetchRequest, Payload, callback};

use key::Key;
use place::Place;

/// The callbacks.
pub struct S3;

/// Largest object: the gateway sends no more than 8 MiB at once.
const LARGEST: usize = 7_500_000;
const ONE: Limits = Limits {
    bytes: LARGEST,
    pieces: 1,
};
const LINES: Limits = Limits {
    bytes: LARGEST,
    pieces: 1000,
};

impl Callback for S3 {
    fn describe() -> String {
        describe::document().to_string()
    }

    fn on_batch(config: &Value, records: &[Value]) -> Result<(), Error> {
        let place = Place::of(config)?;
        let is_lines = config["callback"] == describe::LINES;
        // A key needs its record, which is no longer there when it is sent.
        let keys: RefCell<HashMap<String, Key>> = RefCell::default();
        let make = |record: Record<'_>| {
            let key = match is_lines {
                true => Key::of_lines(record, config),
                false => Key::of_record(record, config),
            };
            keys.borrow_mut().insert(record.name(), key);
            Some(record.written(LARGEST))
        };
        let limits = if is_lines { LINES } else { ONE };
        deliver(config, records, limits, make, |pieces| {
            let keys = keys.borrow();
            let first = pieces.first().and_then(|it| keys.get(&it.name));
            match first {
                Some(key) => put(&place, key, pieces, is_lines),
                None => Reply::Taken,
            }
        })
    }
}

fn put(place: &Place, key: &Key, pieces: &[Piece], is_lines: bool) -> Reply {
    let (kind, path) = match is_lines {
        true => ("application/x-ndjson", key.of_batch(pieces)),
        false => ("application/json", key.path.clone()),
    };
    let mut request = FetchRequest::put(place.address(&path))
        .timeout_ms(TIMEOUT_MS)
        .header("content-type", kind)
        .header("content-language", "en")
        .header(
            "content-disposition",
            format!("inline; filename=\"{}\"", key.file),
        )
        .header(
            "cache-control",
            "private, immutable, max-age=31536000, s-maxage=0",
        );
    for (name, value) in &place.encryption {
        request = request.header(name, value);
    }
    let mut params = vec![("service", "s3")];
    params.extend(place.region.iter().map(|it| ("region", it.as_str())));
    request = request.auth("sigv4", &params);
    let mut text = joined(pieces, "\n");
    if is_lines {
        text.push('\n');
    }
    request.body = Body::Raw(Payload::Text(text));
    answer::judge(request.send())
}

callback!(S3);

#[cfg(test)]
mod tests;
