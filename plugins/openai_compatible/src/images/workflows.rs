//! Fireworks: a workflow for each model, which answers with the picture itself.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, Outbound, Payload, Reply, Step, fault};
use sluice_wire::base64;

use super::{made, only, own, prompt, sides};
use crate::errors;
use crate::place::escaped;
use crate::request::sent_model;
use crate::row::Row;

/// Those that the workflows know, by width and height.
const RATIOS: [(u32, u32); 11] = [
    (1, 1),
    (21, 9),
    (16, 9),
    (3, 2),
    (5, 4),
    (4, 5),
    (2, 3),
    (9, 16),
    (9, 21),
    (4, 3),
    (3, 4),
];

pub fn request(
    call: &Call,
    row: &Row,
    mut outbound: Outbound,
    asked: &Map<String, Value>,
) -> Result<Outbound, Error> {
    only(asked, "b64_json", row)?;
    if call.model.contains("kontext") {
        return Err(fault::unsupported(format!(
            "`{}` edits images in jobs, which are not translated",
            call.model
        )));
    }
    let mut body = json!({"prompt": prompt(asked)?});
    for (name, value) in own(asked).filter(|(name, _)| *name != "size") {
        body[name] = value;
    }
    if let Some(sides) = sides(asked)? {
        body["aspect_ratio"] = nearest(sides).into();
    }
    let model = escaped(&sent_model(row, &call.model));
    outbound.url = format!("/workflows/{model}/text_to_image");
    Ok(outbound.header("accept", "image/png").json(&body))
}

fn nearest((width, height): (u32, u32)) -> String {
    let wanted = (f64::from(width) / f64::from(height)).ln();
    let far = |(width, height): &(u32, u32)| {
        let ratio = f64::from(*width) / f64::from(*height);
        (ratio.ln() - wanted).abs()
    };
    let nearest = RATIOS.iter().min_by(|a, b| far(a).total_cmp(&far(b)));
    let (width, height) = nearest.unwrap_or(&(1, 1));
    format!("{width}:{height}")
}

/// The picture, or a document with several in base64.
pub fn respond(reply: &Reply) -> Result<Step, Error> {
    if let Payload::Bytes(bytes) = &reply.body
        && !bytes.is_empty()
    {
        return made(vec![json!({"b64_json": base64::encoded(bytes)})]);
    }
    let answer = errors::document(reply)?;
    if answer.get("finishReason") == Some(&"CONTENT_FILTERED".into()) {
        return Err(fault::error(
            fault::kind::CONTENT_POLICY,
            "the provider filtered the picture",
        ));
    }
    let images = answer.get("base64").and_then(Value::as_array);
    let images = images.into_iter().flatten().filter_map(Value::as_str);
    let data = images.map(|it| {
        let bare = it.split_once(";base64,").map_or(it, |(_, data)| data);
        json!({ "b64_json": bare })
    });
    made(data.collect())
}
