//! The same of Google's answers.

use super::*;

/// What has to be found again of an answer of Google's.
#[derive(Debug, Default, PartialEq)]
struct Googles {
    text: String,
    thoughts: String,
    calls: Vec<Value>,
    media: Vec<Value>,
    others: Vec<Value>,
    finish: String,
    grounding: Value,
    prompt: u64,
}

impl Googles {
    fn of(chunks: &[Value]) -> Self {
        let mut gist = Self::default();
        for chunk in chunks {
            if chunk["usageMetadata"].is_object() {
                gist.prompt = chunk["usageMetadata"]["promptTokenCount"]
                    .as_u64()
                    .unwrap_or(0);
            }
            for candidate in list(&chunk["candidates"])
                .iter()
                .filter(|it| it["index"].as_u64().unwrap_or(0) == 0)
            {
                for part in list(&candidate["content"]["parts"]) {
                    gist.part(part);
                }
                if let Some(finish) = candidate["finishReason"].as_str() {
                    finish.clone_into(&mut gist.finish);
                }
                if let Some(grounding) = candidate["groundingMetadata"]
                    .as_object()
                    .filter(|it| !it.is_empty())
                {
                    gist.grounding = grounding.clone().into();
                }
            }
        }
        gist
    }

    fn part(&mut self, part: &Value) {
        if part["functionCall"].is_object() {
            let args = Some(part["functionCall"]["args"].clone()).filter(|it| !it.is_null());
            let call = json!([
                part["functionCall"]["name"],
                args.unwrap_or_else(|| json!({})),
                part["thoughtSignature"]
            ]);
            self.calls.push(call);
        } else if let Some(said) = part["text"].as_str() {
            if part["thought"] == true {
                self.thoughts += said;
            } else {
                self.text += said;
            }
        } else if part["inlineData"].is_object() {
            self.media.push(part["inlineData"]["data"].clone());
        } else {
            self.others.push(part.clone());
        }
    }
}

#[test]
fn an_answer_of_googles_is_the_same_for_a_client_of_googles() {
    let plan = plan(Dialect::GenerateContent);
    let mut seen = 0;
    for case in cases::all().iter().filter(|it| it.provider == "gemini") {
        let ours = match &case.answer {
            Some(answer) => vec![plan.answer(&identity(), answer).unwrap()],
            None => {
                let events = data(&events(&plan, &case.chunks));
                grammar::google(&events).unwrap_or_else(|why| panic!("{}: {why}", case.id));
                events
            }
        };
        seen += 1;
        let (mut ours, theirs) = (Googles::of(&ours), Googles::of(&case.theirs));
        let named = theirs.finish.chars().any(char::is_alphabetic);
        if !named {
            // Blocked, or an enum as a number.
            ours.finish.clear();
        }
        assert_eq!(ours, theirs, "{}", case.id);
    }
    assert!(seen > 90, "{seen}");
}
