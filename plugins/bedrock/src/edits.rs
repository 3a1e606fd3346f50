//! Images changed over InvokeModel. Amazon's models take a task
//! (docs.aws.amazon.com/nova/latest/userguide/image-gen-req-resp-structure.html), Stability's image
//! services are a model for each kind of change
//! (docs.aws.amazon.com/bedrock/latest/userguide/stable-image-services.html).

use sluice_sdk::serde_json::{self, Map, Value, json};
use sluice_sdk::{Call, Error, File, Outbound, Step, fault};
use sluice_wire::uploads;

use crate::answer::many;
use crate::family::Family;
use crate::images;
use crate::place::Place;

/// What a form's fields are that are no texts: Stability's and Amazon's own.
const NUMBERS: [&str; 18] = [
    "cfgScale",
    "change_strength",
    "composition_fidelity",
    "control_strength",
    "creativity",
    "down",
    "fidelity",
    "grow_mask",
    "height",
    "left",
    "right",
    "seed",
    "similarityStrength",
    "strength",
    "style_strength",
    "up",
    "width",
    "imageGenerationConfig",
];

/// Changes that need no words, and refuse them.
const WORDLESS: [&str; 3] = ["remove-background", "erase-object", "fast-upscale"];

pub fn request(call: &Call, place: &Place, body: &Map<String, Value>) -> Result<Step, Error> {
    let prompt = images::prompt(body)?;
    let count = images::count(body)?;
    let size = images::size(body)?;
    let pictures: Vec<&File> = call.files.iter().filter(|it| it.field == "image").collect();
    if pictures.is_empty() {
        return Err(fault::invalid_request(
            "`image` is missing: the picture to edit",
        ));
    }
    let mut own = own(body)?;
    let post = |document: &Value| place.sign(Outbound::post(place.model("invoke")).json(document));
    match place.family {
        Family::Titan | Family::Nova => {
            let config = images::config(count, size, body);
            let document = amazon(call, &pictures, prompt, config, own)?;
            many(vec![post(&document)])
        }
        Family::Stability => {
            if size.is_some() {
                return Err(fault::unsupported(
                    "Stability's changes take no `size`: the picture's own is kept",
                ));
            }
            stability(call, place, &pictures, &mut own)?;
            let format = body.get("output_format").filter(|it| !it.is_null());
            if let Some(format) = format {
                own.insert("output_format".into(), format.clone());
            }
            if !WORDLESS.iter().any(|it| place.name.contains(it)) {
                own.insert("prompt".into(), prompt.into());
            }
            let document = Value::from(own);
            many((0..count).map(|_| post(&document)).collect())
        }
        _ => Err(fault::unsupported(format!(
            "`{}` changes no images",
            place.name
        ))),
    }
}

/// The model's own parameters, of which a form has only texts.
fn own(body: &Map<String, Value>) -> Result<Map<String, Value>, Error> {
    let mut own = Map::new();
    for (name, value) in images::own(body) {
        if matches!(name.as_str(), "image" | "mask" | "metadata") {
            continue;
        }
        let text = value.as_str().filter(|_| NUMBERS.contains(&name.as_str()));
        let value = match text {
            None => value.clone(),
            Some(text) => serde_json::from_str(text).map_err(|_| {
                fault::invalid_request(format!("`{name}` is `{text}`, which is no number"))
            })?,
        };
        own.insert(name.clone(), value);
    }
    Ok(own)
}

fn only<'f>(pictures: &[&'f File]) -> Result<&'f File, Error> {
    match pictures {
        [one] => Ok(one),
        _ => Err(fault::unsupported("this change takes one `image`")),
    }
}

/// With a mask what it shows is painted anew, else the picture is varied; `taskType` says otherwise.
fn amazon(
    call: &Call,
    pictures: &[&File],
    prompt: &str,
    mut config: Map<String, Value>,
    mut own: Map<String, Value>,
) -> Result<Value, Error> {
    let mask = call.files.iter().find(|it| it.field == "mask");
    let words = own
        .shift_remove("maskPrompt")
        .or_else(|| own.shift_remove("mask_prompt"));
    let masked = mask.is_some() || words.is_some();
    let usual = if masked {
        "INPAINTING"
    } else {
        "IMAGE_VARIATION"
    };
    let task = own.shift_remove("taskType");
    let task = task
        .as_ref()
        .and_then(Value::as_str)
        .unwrap_or(usual)
        .to_owned();
    let mut params = Map::new();
    let member = match task.as_str() {
        "BACKGROUND_REMOVAL" => {
            let image = uploads::base64(only(pictures)?)?;
            // It refuses any other member.
            return Ok(json!({"taskType": task, "backgroundRemovalParams": {"image": image}}));
        }
        "IMAGE_VARIATION" => {
            let all: Result<Vec<String>, Error> =
                pictures.iter().map(|it| uploads::base64(it)).collect();
            params.insert("images".into(), all?.into());
            "imageVariationParams"
        }
        "INPAINTING" | "OUTPAINTING" => {
            if !masked {
                return Err(fault::invalid_request(format!(
                    "`{task}` needs a `mask`, or a `maskPrompt` that says what to change"
                )));
            }
            params.insert("image".into(), uploads::base64(only(pictures)?)?.into());
            match (words, mask) {
                (Some(words), _) => drop(params.insert("maskPrompt".into(), words)),
                (None, Some(file)) => {
                    params.insert("maskImage".into(), uploads::base64(file)?.into());
                }
                (None, None) => {}
            }
            if task == "INPAINTING" {
                "inPaintingParams"
            } else {
                "outPaintingParams"
            }
        }
        _ => {
            return Err(fault::invalid_request(format!(
                "`taskType` is `{task}`: there are INPAINTING, OUTPAINTING, IMAGE_VARIATION, BACKGROUND_REMOVAL"
            )));
        }
    };
    params.insert("text".into(), prompt.into());
    for (name, value) in own {
        match name.as_str() {
            "negative_prompt" | "negativeText" => drop(params.insert("negativeText".into(), value)),
            "cfgScale" | "seed" | "width" | "height" => drop(config.insert(name, value)),
            "imageGenerationConfig" => {
                config.extend(value.as_object().cloned().unwrap_or_default())
            }
            _ => drop(params.insert(name, value)),
        }
    }
    Ok(json!({"taskType": task, member: params, "imageGenerationConfig": config}))
}

/// The pictures under the names that the service has for them.
fn stability(
    call: &Call,
    place: &Place,
    pictures: &[&File],
    document: &mut Map<String, Value>,
) -> Result<(), Error> {
    let names: &[&str] = if place.name.contains("style-transfer") {
        &["init_image", "style_image"]
    } else {
        &["image"]
    };
    if pictures.len() > names.len() {
        return Err(fault::unsupported(format!(
            "`{}` takes {} of `image`",
            place.name,
            names.len()
        )));
    }
    for (name, file) in names.iter().zip(pictures) {
        document.insert((*name).to_owned(), uploads::base64(file)?.into());
    }
    for file in call.files.iter().filter(|it| it.field != "image") {
        document.insert(file.field.clone(), uploads::base64(file)?.into());
    }
    Ok(())
}
