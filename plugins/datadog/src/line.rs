//! A record as a line of a log.

use serde_json::json;
use sluice_records::Record;

use crate::settings::Settings;

/// "Maximum size for a single log: 1MB": a longer one is cut by Datadog, and no JSON any more.
const LONGEST: usize = 1_000_000;

/// The line, written as a member of a list. Its message is the record as JSON, whose members
/// Datadog makes attributes of the line.
pub fn of_record(record: Record<'_>, settings: &Settings) -> String {
    let mut most = LONGEST * 9 / 10;
    loop {
        let line = json!({
            "ddsource": settings.source,
            "ddtags": tags(record, settings),
            "hostname": settings.hostname,
            "message": record.written(most),
            "service": settings.service,
            "status": if record.is_failure() { "error" } else { "info" }
        });
        let line = line.to_string();
        // In a text inside of JSON each quote and line end takes twice its room.
        if line.len() <= LONGEST || most < 1000 {
            return line;
        }
        most /= 2;
    }
}

/// LiteLLM's tags. A comma ends a tag.
fn tags(record: Record<'_>, settings: &Settings) -> String {
    let own = [
        ("env", &settings.env),
        ("service", &settings.service),
        ("version", &settings.version),
        ("HOSTNAME", &settings.hostname),
        ("POD_NAME", &settings.pod),
    ];
    let mut tags: Vec<String> = own
        .iter()
        .map(|(name, value)| format!("{name}:{value}"))
        .collect();
    let asked = record.tags().into_iter();
    tags.extend(asked.map(|tag| format!("request_tag:{tag}")));
    let teams = ["user_api_key_team_alias", "user_api_key_team_id"];
    let team = teams.iter().map(|name| record.metadata_text(name));
    if let Some(team) = team.into_iter().find(|it| !it.is_empty()) {
        tags.push(format!("team:{team}"));
    }
    let plain: Vec<String> = tags.iter().map(|it| it.replace(',', "_")).collect();
    plain.join(",")
}
