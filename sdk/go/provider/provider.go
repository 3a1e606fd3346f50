// Package provider is for providers: what they implement, the steps they answer, canonical documents of chats.
//
//	func init() { provider.Serve(acme{}) }
//
// and, for what the component exports: import _ "sluice/provider/wit_exports".
package provider

import (
	"strings"

	"sluice"
	generated "sluice/gen/sluice_plugin_provider"
	types "sluice/gen/sluice_plugin_types"
	wit "sluice/wit/types"
)

// What the contract has. Its comments stand beside the generated ones.
type (
	Call     = generated.Call
	Outbound = generated.Outbound
	Step     = generated.Step
	Reply    = generated.Reply
	Head     = generated.Head
	Frame    = generated.Frame
	Decoded  = generated.Decoded
)

// Provider translates.
type Provider interface {
	// Describe gives the describe document.
	Describe() string
	// Start takes a new request, a canonical document.
	Start(call Call, body string) (Step, error)
	// Resume takes the answers to the last step, read whole.
	Resume(call Call, replies []Reply) (Step, error)
	// Decode takes frames of a streamed answer; head comes with the first, last exactly once.
	Decode(head *Head, state string, frames []Frame, last bool) (Decoded, error)
}

// Served is what the component is.
var Served Provider

// Serve says what the component is; to be called in an init function.
func Serve(provider Provider) { Served = provider }

// Message is a message of a chat request.
type Message struct {
	Role    string `json:"role"`
	Content any    `json:"content"`
}

// Text is the message's text; what is not text is refused.
func (m Message) Text() (string, error) {
	if text, is := m.Content.(string); is {
		return text, nil
	}
	parts, _ := m.Content.([]any)
	texts := strings.Builder{}
	for _, part := range parts {
		members, _ := part.(map[string]any)
		text, is := members["text"].(string)
		if !is || members["type"] != "text" {
			return "", sluice.Refuse("invalid-request", "this provider takes text only")
		}
		texts.WriteString(text)
	}
	if len(parts) == 0 {
		return "", sluice.Refuse("invalid-request", "this provider takes text only")
	}
	return texts.String(), nil
}

// Post is a request with a document, whose answer is read whole. As a step: generated.MakeStepSend, or Send.
func Post(url string, document any) Outbound {
	body := types.MakeBodyJson(sluice.Text(document))
	return Outbound{Method: "POST", Url: url, Body: body, Reply: generated.ReplyModeWhole}
}

// Framed is the request with an answer that is cut into frames: "lines", "sse", "json-array", "aws", "auto".
func Framed(outbound Outbound, framing string) Outbound {
	outbound.Reply = generated.ReplyModeFrames
	outbound.Options = append(outbound.Options, wit.Tuple2[string, string]{F0: "framing", F1: sluice.Text(framing)})
	return outbound
}

// Send is the request as the next step.
func Send(outbound Outbound) Step { return generated.MakeStepSend(outbound) }

// Respond is a canonical document as the last step.
func Respond(document any) Step {
	return generated.MakeStepRespond(generated.Response{Body: types.MakePayloadText(sluice.Text(document))})
}

// Usage is the canonical usage.
type Usage struct {
	Prompt     int `json:"prompt_tokens"`
	Completion int `json:"completion_tokens"`
	Total      int `json:"total_tokens"`
}

// Tokens makes a Usage.
func Tokens(prompt, completion int) Usage { return Usage{prompt, completion, prompt + completion} }

type object = map[string]any

// Answer is a canonical answer of a chat.
func Answer(text string, usage Usage, finish string) any {
	message := object{"role": "assistant", "content": text}
	return object{"choices": []any{object{"index": 0, "message": message, "finish_reason": finish}}, "usage": usage}
}

// Chunk is a canonical event of a streamed chat, with text, or at the end with the reason for it.
func Chunk(text, finish string) Frame {
	delta, reason := object{}, any(nil)
	if text != "" {
		delta["content"] = text
	}
	if finish != "" {
		reason = finish
	}
	document := object{"choices": []any{object{"index": 0, "delta": delta, "finish_reason": reason}}}
	return Frame{Data: types.MakePayloadText(sluice.Text(document))}
}

// More goes on reading. An answer that ends so is a failure, never presented as complete.
func More(events []Frame, state string, last bool) Decoded {
	decoded := Decoded{Events: events, State: state, Next: generated.MakeContinuationMore()}
	if last {
		decoded.Failure = wit.Some(types.Error{Kind: "upstream", Message: "the stream ended early"})
	}
	return decoded
}

// Done is the end of an answer.
func Done(events []Frame, usage Usage) Decoded {
	return Decoded{Events: events, Usage: wit.Some(sluice.Text(usage)), Next: generated.MakeContinuationDone()}
}
