// A provider: Acme's service takes {"turns": [{"from", "text"}]} and answers {"text", "stopped", "asked", "answered"},
// or, where a stream is asked for, lines of {"text"} and at last one of the rest.
package main

import (
	"embed"
	"encoding/json"

	"sluice"
	. "sluice/provider"
	_ "sluice/provider/wit_exports"
)

//go:embed describe.json fixtures
var files embed.FS

type acme struct{}

func init() { Serve(acme{}) }
func main() {}

type turn struct {
	From string `json:"from"`
	Text string `json:"text"`
}

type said struct {
	Text     string `json:"text"`
	Stopped  string `json:"stopped"`
	Asked    int    `json:"asked"`
	Answered int    `json:"answered"`
}

var finish = map[string]string{"end": "stop", "limit": "length"}

func (acme) Describe() string { return sluice.Describe(files) }

func (acme) Start(call Call, body string) (Step, error) {
	var chat struct {
		Messages    []Message `json:"messages"`
		Temperature *float64  `json:"temperature"`
		MaxTokens   *int      `json:"max_tokens"`
	}
	if err := json.Unmarshal([]byte(body), &chat); err != nil {
		return Step{}, sluice.Refuse("invalid-request", "%v", err)
	}
	turns := []turn{}
	for _, message := range chat.Messages {
		text, err := message.Text()
		if err != nil {
			return Step{}, err
		}
		turns = append(turns, turn{message.Role, text})
	}
	// The path is joined to the deployment's base URL; the host adds the key.
	request := Post("/ask/"+call.Model, struct {
		Turns       []turn   `json:"turns"`
		Temperature *float64 `json:"temperature,omitempty"`
		Limit       *int     `json:"limit,omitempty"`
		Stream      bool     `json:"stream"`
	}{turns, chat.Temperature, chat.MaxTokens, call.Streaming})
	if call.Streaming {
		request = Framed(request, "lines")
	}
	return Send(request), nil
}

func (acme) Resume(_ Call, replies []Reply) (Step, error) {
	var said said
	if err := sluice.Parse(replies[0].Body, &said); err != nil {
		return Step{}, err
	}
	return Respond(Answer(said.Text, Tokens(said.Asked, said.Answered), finish[said.Stopped])), nil
}

func (acme) Decode(_ *Head, _ string, frames []Frame, last bool) (Decoded, error) {
	events := []Frame{}
	for _, frame := range frames {
		var line said
		if err := sluice.Parse(frame.Data, &line); err != nil {
			return Decoded{}, err
		}
		if line.Stopped != "" {
			return Done(append(events, Chunk("", finish[line.Stopped])), Tokens(line.Asked, line.Answered)), nil
		}
		events = append(events, Chunk(line.Text, ""))
	}
	return More(events, "", last), nil
}
