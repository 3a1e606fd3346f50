//! The providers: whether their credentials are there, whether they can be reached, and what their clocks say.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::future::join_all;
use http::Request;

use crate::cli::report::Report;
use crate::config::Verify;
use crate::pipeline::{Fleet, Line};
use crate::upstream::Upstream;

/// How long a provider has for its answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Clocks of machines that ask a time server are no further apart.
const USUAL_SKEW: u64 = 30;
/// From here on clouds refuse what this machine signs.
const REFUSED_SKEW: u64 = 300;

/// By the address of a provider, the model groups that it serves.
type Origins = BTreeMap<String, BTreeSet<String>>;

/// What deployments, guardrails and callbacks lack.
pub fn credentials(fleet: &Fleet, report: &mut Report) {
    let warnings = fleet.warnings();
    let all = fleet.config.groups.deployments().count();
    let ready = ready(fleet).len();
    report.fine(
        "models",
        format!("{ready} of {all} deployments have what they need"),
    );
    for warning in warnings {
        report.remark("models", warning);
    }
}

/// The deployments that have a plugin, and every secret that it requires.
fn ready(fleet: &Fleet) -> Vec<Arc<Line>> {
    let lines = fleet.config.groups.deployments();
    let lines = lines.filter_map(|it| fleet.line(&it.id).ok());
    let has_all = |line: &Arc<Line>| {
        let mut required = line.provider.describe.secrets.iter();
        required.all(|(name, it)| !it.required || line.target.secrets.contains_key(name))
    };
    lines.filter(has_all).collect()
}

/// Asks every provider that is ready for anything at all. What it answers does not matter: nothing is sent
/// that it would be paid for, and no credential.
pub async fn reach(fleet: &Fleet, offline: bool, report: &mut Report) {
    let origins = origins(&ready(fleet));
    let upstream = match Upstream::new() {
        Ok(upstream) => upstream,
        Err(cause) => return report.wrong("providers", cause.to_string()),
    };
    if offline {
        report.fine("providers", "not asked, as `--offline` wants it");
        return report.fine("clock", "not compared");
    }
    let asked = origins.keys().map(|origin| ask(&upstream, origin));
    let mut skews = Vec::new();
    for ((origin, groups), answer) in origins.iter().zip(join_all(asked).await) {
        match answer {
            Ok(skew) => {
                report.fine("provider", format!("{origin} can be reached"));
                skews.extend(skew);
            }
            Err(cause) => {
                let groups = groups
                    .iter()
                    .map(String::as_str)
                    .collect::<Vec<_>>()
                    .join(", ");
                let cure = "is its address right (`api_base`), has a proxy to be named (`HTTPS_PROXY`), or an authority to be trusted (`ssl_verify`)?";
                report.wrong(
                    "provider",
                    format!("{origin}: {cause}; calls of {groups} fail: {cure}"),
                );
            }
        }
    }
    clock(&skews, report);
}

/// Those that the usual authorities vouch for.
fn origins(lines: &[Arc<Line>]) -> Origins {
    let mut origins = Origins::new();
    for line in lines {
        let base = line.target.base_url.as_ref();
        let base = base.filter(|it| matches!(it.scheme(), "http" | "https"));
        if let Some(base) = base.filter(|_| line.target.verify == Verify::System) {
            let origin = base.origin().ascii_serialization();
            let groups = origins.entry(origin).or_default();
            groups.insert(line.deployment.group.to_string());
        }
    }
    origins
}

/// How far this machine's clock is before the other's, in seconds, if it says its time.
async fn ask(upstream: &Upstream, origin: &str) -> Result<Option<i64>, String> {
    let request = Request::get(format!("{origin}/")).body(Bytes::new());
    let request = request.map_err(|cause| cause.to_string())?;
    let answer = upstream.exchange(request, false, PATIENCE).await?;
    let date = answer.headers().get(http::header::DATE);
    let date = date.and_then(|it| it.to_str().ok());
    let date = date.and_then(|it| httpdate::parse_http_date(it).ok());
    Ok(date.map(|theirs| ahead(SystemTime::now(), theirs)))
}

fn ahead(ours: SystemTime, theirs: SystemTime) -> i64 {
    let seconds = |it: Duration| i64::try_from(it.as_secs()).unwrap_or(i64::MAX);
    match ours.duration_since(theirs) {
        Ok(ahead) => seconds(ahead),
        Err(behind) => seconds(behind.duration()).saturating_neg(),
    }
}

/// The nearest counts: some of the others' clocks may be wrong.
fn clock(skews: &[i64], report: &mut Report) {
    const ROW: &str = "clock";
    let Some(skew) = skews.iter().min_by_key(|it| it.unsigned_abs()) else {
        return report.fine(ROW, "not compared: nobody said the time");
    };
    let (seconds, which) = (
        skew.unsigned_abs(),
        if *skew > 0 { "ahead" } else { "behind" },
    );
    let cure = "let it follow a time server (`timedatectl set-ntp true`)";
    let found = format!("{seconds} seconds {which} of the providers'");
    if seconds <= USUAL_SKEW {
        report.fine(ROW, "as the providers' clocks");
    } else if seconds < REFUSED_SKEW {
        report.remark(ROW, format!("{found}: {cure}"));
    } else {
        let meaning =
            "clouds refuse what is signed here, and tokens and budgets end at the wrong time";
        report.wrong(ROW, format!("{found}: {meaning}; {cure}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_is_judged_by_the_nearest_other_one() {
        let said = |skews: &[i64]| {
            let mut report = Report::default();
            clock(skews, &mut report);
            (report.is_good(), report.render())
        };
        assert!(said(&[]).1.contains("not compared"));
        assert!(said(&[9000, -2]).1.contains("as the providers'"));
        let (is_good, text) = said(&[-60]);
        assert!(
            is_good && text.contains("60 seconds behind") && text.contains("1 notes"),
            "{text}"
        );
        let (is_good, text) = said(&[301]);
        assert!(
            !is_good && text.contains("301 seconds ahead") && text.contains("timedatectl"),
            "{text}"
        );
        let now = SystemTime::now();
        assert_eq!(ahead(now, now + Duration::from_secs(7)), -7);
    }
}
