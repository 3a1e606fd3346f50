//! Responses that the gateway has kept.

use super::clients::roles;
use super::*;

#[test]
fn kept_responses_come_before_the_input() {
    let body = json!({"model": "m", "previous_response_id": "resp_1", "input": [
        {"type": "function_call_output", "call_id": "c", "output": "42"}, {"type": "item_reference", "id": "msg_1"}]});
    let keep = crate::keep(body.as_object().unwrap()).unwrap();
    assert_eq!(
        (
            keep.previous_response_id.as_deref(),
            keep.references.as_slice()
        ),
        (Some("resp_1"), ["msg_1".to_owned()].as_slice())
    );
    let earlier = [
        json!({"role": "user", "content": "x"}),
        json!({"type": "message", "id": "msg_1", "role": "assistant", "content": [{"type": "output_text", "text": "calling"}]}),
        json!({"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}),
    ];
    let options = Options {
        earlier: Some(&earlier),
        ..Options::default()
    };
    let chat = Value::from(
        request(Dialect::Responses, body.as_object().unwrap(), &options)
            .unwrap()
            .chat,
    );
    assert_eq!(roles(&chat), ["user", "assistant", "tool", "assistant"]);
    assert_eq!(chat["messages"][3]["content"], "calling");
}

#[test]
fn a_conversation_that_stands_in_the_input_is_not_asked_for_and_its_response_is_named() {
    let body = json!({"model": "m", "previous_response_id": "resp_1", "input": [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "x"}]},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "y"}]},
        {"role": "user", "content": "z"}]});
    let options = Options {
        earlier: Some(&[]),
        ..Options::default()
    };
    let bridged = request(Dialect::Responses, body.as_object().unwrap(), &options).unwrap();
    assert_eq!(bridged.keep.input.len(), 3);
    let chat = Value::from(bridged.chat);
    assert_eq!(roles(&chat), ["user", "assistant", "user"]);
    let answer = json!({"choices": [{"message": {"role": "assistant", "content": "a"}, "finish_reason": "stop"}]});
    let answer = bridged.plan.answer(&Identity::new("2", 0, "m"), &answer);
    let answer = answer.unwrap();
    assert_eq!(answer["previous_response_id"], "resp_1");
    assert_eq!(
        (&answer["id"], &answer["store"]),
        (&json!("resp_2"), &json!(true))
    );
}
