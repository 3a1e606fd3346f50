//! Where models live under the API.

use sluice_sdk::{Error, fault};

/// Where a model lives under the API's version: `models/<name>`, or its own collection.
///
/// The name may be the client's, so nothing that would lead elsewhere is let through.
pub fn of(model: &str) -> Result<String, Error> {
    let letter = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.' | '/' | '@');
    let fine = model.chars().all(letter)
        && model
            .split('/')
            .all(|part| !part.is_empty() && !part.starts_with('.'));
    if !fine {
        return Err(fault::invalid_request(format!(
            "`{model}` is no name of a Gemini model"
        )));
    }
    let own = model.starts_with("models/") || model.starts_with("tunedModels/");
    Ok(if own {
        model.to_owned()
    } else {
        format!("models/{model}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_models_name_cannot_lead_elsewhere() {
        assert_eq!(of("gemini-2.5-pro").unwrap(), "models/gemini-2.5-pro");
        assert_eq!(of("tunedModels/mine-1").unwrap(), "tunedModels/mine-1");
        for bad in [
            "../files",
            "a/../../b",
            "a?key=1",
            "a#b",
            "a%2f",
            "a:b",
            "",
            "/a",
            "a b",
        ] {
            assert!(of(bad).is_err(), "{bad}");
        }
    }
}
