//! Which texts of a request say what a tool or an answer looks like.

/// Whether the place of a text, as the contract's pointers have it, is in the definition of a tool or
/// in the schema of an answer. A mask there would change what the tool can be asked for: a choice has
/// to stay what the tool knows.
///
/// ```
/// assert!(sluice_texts::is_definition("/tools/0/function/parameters/properties/city/enum/1"));
/// assert!(!sluice_texts::is_definition("/messages/0/content"));
/// ```
pub fn is_definition(pointer: &str) -> bool {
    let mut names = pointer.split('/').skip(1);
    match (names.next().unwrap_or_default(), names.next()) {
        ("tools" | "functions" | "response_format", _) => true,
        ("text", Some("format")) => true,
        ("generationConfig" | "generation_config", Some(name)) => {
            name.to_ascii_lowercase().contains("schema")
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dialect_has_its_place_for_them() {
        for place in [
            "/functions/0/description",
            "/response_format/json_schema/schema/properties/a/description",
            "/text/format/schema/description",
            "/tools/0/functionDeclarations/0/description",
            "/generationConfig/responseJsonSchema/description",
        ] {
            assert!(is_definition(place), "{place}");
        }
        for place in [
            "",
            "/text",
            "/input",
            "/system/0/text",
            "/messages/1/tool_calls/0/function/arguments",
        ] {
            assert!(!is_definition(place), "{place}");
        }
    }
}
