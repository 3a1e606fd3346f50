//! The input of a batch: a line is a request, whose model is given its name at the provider, and which
//! takes nothing there that is the gateway's.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read as _};

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::dialect::envelope::push_quoted;
use crate::domain::json::{self, Member};
use crate::domain::{ErrorKind, Fault};
use crate::pipeline::request::{OURS, Operation};
use crate::upstream::splice::{self, Edit};
use crate::upstream::{Spooled, Spools};

/// Longest line, in bytes.
const MAX_LINE: u64 = 16 << 20;

/// Models of one file, at most.
const MAX_MODELS: usize = 64;

/// Where lines go, below `/v1`, with what is asked there.
const PLACES: [(&str, Operation); 6] = [
    ("/chat/completions", Operation::Chat),
    ("/completions", Operation::Completions),
    ("/embeddings", Operation::Embeddings),
    ("/responses", Operation::Responses),
    ("/moderations", Operation::Moderations),
    ("/images/generations", Operation::ImagesGenerate),
];

/// What the lines of a file name.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// Models by their names, each with the first line that names it.
    pub models: BTreeMap<String, u64>,
    /// Whether one of them names guardrails.
    pub guardrails: bool,
}

/// What the lines name.
///
/// # Errors
/// A line is no request, or the disk does not give the file.
pub async fn survey(file: &Spooled) -> Result<Named, Fault> {
    let read = file.read(|lines| {
        let mut named = Named::default();
        let mut number = 0;
        while let Some(line) = next(lines, number + 1)? {
            number += 1;
            let Some(line) = line else { continue };
            let body = body_of(&line, number)?;
            let members = members_of(body, number)?;
            let model = model_of((body, &members), number)?;
            named.models.entry(model).or_insert(number);
            named.guardrails |= names_guardrails(body, &members);
            if named.models.len() > MAX_MODELS {
                let said = format!("the lines name more than {MAX_MODELS} models");
                return Err(wrong(said));
            }
        }
        match named.models.is_empty() {
            true => Err(wrong("the file has no requests")),
            false => Ok(named),
        }
    });
    read.await.map_err(|cause| unread(&cause))?
}

/// The file with each model by the name that `names` gives it. `goes_out`: to the provider, so that
/// the members that are the gateway's are left out.
///
/// # Errors
/// The disk does not give the file or take the new one.
pub async fn rename(
    file: &Spooled,
    (names, goes_out): (BTreeMap<String, String>, bool),
    spools: &Spools,
) -> Result<Spooled, Fault> {
    let reader = file.reader();
    let filled = spools.fill(move |out| {
        let mut lines = io::BufReader::with_capacity(256 << 10, reader);
        let mut number = 0;
        while let Some(line) = next(&mut lines, number + 1).map_err(uncopied)? {
            number += 1;
            let Some(line) = line else { continue };
            let line = renamed(&line, number, (&names, goes_out)).map_err(uncopied)?;
            out.write_all(line.as_bytes())?;
            out.write_all(b"\n")?;
        }
        Ok(())
    });
    filled.await.map_err(|cause| unread(&cause))
}

fn uncopied(fault: Fault) -> io::Error {
    io::Error::other(fault.message)
}

/// The next line; inside, none where it is blank.
fn next(lines: &mut (impl BufRead + ?Sized), number: u64) -> Result<Option<Option<String>>, Fault> {
    let mut line = Vec::new();
    let mut limited = lines.take(MAX_LINE + 1);
    let read = limited.read_until(b'\n', &mut line);
    if read.map_err(|cause| unread(&cause))? == 0 {
        return Ok(None);
    }
    if line.len() as u64 > MAX_LINE {
        let said = format!("is longer than {} MiB", MAX_LINE >> 20);
        return Err(wrong(format!("line {number} of the file {said}")));
    }
    let line = String::from_utf8(line)
        .map_err(|_| wrong(format!("line {number} of the file is no UTF-8 text")))?;
    let text = request_of(&line);
    Ok(Some((!text.is_empty()).then(|| text.to_owned())))
}

/// The request in a line; empty where the line is blank.
pub fn request_of(line: &str) -> &str {
    line.trim_start_matches('\u{feff}').trim()
}

#[derive(Deserialize)]
struct Request<'l> {
    #[serde(borrow)]
    body: Option<&'l RawValue>,
}

/// Where the request of a line goes.
pub fn url_of(line: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Goes {
        url: String,
    }
    serde_json::from_str::<Goes>(line).ok().map(|it| it.url)
}

/// The request's body as it stands in the line.
pub fn body_of(line: &str, number: u64) -> Result<&str, Fault> {
    // A member that stands twice would be one thing here and another at the provider.
    json::members(line).map_err(|cause| wrong(format!("line {number} of the file: {cause}")))?;
    let request = serde_json::from_str::<Request<'_>>(line).ok();
    let body = request.and_then(|it| it.body).map(RawValue::get);
    body.filter(|it| it.starts_with('{')).ok_or_else(|| {
        wrong(format!(
            "line {number} of the file has no `body`: each line is a request with \
             `custom_id`, `method`, `url` and `body`"
        ))
    })
}

/// What a line asks for; None: its place is not known.
pub fn asks(line: &str) -> Option<Operation> {
    let url = url_of(line)?;
    let place = url.strip_prefix("/v1").unwrap_or(&url);
    let place = place.trim_end_matches('/');
    let known = PLACES.iter().find(|(known, _)| *known == place);
    known.map(|(_, operation)| *operation)
}

fn members_of(body: &str, number: u64) -> Result<Vec<Member<'_>>, Fault> {
    json::members(body)
        .map_err(|cause| wrong(format!("line {number} of the file: `body`: {cause}")))
}

fn model_of((body, members): (&str, &[Member<'_>]), number: u64) -> Result<String, Fault> {
    let model = members.iter().find(|it| it.name == "model");
    let model: Option<String> =
        model.and_then(|it| serde_json::from_str(body.get(it.value.clone())?).ok());
    model
        .filter(|it| !it.is_empty())
        .ok_or_else(|| wrong(format!("line {number} of the file names no `body.model`")))
}

/// Whether a request names guardrails, where it may: in a member, or in its metadata.
fn names_guardrails(body: &str, members: &[Member<'_>]) -> bool {
    #[derive(Deserialize)]
    struct Naming {
        guardrails: Option<IgnoredAny>,
    }
    members.iter().any(|it| match &*it.name {
        "guardrails" => true,
        "metadata" | "litellm_metadata" => {
            let raw = body.get(it.value.clone()).unwrap_or_default();
            serde_json::from_str::<Naming>(raw).is_ok_and(|it| it.guardrails.is_some())
        }
        _ => false,
    })
}

fn renamed(
    line: &str,
    number: u64,
    (names, goes_out): (&BTreeMap<String, String>, bool),
) -> Result<String, Fault> {
    let body = body_of(line, number)?;
    let members = members_of(body, number)?;
    let model = model_of((body, &members), number)?;
    let name = names
        .get(&model)
        .ok_or_else(|| wrong(format!("line {number} of the file names another model now")))?;
    let mut quoted = String::new();
    push_quoted(&mut quoted, name);
    let mut edits = vec![("model".into(), Some(quoted))];
    if goes_out {
        edits.extend(without_ours(&members, asks(line)));
    }
    let body = splice::patch(body, &edits)?;
    splice::patch(line, &[("body".into(), Some(body))])
}

/// Takes out what is the gateway's, as of a call of its own.
fn without_ours(members: &[Member<'_>], asked: Option<Operation>) -> Vec<Edit> {
    let openai = asked.is_some_and(Operation::is_openai);
    let names = members.iter().map(|it| &*it.name);
    let ours = names.filter(|it| OURS.contains(it) || (openai && *it == "metadata"));
    ours.map(|it| (it.to_owned(), None)).collect()
}

fn wrong(message: impl Into<String>) -> Fault {
    Fault::caller(ErrorKind::InvalidRequest, message).with_param("file")
}

pub fn unread(cause: &io::Error) -> Fault {
    let message = "the gateway could not read the file again; try again";
    Fault::ours(message, cause.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn spooled(text: &str) -> (tempfile::TempDir, Spools, Spooled) {
        let folder = tempfile::tempdir().unwrap();
        let spools = Spools::new(folder.path().join("uploads"));
        let mut file = spools.begin().await.unwrap();
        file.write(text.as_bytes()).await.unwrap();
        let file = file.finish().await.unwrap();
        (folder, spools, file)
    }

    #[tokio::test]
    async fn models_are_given_their_names_and_no_other_value_changes() {
        let text = concat!(
            "\u{feff}{\"custom_id\":\"1\",\"body\":{\"model\":\"public\",\"x\": 1.50}}\r\n\n",
            "{\"custom_id\":\"2\", \"body\": {\"messages\":[{\"model\":\"public\"}],\"model\":\"other\"}}"
        );
        let (_folder, spools, file) = spooled(text).await;
        let named = survey(&file).await.unwrap();
        let models = [("public".to_owned(), 1), ("other".to_owned(), 3)];
        assert_eq!(
            (named.models, named.guardrails),
            (BTreeMap::from(models), false)
        );
        let names = [("public", "gpt-4o"), ("other", "o3")];
        let names = names.map(|(from, to)| (from.to_owned(), to.to_owned()));
        let renamed = rename(&file, (names.into(), true), &spools).await.unwrap();
        let bytes = renamed.piece(0).await.unwrap();
        assert_eq!(
            std::str::from_utf8(&bytes).unwrap(),
            concat!(
                "{\"custom_id\":\"1\",\"body\":{\"model\":\"gpt-4o\",\"x\":1.50}}\n",
                "{\"custom_id\":\"2\",\"body\":{\"messages\":[{\"model\":\"public\"}],\"model\":\"o3\"}}\n"
            )
        );
        assert_eq!(renamed.length(), bytes.len() as u64);
    }

    #[tokio::test]
    async fn what_is_the_gateways_stays_where_lines_do_and_goes_nowhere_else() {
        let line = |url: &str, more: &str| {
            format!("{{\"url\":\"{url}\",\"body\":{{\"model\":\"m\"{more}}}}}\n")
        };
        let ours = ",\"guardrails\":[\"pii\"],\"drop_params\":true,\"tags\":[\"a\"]";
        let both = ",\"metadata\":{\"guardrails\":[]},\"seed\":7";
        let sent = [
            ("/v1/chat/completions", ",\"seed\":7"),
            ("/embeddings", ",\"seed\":7"),
            // Its `metadata` is the provider's, as that of a call would be.
            ("/v1/responses", both),
            ("/v1/elsewhere", both),
        ];
        let text: String = sent
            .map(|(url, _)| line(url, &format!("{ours}{both}")))
            .concat();
        let (_folder, spools, file) = spooled(&text).await;
        assert!(survey(&file).await.unwrap().guardrails);
        let names = BTreeMap::from([("m".to_owned(), "m".to_owned())]);
        for (goes_out, expected) in [
            (true, sent.map(|(url, rest)| line(url, rest)).concat()),
            (false, text.clone()),
        ] {
            let renamed = rename(&file, (names.clone(), goes_out), &spools);
            let bytes = renamed.await.unwrap().piece(0).await.unwrap();
            assert_eq!(std::str::from_utf8(&bytes).unwrap(), expected);
        }
    }

    #[tokio::test]
    async fn guardrails_are_named_in_a_line_or_its_metadata() {
        for (more, named) in [
            ("\"guardr\\u0061ils\":[]", true),
            ("\"metadata\":{\"guardrails\":[\"a\"]}", true),
            ("\"litellm_metadata\":{\"guardrails\":[\"a\"]}", true),
            ("\"metadata\":{\"tags\":[\"guardrails\"]}", false),
            ("\"messages\":[{\"guardrails\":1}]", false),
        ] {
            let line = format!("{{\"body\":{{\"model\":\"m\",{more}}}}}\n");
            let (_folder, _, file) = spooled(&line).await;
            assert_eq!(survey(&file).await.unwrap().guardrails, named, "{more}");
        }
    }

    #[tokio::test]
    async fn what_is_no_request_is_told_by_its_line() {
        let good = "{\"body\":{\"model\":\"m\"}}\n";
        for (line, said) in [
            ("{", "line 2"),
            ("[]", "line 2"),
            ("{\"body\":7}", "no `body`"),
            ("{\"body\":{}}", "no `body.model`"),
            ("{\"body\":{\"model\":7}}", "no `body.model`"),
            ("{\"body\":{\"model\":\"a\",\"model\":\"b\"}}", "line 2"),
            (
                "{\"body\":{\"model\":\"a\"},\"body\":{\"model\":\"b\"}}",
                "line 2",
            ),
        ] {
            let (_folder, _, file) = spooled(&format!("{good}{line}\n")).await;
            let fault = survey(&file).await.unwrap_err();
            assert!(fault.message.contains(said), "{}", fault.message);
            assert_eq!(fault.param.as_deref(), Some("file"));
        }
        let (_folder, _, file) = spooled("\n\n").await;
        let fault = survey(&file).await.unwrap_err();
        assert!(fault.message.contains("no requests"));
    }
}
