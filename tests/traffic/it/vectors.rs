//! Embeddings and ranks.

use sluice_sdk::serde_json::Value;
use sluice_sdk::testing::Outcome;

use crate::judge::{Verdict, holds, same};
use crate::list;
use crate::recordings::Recording;

/// Where providers put their vectors.
fn vectors(answer: &Value) -> Vec<&Value> {
    let floats = &answer["embeddings"]["float"];
    let int8 = &answer["embeddings"]["int8"];
    let places = [
        floats,
        int8,
        &answer["embeddings"],
        &answer["data"],
        &answer["predictions"],
    ];
    let several = places.into_iter().find(|it| it.is_array());
    let found: Vec<&Value> = match several {
        Some(several) => list(several).iter().collect(),
        None => vec![answer],
    };
    let inner = |it| -> &Value {
        let it: &Value = it;
        let places = [&it["values"], &it["embeddings"]["values"], &it["embedding"]];
        places.into_iter().find(|it| !it.is_null()).unwrap_or(it)
    };
    found.into_iter().map(inner).collect()
}

/// How many tokens providers say that the texts have.
fn tokens(recording: &Recording, answer: &Value) -> Option<u64> {
    const PLACES: [&str; 6] = [
        "/usage/prompt_tokens",
        "/usage/total_tokens",
        "/usageMetadata/promptTokenCount",
        "/meta/billed_units/input_tokens",
        "/prompt_eval_count",
        "/inputTextTokenCount",
    ];
    let counted = list(&answer["predictions"]).iter();
    let counted = counted.filter_map(|it| it["embeddings"]["statistics"]["token_count"].as_f64());
    let counted: f64 = counted.sum();
    let header = recording.reply.as_ref().unwrap()["headers"]["x-amzn-bedrock-input-token-count"]
        .as_str()
        .and_then(|it| it.parse().ok());
    let said = PLACES.iter().find_map(|it| answer.pointer(it)?.as_u64());
    said.or(header)
        .or((counted > 0.0).then_some(counted as u64))
}

pub fn judge(recording: &Recording, outcome: &Outcome) -> Verdict {
    holds(outcome.error.is_none(), &format!("{:?}", outcome.error))?;
    let response = outcome.response.as_ref().ok_or("no answer")?;
    let answer = recording.json();
    let want = vectors(&answer);
    let got: Vec<&Value> = list(&response["data"])
        .iter()
        .map(|it| &it["embedding"])
        .collect();
    same("how many", &want.len(), &got.len())?;
    for (want, got) in want.iter().zip(&got) {
        // Texts of numbers are read to the last bit but one.
        let near = |a: &Value, b: &Value| match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => (a - b).abs() < 1e-12,
            _ => a == b,
        };
        if want.is_string() {
            same("a packed vector", want, got)?;
            continue;
        }
        let (want, got) = (list(want), list(got));
        let all = want.len() == got.len() && !want.is_empty();
        holds(
            all && want.iter().zip(got).all(|(a, b)| near(a, b)),
            "a vector is another",
        )?;
    }
    match tokens(recording, &answer) {
        Some(count) => same(
            "tokens",
            &Some(count),
            &response["usage"]["prompt_tokens"].as_u64(),
        ),
        None => Ok(()),
    }
}

pub fn ranks(recording: &Recording, outcome: &Outcome) -> Verdict {
    holds(outcome.error.is_none(), &format!("{:?}", outcome.error))?;
    let response = outcome.response.as_ref().ok_or("no answer")?;
    let answer = recording.json();
    let places = [&answer["results"], &answer["data"]];
    let want = places.into_iter().find(|it| it.is_array()).unwrap();
    let pair = |it: &Value| {
        let score = [&it["relevance_score"], &it["relevanceScore"], &it["score"]];
        let score = score.into_iter().find(|it| !it.is_null()).cloned();
        (it["index"].clone(), score)
    };
    let of = |list: &[Value]| list.iter().map(pair).collect::<Vec<_>>();
    same("ranks", &of(list(want)), &of(list(&response["results"])))
}
